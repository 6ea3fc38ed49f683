"""The edge alone: HAProxy with our configuration, in front of a replica of a few lines."""

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from lading.core.settings import Settings
from lading.runtime.serving.credentials import Credentials
from lading.runtime.serving.edge import Edge
from lading.runtime.serving.edge_access import EdgeAccess, edge_access
from lading.runtime.serving.edge_limits import edge_limits
from lading.runtime.serving.line_relay import LineRelay
from lading.runtime.serving.losses import Losses
from lading.runtime.serving.metrics import Metrics, serve_metrics
from lading.runtime.serving.published import Listeners, listen
from lading.runtime.serving.run_folder import RunFolder
from tests.authority import Authority

Result = TypeVar("Result")
WAIT_SECONDS = 20


class EdgeAlone:
    """An edge on ``port``, with what it ``said`` of its files, its ``log``, and the ``heads`` that its replica got."""

    def __init__(self, folder: Path, settings: Settings, log: int | None = None) -> None:
        self.said: list[str] = []
        self.heads: list[str] = []
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._ended = False
        self._thread.start()
        self._log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.relay = LineRelay(self._log if log is None else log)
        self._run = RunFolder(folder)
        self.folder = self._run.path
        try:
            self._begin(settings)
        except BaseException:
            self._end()
            raise

    def _begin(self, settings: Settings) -> None:
        metrics = None if settings.metrics_port is None else listen("127.0.0.1", settings.metrics_port)
        grpc = None if settings.grpc_port is None else listen("127.0.0.1", settings.grpc_port)
        self.listeners = Listeners(listen("127.0.0.1", 0), metrics, grpc)
        self.port: int = self.listeners.published.getsockname()[1]
        access = edge_access(settings, self._run.path)
        log = self.relay.descriptor if settings.access_log else None
        self.edge = Edge(self._run, self.listeners, edge_limits(settings), 1, access, log)
        self.hurry, self.slow, measuring = asyncio.Event(), asyncio.Event(), asyncio.Event()
        credentials = Credentials(settings, access, self.edge.control)
        slot = self._run.path / "slot0.sock"
        self._replica = self.do(asyncio.start_unix_server(self._answer, slot, limit=1 << 20))
        self.do(self.edge.start())
        self.until(lambda: self.do(self.edge.replicas()) == 1)
        works = [credentials.follow(self.said.append, self.hurry, 0.1)]
        if settings.metrics_port is not None:
            works.append(self._measure(access, measuring))
        # A loop forgets a task that nobody holds.
        self._works = [asyncio.run_coroutine_threadsafe(work, self._loop) for work in works]
        if settings.metrics_port is not None:
            self.do(measuring.wait())

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do something where the edge's own things are done, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_SECONDS)

    def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not true():
            assert time.monotonic() < deadline, self.said
            time.sleep(0.02)

    def until_said(self, words: str) -> None:
        """Wait until the edge's files are said to be so."""
        self.until(lambda: any(words in line for line in self.said))

    def forget(self) -> None:
        """Begin a new test with the same edge, once it has no request to answer."""
        self.heads.clear()
        os.truncate(self._folder / "log.txt", 0)

    def log(self, count: int) -> list[dict[str, Any]]:
        """The lines of the log, once there are ``count``."""
        self.until(lambda: self.logged().count("\n") >= count)
        return [json.loads(line) for line in self.logged().splitlines()]

    def logged(self) -> str:
        """All of the log."""
        return (self._folder / "log.txt").read_text()

    def hold_up(self, seconds: float) -> None:
        """Have the server's own event loop, where metrics are made, do nothing else for so many ``seconds``."""
        self._loop.call_soon_threadsafe(time.sleep, seconds)

    async def release(self) -> None:
        """Have the replica answer what asks for ``/slow``."""
        self.slow.set()

    def stop_replica(self) -> None:
        """Have the replica listen no more."""
        self._loop.call_soon_threadsafe(self._replica.close)

    def pid(self) -> int:
        """The process of HAProxy."""
        return self.edge._running().pid

    def close(self) -> None:
        """End the edge, unless it was ended before."""
        if not self._ended:
            self.drain()

    def drain(self) -> int:
        """End the edge without waiting for its requests; how many it was answering."""
        try:
            return self.do(self.edge.drain(0))
        finally:
            self._end()

    def _end(self) -> None:
        self._ended = True

        async def cancel() -> None:
            self._replica.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.do(cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._run.close()
        self.relay.close()
        os.close(self._log)

    async def _measure(self, access: EdgeAccess, measuring: asyncio.Event) -> None:
        metrics = Metrics(self._run.path, self.edge, 1, access.certificate, Losses(), lambda: self.relay.dropped)
        async with serve_metrics(metrics, self.edge.metrics_socket):
            measuring.set()
            await asyncio.Event().wait()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                if "/v2/health/ready" not in head:
                    self.heads.append(head)
                if "/slow" in head:
                    await self.slow.wait()
                status = b"404 Not Found" if "/nothing" in head else b"200 OK"
                writer.write(b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}" % status)
        writer.close()


@pytest.fixture
def authority(tmp_path: Path) -> Callable[[str], Authority]:
    """Makes authorities that vouch for certificates."""
    return lambda name: Authority(tmp_path, name)


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A folder with a path that is short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="edge-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@contextlib.contextmanager
def beginning() -> Iterator[Callable[..., EdgeAlone]]:
    """What begins edges with some settings; they all end with the block."""
    begun: list[EdgeAlone] = []
    with short_folder() as folder:

        def begin(log: int | None = None, **settings: object) -> EdgeAlone:
            begun.append(EdgeAlone(folder, Settings.model_validate(settings), log))
            return begun[-1]

        yield begin
        for one in begun:
            one.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for an operator's files."""
    with short_folder() as path:
        yield path


@pytest.fixture
def begin() -> Iterator[Callable[..., EdgeAlone]]:
    """Begins edges with some settings; each ends with the test."""
    with beginning() as begin:
        yield begin


@pytest.fixture(scope="module")
def begin_once() -> Iterator[Callable[..., EdgeAlone]]:
    """The same for an edge that a module's tests share."""
    with beginning() as begin:
        yield begin
