"""Log lines: what the replicas have to say reaches the server, which says it on standard error."""

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path

import orjson

from lading.runtime.serving.voice import Line

SOCKET = "log.sock"
LONGEST = 16_000
"""Bytes of one message that are kept, and of one traceback: both go into one datagram, however JSON escapes them."""
CONTEXT = ("request", "model")
"""What a record may say that it is about, as ``extra``."""


class LineSender(logging.Handler):
    """Sends each record to the server of the run folder; when that does not keep up the record is dropped.

    ``source`` is who says it. The next record that arrives tells how many were dropped.
    """

    def __init__(self, folder: Path, source: str) -> None:
        super().__init__()
        self._path, self._source, self._lost = str(folder / SOCKET), source, 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record; a request never waits for its log."""
        try:
            self._socket.sendto(self._packed(record), self._path)
        except OSError:
            self._lost += 1
        else:
            self._lost = 0

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()
        super().close()

    def _packed(self, record: logging.LogRecord) -> bytes:
        context = {name: str(getattr(record, name)) for name in CONTEXT if hasattr(record, name)}
        if record.exc_info:
            context["traceback"] = logging.Formatter().formatException(record.exc_info)
        said = {"message": record.getMessage(), "level": record.levelname.lower(), "source": self._source}
        return orjson.dumps(
            {name: _sendable(text) for name, text in said.items()}
            | {"seconds": record.created, "lost": self._lost}
            | {"context": {name: _sendable(text) for name, text in context.items()}}
        )


def _sendable(text: str) -> str:
    return text.encode(errors="replace")[:LONGEST].decode(errors="ignore")


def send_log_lines(folder: Path, level: str, source: str) -> None:
    """Have this process send what Lading and its HTTP server log, from ``level`` on, to the server of ``folder``."""
    sender = LineSender(folder, source)
    # Uvicorn warns of requests that are no HTTP: a client could fill the log with them.
    for name, lowest in (("lading", level.upper()), ("uvicorn", "ERROR"), ("opentelemetry", "ERROR")):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [sender], False
        logger.setLevel(lowest)


async def hear_log_lines(folder: Path, hear: Callable[[Line, int], None]) -> asyncio.DatagramTransport:
    """Call ``hear`` with what the replicas of ``folder`` log, and how many lines were lost before it.

    It goes on until the transport is closed.
    """

    class Listener(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _address: object) -> None:
            said = orjson.loads(data)
            lost = said.pop("lost")
            hear(Line(**said), lost)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Listener, local_addr=str(folder / SOCKET), family=socket.AF_UNIX)
    return transport
