"""The CPU quota: how many processors this process may really use, whatever the host has."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")


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
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            found += [_of_version_2(folder) for folder in _upwards(mounted, group)]
        elif "cpu" in controllers.split(","):
            # A container often sees its own group mounted as the root, so the named path need not exist.
            found += [
                _of_version_1(folder) for name in (controllers, "cpu") for folder in _upwards(mounted / name, group)
            ]
    return [quota for quota in found if quota is not None]


def _upwards(mounted: Path, group: str) -> Iterator[Path]:
    """The group's folder and those above it, up to the mount."""
    folder = mounted / group.strip("/")
    yield folder
    while folder != mounted:
        folder = folder.parent
        yield folder


def _of_version_2(folder: Path) -> float | None:
    limit, _, period = _read(folder / "cpu.max").partition(" ")
    return int(limit) / int(period) if limit.isdigit() and period.isdigit() else None


def _of_version_1(folder: Path) -> float | None:
    limit, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
    return int(limit) / int(period) if limit.isdigit() and period.isdigit() else None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _affinity() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
