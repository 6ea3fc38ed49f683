"""The load: connections that each send their next request when the answer to the last one is whole.

``python -m benchmarks.load PORT CONNECTIONS SECONDS REQUEST_FILE`` sends the bytes of a file again and again and
prints one line of JSON. It waits in epoll, never looks into a body, and makes no object for a request but its time.
"""

import json
import re
import select
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
LAST_CHUNK = b"\r\n0\r\n\r\n"

ANSWER_SECONDS = 60
"""How long nothing may be answered."""


class Connection:
    """One connection, how much of the request is sent, and how far the answer has come."""

    def __init__(self, port: int, request: bytes) -> None:
        self.request = memoryview(request)
        self.started = 0
        self._port = port
        self._sent = 0
        self._got, self._whole = b"", 0
        self.open()

    def open(self) -> None:
        """Connect, for the first time or again."""
        self.socket = socket.create_connection(("127.0.0.1", self._port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def start(self) -> bool:
        """Begin the next request; whether all of it is sent."""
        self._sent = 0
        self._got, self._whole = b"", 0
        self.started = time.perf_counter_ns()
        return self.send()

    def send(self) -> bool:
        """Send what can be sent without waiting; whether all of it is. A closed connection shows when it is read."""
        try:
            self._sent += self.socket.send(self.request[self._sent :])
        except (BlockingIOError, ConnectionError):
            return False
        return self._sent == len(self.request)

    def receive(self) -> int | None:
        """Read what is there; the status once the answer is whole. Raises ``ConnectionError`` at the end."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._got += data
        return int(self._got[9:12]) if self._is_whole() else None

    def _is_whole(self) -> bool:
        if not self._whole:
            end = self._got.find(b"\r\n\r\n")
            if end < 0:
                return False
            length = LENGTH.search(self._got, 0, end + 2)
            if length is None:
                if not CHUNKED.search(self._got, 0, end + 2):
                    raise ValueError(f"the answer has no length: {self._got[:end]!r}")
                return self._got.endswith(LAST_CHUNK)
            self._whole = end + 4 + int(length[1])
        return len(self._got) >= self._whole


class Load:
    """All connections together."""

    def __init__(self, port: int, count: int, request: bytes) -> None:
        self._poll = select.epoll()
        self._connections: dict[int, Connection] = {}
        for _ in range(count):
            self._watch(Connection(port, request))
        self.took: list[int] = []
        self.errors = 0

    def run(self, seconds: float) -> None:
        """Send requests for so long, then wait for the last answers."""
        deadline = time.perf_counter_ns() + int(seconds * 1e9)
        for connection in self._connections.values():
            self._start(connection)
        busy = len(self._connections)
        while busy:
            events = self._poll.poll(ANSWER_SECONDS)
            if not events:
                raise TimeoutError(f"no answer in {ANSWER_SECONDS} s")
            for descriptor, event in events:
                connection = self._connections[descriptor]
                if event & select.EPOLLOUT and connection.send():
                    self._poll.modify(descriptor, select.EPOLLIN)
                if event & ~select.EPOLLOUT and self._answered(connection):
                    if time.perf_counter_ns() < deadline:
                        self._start(connection)
                    else:
                        busy -= 1

    def _start(self, connection: Connection) -> None:
        if not connection.start():
            self._poll.modify(connection.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _watch(self, connection: Connection) -> None:
        self._connections[connection.socket.fileno()] = connection
        self._poll.register(connection.socket.fileno(), select.EPOLLIN)

    def _answered(self, connection: Connection) -> bool:
        """Whether a request has come to its end; what a closed connection leaves unanswered is an error."""
        try:
            status = connection.receive()
        except ConnectionError:
            self.errors += 1
            self._reopen(connection)
            return True
        if status is None:
            return False
        self.took.append(time.perf_counter_ns() - connection.started)
        self.errors += status != 200
        return True

    def _reopen(self, connection: Connection) -> None:
        self._poll.unregister(connection.socket.fileno())
        del self._connections[connection.socket.fileno()]
        connection.socket.close()
        connection.open()
        self._watch(connection)


def run(port: int, count: int, seconds: float, request: bytes) -> dict[str, Any]:
    """Load the server and tell what was seen."""
    load = Load(port, count, request)
    started = time.perf_counter_ns()
    load.run(seconds)
    seen = summary(load.took, (time.perf_counter_ns() - started) / 1e9)
    return seen | {"errors": load.errors, "own_cpu_seconds": time.process_time()}


def summary(took: Sequence[int], seconds: float) -> dict[str, Any]:
    """What latencies in nanoseconds over so many seconds amount to."""
    ordered = sorted(took)
    return {
        "requests": len(ordered),
        "requests_per_second": len(ordered) / seconds,
        "p50_ms": ordered[len(ordered) // 2] / 1e6,
        "p99_ms": ordered[len(ordered) * 99 // 100] / 1e6,
    }


def main() -> None:
    """Run by ``python -m``."""
    port, count, seconds, path = sys.argv[1:]
    print(json.dumps(run(int(port), int(count), float(seconds), Path(path).read_bytes())))


if __name__ == "__main__":
    main()
