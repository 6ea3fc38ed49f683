"""The engine's process, as the server sees it: it takes orders and sends reports."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process

from lading.core.errors import LadingError
from lading.runtime.serving.children import last_words, start_child
from lading.runtime.serving.orders import Order, Report
from lading.runtime.serving.ray_environment import ray_environment
from lading.runtime.serving.run_folder import RunFolder

LOG = "engine.log"


class EngineError(LadingError):
    """Ray does not run any more, so nothing would replace a replica that dies."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"Ray stopped: {self.reason}"


class EngineProcess:
    """The process that runs Ray Serve; it loads Ray as soon as it is started, and starts it at the first order."""

    def __init__(self, run: RunFolder, process: Process, reports: asyncio.StreamReader) -> None:
        self._run, self._process, self._reports = run, process, reports

    @classmethod
    async def start(cls, run: RunFolder) -> "EngineProcess":
        """Start the process."""
        read, write = os.pipe()
        environment = ray_environment(os.environ, run.path, run.secret("token"))
        command = [sys.executable, "-m", "lading.runtime.serving.engine", str(run.path), str(write)]
        try:
            process = await start_child(run, command, LOG, [write], environment)
        finally:
            os.close(write)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb")
        )
        return cls(run, process, reader)

    def order(self, order: Order) -> None:
        """Have it done; progress and failure come as reports."""
        if self._process.stdin is not None:
            self._process.stdin.write(order.model_dump_json().encode() + b"\n")

    async def report(self) -> Report:
        """The next report; when there will be none, one that says why the engine ended."""
        if line := await self._reports.readline():
            return Report.model_validate_json(line)
        code = await self._process.wait()
        words = last_words(self._run.path / LOG)
        return Report(kind="failed", text=ended(code) + (f"\n{words}" if words else ""))


def ended(code: int) -> str:
    """What there is to say of a driver that ended with ``code``, as ``subprocess`` counts codes.

    >>> ended(1)
    'its driver ended with code 1'
    >>> ended(-9)
    'its driver was killed, as the kernel kills where memory runs out; give the server more'
    """
    if code == -signal.SIGKILL:
        return "its driver was killed, as the kernel kills where memory runs out; give the server more"
    return f"its driver ended with code {code}"
