"""Memory: what a server's processes hold, and the most that they held, by the kernel's own count."""

from contextlib import suppress
from pathlib import Path

from tests.runtime.serving.conftest import Serving

GONE = FileNotFoundError, ProcessLookupError
"""What comes of looking at a process that has ended, before its file was opened and before it was read."""


class Watermark:
    """How far the memory of a server's processes rises above what it is now.

    The kernel keeps for each process the most that was resident, so that nothing falls between two looks. The sum over
    all processes counts pages that they share more than once, and adds up peaks that came one after the other: what the
    server really took is at most that.
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._before = {pid: _status(pid, "VmRSS") for pid in serving.pids("")}

    def rise(self) -> int:
        """Bytes by which the peaks since the last time, or since the beginning, are above the beginning."""
        pids = self._serving.pids("")
        peaks = {pid: _status(pid, "VmHWM") for pid in pids}
        self.reset()
        return sum(peaks.values()) - sum(self._before.values())

    def reset(self) -> None:
        """Have the kernel forget the peaks of before."""
        for pid in self._serving.pids(""):
            with suppress(*GONE):
                Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status(pid: int, name: str) -> int:
    """Bytes that the kernel says of a process under that name; none once it has ended."""
    lines = list[str]()
    with suppress(*GONE):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)
