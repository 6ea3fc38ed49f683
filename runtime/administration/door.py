"""The door: who may call the administration API, and where."""

import asyncio
import hmac
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lading.core.errors import UsageError
from lading.runtime.administration.state_folder import SOCKET
from lading.runtime.serving.http_server import EmbeddedServer, http_settings
from lading.runtime.serving.published import LOOPBACK
from lading.runtime.serving.refusing import RefusingProtocol
from lading.runtime.serving.run_folder import LONGEST_SOCKET

TOKEN = "admin.token"  # noqa: S105 - the name of a file
HOSTS = frozenset({LOOPBACK, "localhost"})
SHORTEST_TOKEN = 22
"""Characters: 128 bits in base64."""
CALLS_PER_SECOND = 50.0

Tell = Callable[[str], None]


class SocketPathError(UsageError):
    """The path of the administration's socket is too long for a socket."""

    def __init__(self, path: str, length: int) -> None:
        super().__init__(path, length)
        self.path, self.length = path, length

    def __str__(self) -> str:
        return (
            f"{self.path} is {self.length} bytes long, and a socket's path has {LONGEST_SOCKET} at most; "
            "give LADING_STATE_FOLDER a shorter path"
        )


class WeakTokenError(UsageError):
    """The token that guards the administration port can be guessed."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return (
            f"the token in {self.path} is shorter than {SHORTEST_TOKEN} characters; remove the file, and the server makes "
            "one of 256 bits"
        )


class Door:
    """Lets calls of ``app`` in: none of a browser's, none by another host's name, and those alone that have ``token``.

    ``tell`` hears of every call that is turned away.
    """

    def __init__(self, app: ASGIApp, tell: Tell, token: str | None = None) -> None:
        self._app, self._tell, self._token = app, tell, token
        self._allowance, self._since = CALLS_PER_SECOND, time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        status, problem = self._problem(Headers(scope=scope))
        if problem:
            self._tell(f"administration: {scope['method']} {scope['path']} was turned away: {problem}")
            await JSONResponse({"error": problem}, status)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _problem(self, headers: Headers) -> tuple[int, str]:
        """Why a call is turned away, and the status that says so; no words where it is let in."""
        if "origin" in headers or "sec-fetch-site" in headers:
            return 403, "web pages may not call the administration API"
        if self._token is not None and headers.get("host", "").rpartition(":")[0] not in HOSTS:
            return 421, f"the administration API answers to {' and '.join(sorted(HOSTS))} alone"
        if not self._allowed():
            return 429, f"the administration API takes {CALLS_PER_SECOND:g} calls a second; come again later"
        given = headers.get("authorization", "")
        if self._token is not None and not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return 401, f"send `authorization: Bearer TOKEN`; the token is in {TOKEN} in the state folder"
        return 200, ""

    def _allowed(self) -> bool:
        now = time.monotonic()
        self._allowance = min(CALLS_PER_SECOND, self._allowance + (now - self._since) * CALLS_PER_SECOND)
        self._since = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True


@asynccontextmanager
async def open_door(app: ASGIApp, folder: Path, listener: socket.socket | None, tell: Tell) -> AsyncIterator[None]:
    """Answer calls of ``app`` on a socket in ``folder``, and on ``listener``, if any, to those that have the token.

    Raises ``SocketPathError`` and ``WeakTokenError``.
    """
    with ExitStack() as opened:
        doors = [(Door(app, tell), opened.enter_context(_socket(folder / SOCKET)))]
        if listener is not None:
            doors.append((Door(app, tell, _token(folder / TOKEN)), listener))
        opened.callback((folder / SOCKET).unlink, missing_ok=True)
        async with _served(doors):
            yield


@asynccontextmanager
async def _served(doors: Sequence[tuple[Door, socket.socket]]) -> AsyncIterator[None]:
    servers = [EmbeddedServer(http_settings(door, RefusingProtocol)) for door, _ in doors]
    works = [asyncio.create_task(server.serve([place])) for server, (_, place) in zip(servers, doors, strict=True)]
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = server.force_exit = True
        await asyncio.wait(works)


def _socket(path: Path) -> socket.socket:
    """A socket at ``path`` that this user alone can connect to."""
    if (length := len(os.fsencode(path))) > LONGEST_SOCKET:
        raise SocketPathError(str(path), length)
    path.unlink(missing_ok=True)  # of a server that was killed: there is no other one on this folder
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen()
    return listener


def _token(path: Path) -> str:
    """The token in the file ``path``, which is made where there is none."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        token = path.read_text().strip()
        if len(token) < SHORTEST_TOKEN:
            raise WeakTokenError(str(path)) from None
        return token
    with os.fdopen(descriptor, "w") as file:
        file.write(token := secrets.token_hex(32))
    return token
