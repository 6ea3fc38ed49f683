"""Log lines: what the replicas have to say reaches the server, which says it on standard error."""

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path

SOCKET = "log.sock"
LONGEST = 32_000
"""Bytes of one message that are kept."""


class LineSender(logging.Handler):
    """Sends each record to the server of the run folder; when that does not keep up the record is dropped."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._path = str(folder / SOCKET)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record; a request never waits for its log."""
        try:
            self._socket.sendto(self.format(record).encode(errors="replace")[:LONGEST], self._path)
        except OSError:
            return

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()
        super().close()


def send_log_lines(folder: Path, level: str) -> None:
    """Have this process send what Lading and its HTTP server log, from ``level`` on, to the server of ``folder``."""
    sender = LineSender(folder)
    sender.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    # Uvicorn warns of requests that are no HTTP: a client could fill the log with them.
    for name, lowest in (("lading", level.upper()), ("uvicorn", "ERROR")):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [sender], False
        logger.setLevel(lowest)


async def hear_log_lines(folder: Path, tell: Callable[[str], None]) -> asyncio.DatagramTransport:
    """Call ``tell`` with what the replicas of ``folder`` log, until the transport is closed."""

    class Listener(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _address: object) -> None:
            tell(data.decode(errors="replace"))

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Listener, local_addr=str(folder / SOCKET), family=socket.AF_UNIX)
    return transport
