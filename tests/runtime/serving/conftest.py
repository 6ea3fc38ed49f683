"""Real servers: started as a user starts them, and ended by who started them."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from lading.runtime.serving.warden import session_members
from tests.runtime.administration.times import lying

START_SECONDS = 120
END_SECONDS = 45


def free_port() -> int:
    """A port of the loopback interface that nobody listens on, and that nobody who asks for any port is given.

    It stays bound until this process ends; who binds it by its number, with ``SO_REUSEADDR`` as servers do, can listen.
    """
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", 0))
    port = int(taken.getsockname()[1])
    taken.detach()
    return port


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder with a path that is short enough for sockets."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


class Serving:
    """``lading serve`` in a session, a HOME and a temporary folder of its own."""

    def __init__(self, bundles: list[Path], *options: str, **environment: str) -> None:
        # Sockets lie in it, and their paths must be short.
        self.bundles = bundles
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="serving-", dir="/tmp")), free_port()
        (self.folder / "home").mkdir()
        command = [str(Path(sys.executable).parent / "lading"), "serve", *map(str, bundles), "--port", str(self.port)]
        self._errors = (self.folder / "errors.txt").open("w")
        self.process = subprocess.Popen(
            [*command, "--json", *options],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={
                **{name: value for name, value in os.environ.items() if name != "LADING_STORE_FOLDER"},
                "HOME": str(self.folder / "home"),
                "TMPDIR": str(self.folder),
                "XDG_CACHE_HOME": str(self.folder / "store"),
                **environment,
            },
            start_new_session=True,
            text=True,
        )

    def ready(self) -> dict[str, object]:
        """What the server prints when it is ready."""
        assert self.process.stdout is not None
        kill = threading.Timer(START_SECONDS, self.process.kill)
        kill.start()
        line = self.process.stdout.readline()
        kill.cancel()
        assert line, self.said()
        document = json.loads(line)
        assert isinstance(document, dict)
        return document

    def said(self) -> str:
        """What the server said on standard error."""
        return (self.folder / "errors.txt").read_text()

    def until_said(self, words: str) -> None:
        """Wait until the server says ``words``."""
        deadline = time.monotonic() + START_SECONDS
        while words not in self.said():
            assert time.monotonic() < deadline, self.said()
            assert self.process.poll() is None, self.said()
            time.sleep(0.1)

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal."""
        self.process.send_signal(number)

    def ends(self) -> int:
        """The exit code, once the server ended."""
        return self.process.wait(END_SECONDS)

    def sessions(self) -> set[int]:
        """The server's session, and those of the processes that it started."""
        own = self.process.pid
        return {own, *(_session(pid) for pid in _children(own))}

    def pids(self, name: str) -> list[int]:
        """The server's processes that are called ``name``, as the kernel cuts it."""
        return [pid for pid in session_members(self.sessions()) if _name(pid).startswith(name[:15])]

    def leftovers(self) -> list[str]:
        """What lies in the server's temporary folder and in its HOME, besides the bundles that are kept there."""
        mine, kept = {"home", "errors.txt", "store"}, self.folder / "store"
        found = (path for path in self.folder.rglob("*") if kept not in path.parents)
        return sorted(str(path) for path in found if path.relative_to(self.folder).as_posix() not in mine)

    def close(self) -> None:
        """End the server, if it has not ended, and look that nothing of it is left."""
        sessions = self.sessions()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self._errors.close()
        shutil.rmtree(self.folder)
        assert session_members(sessions) == []


def _children(pid: int) -> list[int]:
    return [int(child) for child in told_of(pid, f"task/{pid}/children").split()]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return pid


def _name(pid: int) -> str:
    return told_of(pid, "comm").strip()


def told_of(pid: int, file: str) -> str:
    """What the kernel tells of a process in that file; nothing once the process is gone."""
    try:
        return Path(f"/proc/{pid}/{file}").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or before it was read
        return ""


@pytest.fixture(scope="session")
def lying_bundle(bundles: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose golden rows say something else than its graph computes."""
    return lying(bundles["cells"], tmp_path_factory.mktemp("lying"))


@pytest.fixture
def unread() -> Iterator[int]:
    """A pipe to write to, whose other end is open and never read."""
    read, write = os.pipe()
    yield write
    os.close(read)
    os.close(write)


Start = Callable[..., Serving]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers; each is ended when the test is over."""
    started: list[Serving] = []

    def begin(bundles: list[Path], *options: str, **environment: str) -> Serving:
        started.append(Serving(bundles, *options, **environment))
        return started[-1]

    yield begin
    for serving in started:
        serving.close()


@pytest.fixture(scope="module")
def server(bundles: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server of two bundles with two replicas, shared by a module's tests."""
    folder = tmp_path_factory.mktemp("served")
    chosen = [Path(shutil.copy(bundles[name], folder / f"{name}.lading")) for name in ("penguins", "cells")]
    serving = Serving(
        chosen, "--replicas", "2", "--host", "0.0.0.0", LADING_BODY_BYTES="1000000", LADING_REQUEST_SECONDS="3"
    )
    try:
        serving.ready()
        yield serving
    finally:
        serving.close()


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
KEPT_SECONDS = 10.0
"""How long a connection may be idle and still be used: the server keeps it three times as long."""
CLOSED = "closed before a byte of an answer"
"""What became of a request that was sent as the server closed the connection, which had been used before."""


class Load:
    """Requests at a steady rate over connections that are kept: the next is sent when it is due, come what may."""

    def __init__(self, port: int, path: str, body: bytes, host: str = "127.0.0.1") -> None:
        self.host, self.port, self.answers = host, port, Counter[str]()
        self.bodies: set[bytes] = set()
        """What those said that were answered 200."""
        self._request = (
            f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode() + body
        self._idle: list[tuple[Connection, float]] = []
        """The connections that nothing is asked over, each with since when."""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, rate: float) -> None:
        """Send ``rate`` requests a second, from now until ``stop``."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(rate)))
        self._thread.start()

    def stop(self) -> Mapping[str, int]:
        """Send no more, wait for the answers, and count them by status, or by what went wrong."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        return self.answers

    @property
    def sent(self) -> int:
        """Answers so far."""
        return self.answers.total()

    async def _run(self, rate: float) -> None:
        loop = asyncio.get_running_loop()
        begun, tasks, count = loop.time(), set[asyncio.Task[None]](), 0
        while not self._stop.is_set():
            await asyncio.sleep(max(0.0, begun + count / rate - loop.time()))
            count += 1
            task = asyncio.create_task(self._ask())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        for (_, writer), _ in self._idle:
            writer.close()

    def _kept(self) -> "Connection | None":
        """A connection that was used before, and that the server is far from closing for being idle."""
        while self._idle:
            (reader, writer), since = self._idle.pop()
            fresh = asyncio.get_running_loop().time() < since + KEPT_SECONDS
            if fresh and not reader.at_eof() and reader.exception() is None:
                return reader, writer
            writer.close()
        return None

    async def _ask(self) -> None:
        kept = self._kept()
        try:
            reader, writer = kept or await asyncio.open_connection(self.host, self.port)
        except OSError:
            self.answers["not accepted"] += 1
            return
        head = b""
        try:
            writer.write(self._request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
            said = await reader.readexactly(int(length.split(b":")[1]))
        except (OSError, EOFError) as error:
            closed = kept is not None and not head and not getattr(error, "partial", b"")
            self.answers[CLOSED if closed else type(error).__name__] += 1
            return
        status = head.split(b" ")[1].decode()
        if status == "200":
            self.bodies.add(said)
        elif status == "503" and b"\r\nretry-after: " not in head:
            status = "503 that does not say when to come again"
        self.answers[status] += 1
        if b"connection: close" in head:
            writer.close()
        else:
            self._idle.append(((reader, writer), asyncio.get_running_loop().time()))


QUICK = (
    "/v2/models/cells/infer",
    b'{"id": "one", "inputs": [{"name": "X", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}',
    200.0,
)
"""A path, a body, and how many of such requests are sent a second."""


@pytest.fixture
def load() -> Iterator[Callable[..., Load]]:
    """Begins a steady load on a server: of its model ``cells``, where nothing else is said."""
    begun: list[Load] = []

    def begin(serving: Serving, path: str = QUICK[0], body: bytes = QUICK[1], rate: float = QUICK[2]) -> Load:
        begun.append(Load(serving.port, path, body))
        begun[-1].start(rate)
        return begun[-1]

    yield begin
    for one in begun:
        one.stop()
