"""Replicas and an edge without Ray: uvicorn in threads behind the true HAProxy, so that a test starts them at once."""

import asyncio
import contextlib
import fcntl
import re
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import orjson
import uvicorn
from starlette.types import ASGIApp

from lading.core.settings import Settings
from lading.runtime.serving.edge import haproxy_binary
from lading.runtime.serving.edge_configuration import edge_configuration
from lading.runtime.serving.edge_limits import edge_limits
from lading.runtime.serving.http_server import http_settings
from lading.runtime.serving.refusing import RefusingProtocol
from lading.runtime.serving.shortcut import ShortcutProtocol

App = TypeVar("App", bound=ASGIApp)

SECONDS = 5
"""How long a server may leave something unread: it may have stopped to read."""
TURNS = 20
"""More turns of the event loop than a request takes."""


class Answering(Generic[App]):
    """Uvicorn in a thread, on a unix socket."""

    def __init__(self, app: App, path: Path, short: bool, idle_seconds: int = 1) -> None:
        self.app, self._path = app, str(path)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self._path)
        self.server = uvicorn.Server(http_settings(app, ShortcutProtocol if short else RefusingProtocol, idle_seconds))
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(listener)))
        self._thread.start()
        while not self.server.started:
            time.sleep(0.01)

    async def _serve(self, listener: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        await self.server.serve(sockets=[listener])

    def connect(self) -> socket.socket:
        """A connection to it."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect(self._path)
        return connection

    def says(self, *pieces: bytes) -> bytes:
        """All that it says to these pieces, each sent once what came before has been seen to, until it closes."""
        with self.connect() as connection:
            for piece in pieces:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    connection.sendall(piece)
                self._see_to(connection)
            return until_closed(connection)

    def _see_to(self, connection: socket.socket) -> None:
        """Wait until what was sent is read, and for some turns of the event loop."""
        deadline = time.monotonic() + SECONDS
        while unread(connection) and time.monotonic() < deadline:
            time.sleep(0.001)
        for _ in range(TURNS):
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result()

    def stop(self) -> None:
        """End it."""
        self.server.should_exit = True
        self._thread.join()


def unread(connection: socket.socket) -> int:
    """How much of what was sent the other side of a unix socket has not read."""
    (count,) = struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4))
    return int(count)


def until_closed(connection: socket.socket) -> bytes:
    """All that comes, with no date in it."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(1 << 20):
            said += piece
    return undated(said)


def until_answered(connection: socket.socket) -> bytes:
    """What comes until JSON ends, with no date in it."""
    said = b""
    while not said.endswith((b"}", b"]")):
        piece = connection.recv(1 << 16)
        assert piece, said
        said += piece
    return undated(said)


def undated(said: bytes) -> bytes:
    """What was said, with no date in it."""
    return re.sub(rb"date: [^\r]*", b"date: ...", said)


class Fronted(Generic[App]):
    """HAProxy, as the server configures it, in front of one ``Answering``."""

    def __init__(self, app: App, folder: Path, settings: Settings) -> None:
        slot = folder / "slot0.sock"
        self.replica = Answering(app, slot, short=True, idle_seconds=60)
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            self.port: int = listener.getsockname()[1]
            descriptor = listener.fileno()
            configuration = folder / "edge.cfg"
            configuration.write_text(
                edge_configuration(descriptor, folder / "admin.sock", [slot], edge_limits(settings))
            )
            command = [haproxy_binary(), "-db", "-f", str(configuration)]
            self._edge = subprocess.Popen(command, pass_fds=[descriptor], stderr=subprocess.DEVNULL)
        while b" 200 " not in self.says(b"GET /v2/health/ready HTTP/1.0\r\n\r\n"):
            assert self._edge.poll() is None
            time.sleep(0.05)

    def connect(self) -> socket.socket:
        """A connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def says(self, sent: bytes) -> bytes:
        """All that it says to ``sent``, until it closes the connection."""
        with self.connect() as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(sent)
            return until_closed(connection)

    def stop(self) -> None:
        """End it."""
        self._edge.kill()
        self._edge.wait()
        self.replica.stop()


@contextlib.contextmanager
def fronted(app: App, settings: Settings) -> Iterator[Fronted[App]]:
    """An edge and a replica, with ``settings`` for the edge; both end with the block."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        one = Fronted(app, Path(folder), settings)
        try:
            yield one
        finally:
            one.stop()


def replies(said: bytes) -> list[tuple[int, dict[str, str], object]]:
    """The answers in what was said, one after the other: status, headers, and the body, which is JSON."""
    found = []
    while said:
        head, _, rest = said.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers["content-length"])
        found.append((int(first.split()[1]), headers, orjson.loads(rest[:length])))
        said = rest[length:]
    return found
