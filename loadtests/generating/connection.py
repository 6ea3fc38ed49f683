"""The connection: requests that were encoded ahead of time go out as they are, and answers come back parsed."""

import ssl
from collections.abc import Mapping
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from gevent import monkey, socket
from gevent import ssl as gevent_ssl
from geventhttpclient.response import HTTPParseError, HTTPResponse

from lading.core.errors import UsageError
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.payloads.request import Answer, Request

READ_BYTES = 65_536
READABLE = 1
"""POLLIN."""
MOST_ANSWER_BYTES = 1 << 28
"""A longer answer is a failure."""

TIMEOUT = "timeout"
REFUSED = "connection refused"
RESET = "connection reset"
CLOSED = "connection closed"
UNREACHABLE = "not reachable"
NOT_TLS = "TLS"
NOT_HTTP = "not HTTP"
TOO_LONG = "answer too long"


_POLL: Any = monkey.get_original("select", "poll")
"""Of the system, since nothing is waited for."""


class UrlError(UsageError):
    """The address of a server is none."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url

    def __str__(self) -> str:
        return f"{self.url!r} is no address of a server; it looks like http://127.0.0.1:8080"


class UnansweredError(Exception):
    """No answer came; ``kind`` is the failure that it is."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Server:
    """Where requests go, and what every one of them has in its head.

    Raises ``UrlError`` and ``UnreadableFileError``.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        try:
            parts = urlsplit(endpoint.url)
            port = parts.port
        except ValueError:
            raise UrlError(endpoint.url) from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UrlError(endpoint.url)
        self.host, self.path = parts.hostname, parts.path.rstrip("/")
        self.port = port if port is not None else 443 if parts.scheme == "https" else 80
        self.context = _context(endpoint) if parts.scheme == "https" else None
        self._named = parts.netloc.rpartition("@")[2]
        self._key = endpoint.key()

    def head(self, request: Request) -> bytes:
        """The request without its body, as HTTP/1.1 has it."""
        headers = {"host": self._named, **request.headers, "content-length": str(len(request.body))}
        if self._key is not None:
            headers["authorization"] = f"Bearer {self._key}"
        lines = [f"{request.method} {self.path}{request.path} HTTP/1.1", *_lines(headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Connection:
    """One connection at a time, which is kept; one that the server closed while nothing was asked is made anew.

    A request is sent once: what breaks while it is under way is a failure.
    """

    def __init__(self, server: Server, timeout: float) -> None:
        self._server, self._timeout = server, timeout
        self._socket: Any = None

    def ask(self, head: bytes, body: bytes) -> Answer:
        """The answer to one request, within the timeout. Raises ``UnansweredError``."""
        deadline = monotonic() + self._timeout
        try:
            if self._socket is None or self._was_closed():
                self.connect()
            self._socket.sendall(head + body)
            return self._received(deadline)
        except UnansweredError:
            self.close()
            raise
        except (OSError, HTTPParseError) as error:
            self.close()
            raise UnansweredError(_kind(error)) from error
        except BaseException:
            self.close()
            raise

    def connect(self) -> None:
        """Connect, where that is not done yet. Raises ``OSError``."""
        self.close()
        server = self._server
        made = socket.create_connection((server.host, server.port), timeout=self._timeout)
        self._socket = made
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.context is not None:
            self._socket = server.context.wrap_socket(made, server_hostname=server.host)

    def try_to_connect(self) -> None:
        """Connect; whether the server can be reached shows when it is asked."""
        try:
            self.connect()
        except OSError:
            self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _received(self, deadline: float) -> Answer:
        response = _Response("POST")
        length = 0
        while not response.message_complete or response.get_code() < 200:
            data = self._socket.recv(READ_BYTES)
            if not data and not response.headers_complete:
                raise UnansweredError(CLOSED)
            response.feed(data)
            if response.message_complete and response.get_code() >= 200:
                break
            if not data:
                raise UnansweredError(CLOSED)
            length += len(data)
            if length > MOST_ANSWER_BYTES:
                raise UnansweredError(TOO_LONG)
            left = deadline - monotonic()
            if left <= 0:
                raise UnansweredError(TIMEOUT)
            self._socket.settimeout(left)
        if response.should_close():
            self.close()
        else:
            self._socket.settimeout(self._timeout)
        return Answer(response.get_code(), b"".join(response.parts), _json_bytes(response), _digest(response))

    def _was_closed(self) -> bool:
        """Whether the server has closed the connection, or said what nobody asked, since the last answer."""
        waiting = _POLL()
        waiting.register(self._socket.fileno(), READABLE)
        return bool(waiting.poll(0))


class _Response(HTTPResponse):
    """An answer that is being parsed."""

    def __init__(self, method: str) -> None:
        super().__init__(method)
        self.parts: list[bytes] = []

    def _on_body(self, buf: bytearray) -> None:
        self.parts.append(bytes(buf))


def _context(endpoint: Endpoint) -> Any:
    endpoint.check_authorities()
    return gevent_ssl.create_default_context(cafile=None if endpoint.authorities is None else str(endpoint.authorities))


def _lines(headers: Mapping[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


def _json_bytes(response: Any) -> int | None:
    found = response.get("inference-header-content-length")
    return int(found) if isinstance(found, str) and found.isdecimal() else None


def _digest(response: Any) -> str | None:
    found = response.get("lading-bundle-digest")
    return found if isinstance(found, str) else None


def _kind(error: Exception) -> str:
    match error:
        case TimeoutError():
            return TIMEOUT
        case ConnectionRefusedError():
            return REFUSED
        case ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError():
            return RESET
        case ssl.SSLError():
            return NOT_TLS
        case HTTPParseError():
            return NOT_HTTP
        case _:
            return UNREACHABLE
