"""Memory: what a replica may take, so that what is too much fails in one request and the kernel ends no process.

A container's memory is for all of its processes, and when it is used up the kernel kills one of them, with every
request in it. A bound of each replica's own turns that into an allocation that fails, which one request is told of.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from lading.core.settings import KIBIBYTE, MEBIBYTE
from lading.runtime.serving.control_groups import CGROUPS, PROC, Group, control_groups

OTHERS = 640 * MEBIBYTE
"""What all processes of a server but its replicas take: Ray's, the edge, and the server's own."""
SHARED_OUT = 0.9
"""Of what is free; the rest is for what no replica is asked about, as the kernel's buffers."""
LEAST = 128 * MEBIBYTE
"""What a replica may always take for its requests, however little memory there is."""

MEMINFO, STATUS = Path("/proc/meminfo"), Path("/proc/self/status")


def default_share(replicas: int) -> int | None:
    """The bytes that one of so many replicas may take, itself included, of what is free now; None where unknown."""
    free = free_memory()
    return None if free is None else max(LEAST, int((free - OTHERS) * SHARED_OUT) // replicas)


def free_memory(meminfo: Path = MEMINFO, membership: Path = PROC, mounted: Path = CGROUPS) -> int | None:
    """Bytes that are free on this machine and in the control groups of this process; None where nothing tells."""
    of_groups = map(_free, control_groups("memory", membership, mounted))
    found = [free for free in (_kibibytes(meminfo, "MemAvailable"), *of_groups) if free is not None]
    return min(found, default=None)


def bound_memory(share: int, threads: int) -> None:
    """Have allocations fail once this process takes more than ``share`` bytes, but not before it took ``LEAST`` more.

    ``threads`` is how many it may still start, whose stacks count from their start though they are hardly touched.
    The bound is on what the process asks for (``RLIMIT_DATA``), which is at least what it takes. Linux alone has it.
    """
    held, asked = _kibibytes(STATUS, "VmRSS"), _kibibytes(STATUS, "VmData")
    if sys.platform != "linux" or held is None or asked is None:
        return
    import resource  # Windows has none

    stack, _ = resource.getrlimit(resource.RLIMIT_STACK)
    stacks = threads * (8 * MEBIBYTE if stack == resource.RLIM_INFINITY else stack)
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    bound = asked + stacks + max(LEAST, share - held)
    resource.setrlimit(resource.RLIMIT_DATA, (bound if most == resource.RLIM_INFINITY else min(bound, most), most))


def _free(group: Group) -> int | None:
    """What a control group leaves; pages of files that nobody uses are given back when they are needed."""
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    limit, used, idle = ("memory.max", "memory.current", "inactive_file") if group.version == 2 else names
    most, taken = group.read(limit), group.read(used)
    if not most.isdigit() or not taken.isdigit():  # "max" is no limit
        return None
    counted = dict(_pairs(group.read("memory.stat")))
    return int(most) - int(taken) + counted.get(idle, 0)


def _pairs(text: str) -> Iterator[tuple[str, int]]:
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if value.isdigit():
            yield name, int(value)


def _kibibytes(path: Path, name: str) -> int | None:
    """Bytes that a file of the kernel's says in kibibytes under ``name``."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * KIBIBYTE for line in lines if line.startswith(f"{name}:")), None)
