"""Processes: all that a server started, what they have used and what they hold, from procfs."""

import contextlib
import os
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

TICKS = os.sysconf("SC_CLK_TCK")
MARK = "LADING_BENCHMARK_MARK"
STOP_SECONDS = 60


class Family:
    """One started command with all its descendants: they inherit a mark, or a marked parent."""

    def __init__(self, process: "subprocess.Popen[str]", mark: str) -> None:
        self.process, self._mark = process, f"{MARK}={mark}".encode()

    def members(self) -> set[int]:
        """The process ids of all that live."""
        parents: dict[int, int] = {}
        marked = {self.process.pid}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if self._mark in (folder / "environ").read_bytes().split(b"\0"):
                    marked.add(int(folder.name))
        while more := {pid for pid, parent in parents.items() if parent in marked} - marked:
            marked |= more
        return {pid for pid in marked if pid in parents}

    def cpu_seconds(self) -> float:
        """User and system time of all together, ended children of theirs included."""
        total = 0
        for pid in self.members():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += sum(map(int, fields[11:15]))
        return total / TICKS

    def memory_mib(self) -> float:
        """The proportional set size of all together."""
        return sum(pss_mib(pid) for pid in self.members())

    def stop(self) -> None:
        """Ask the command to end, then end whatever is left of its family."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        deadline = time.monotonic() + 5
        while (left := self.members()) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def started(command: Sequence[str], extra: Mapping[str, str], log: IO[Any], pipes: bool = False) -> Iterator[Family]:
    """Run a command and its family until the block ends; with ``pipes`` its standard input and output are ours."""
    mark = uuid.uuid4().hex
    environment = {**os.environ, **extra, MARK: mark}
    channel = subprocess.PIPE if pipes else None
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=channel if pipes else subprocess.DEVNULL,
        stdout=channel if pipes else log,
        stderr=log,
        text=True,
    )
    family = Family(process, mark)
    try:
        yield family
    finally:
        family.stop()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def pss_mib(pid: int) -> float:
    """The proportional set size of one process; nothing when it has ended."""
    with contextlib.suppress(OSError):
        found = re.search(r"^Pss: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0
    return 0.0
