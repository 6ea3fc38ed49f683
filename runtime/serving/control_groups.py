"""Control groups: the folders in which the kernel says what this process may use, of version 1 and 2."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")


class Group(NamedTuple):
    """One control group that a process is in, itself or by a parent of its own."""

    version: int
    folder: Path

    def read(self, name: str) -> str:
        """What the file of that name says; nothing where there is none."""
        try:
            return (self.folder / name).read_text().strip()
        except OSError:
            return ""


def control_groups(controller: str, membership: Path = PROC, mounted: Path = CGROUPS) -> Iterator[Group]:
    """The groups that bound what ``controller``, ``cpu`` or ``memory``, counts for this process; none on macOS."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            yield from (Group(2, folder) for folder in _upwards(mounted, group))
        elif controller in controllers.split(","):
            # A container often sees its own group mounted as the root, so the named path need not exist.
            for name in dict.fromkeys((controllers, controller)):
                yield from (Group(1, folder) for folder in _upwards(mounted / name, group))


def _upwards(mounted: Path, group: str) -> Iterator[Path]:
    """The group's folder and those above it, up to the mount."""
    folder = mounted / group.strip("/")
    yield folder
    while folder != mounted:
        folder = folder.parent
        yield folder
