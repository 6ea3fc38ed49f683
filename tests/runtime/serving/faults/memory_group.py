"""A control group whose memory is bounded: what takes more is killed by the kernel, as in a container."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lading.runtime.serving.control_groups import control_groups

NAME = f"lading-{os.getpid()}"


class MemoryGroup:
    """A group of version 1 or 2, made at ``folder``."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        second = (folder / "memory.max").exists()
        (folder / ("memory.max" if second else "memory.limit_in_bytes")).write_text(str(limit))
        self._events = folder / ("memory.events" if second else "memory.oom_control")
        self._members = folder / "cgroup.procs"

    def take(self, pid: int) -> None:
        """Bound a process, and all that it starts from now on."""
        self._members.write_text(str(pid))

    def kills(self) -> int:
        """How many processes the kernel has killed for want of memory."""
        lines = dict(line.split() for line in self._events.read_text().splitlines())
        return int(lines["oom_kill"])


@contextmanager
def memory_group(limit: int) -> Iterator[MemoryGroup]:
    """A group that may have ``limit`` bytes; whoever makes one must be allowed to, as root is where they are mounted."""
    folder = _parent() / NAME
    folder.mkdir()
    try:
        yield MemoryGroup(folder, limit)
    finally:
        deadline = time.monotonic() + 10
        while (folder / "cgroup.procs").read_text():
            assert time.monotonic() < deadline, "processes are left in the group"
            time.sleep(0.1)
        folder.rmdir()


def _parent() -> Path:
    """The folder of this process's own group, where groups of memory are kept."""
    groups = [group for group in control_groups("memory") if group.folder.exists()]
    # Where both versions are mounted it is the first that has memory.
    own = next((group for group in groups if group.version == 1), groups[0])
    if own.version == 2 and "memory" not in own.read("cgroup.subtree_control"):
        (own.folder / "cgroup.subtree_control").write_text("+memory")
    return own.folder
