"""The CPU quota: how many processors this process may really use, whatever the host has."""

import os
import sys
from pathlib import Path

from lading.runtime.serving.control_groups import CGROUPS, PROC, Group, control_groups


def cpu_quota() -> float:
    """Processors that this process may use: the least of its affinity and of its control groups' quotas."""
    return min([float(_affinity()), *cgroup_quotas()])


def default_replicas() -> int:
    """One replica for each whole processor of the quota, and at least one."""
    return max(1, int(cpu_quota()))


def cgroup_quotas(membership: Path = PROC, mounted: Path = CGROUPS) -> list[float]:
    """The quotas, in processors, of the control groups that this process is in, of version 1 and 2, parents included.

    Empty where there are none, as on macOS.
    """
    quotas = map(_quota, control_groups("cpu", membership, mounted))
    return [quota for quota in quotas if quota is not None]


def _quota(group: Group) -> float | None:
    if group.version == 1:
        limit, period = group.read("cpu.cfs_quota_us"), group.read("cpu.cfs_period_us")
    else:
        limit, _, period = group.read("cpu.max").partition(" ")
    return int(limit) / int(period) if limit.isdigit() and period.isdigit() else None


def _affinity() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
