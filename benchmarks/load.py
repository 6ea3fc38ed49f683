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


class Connection:
    """One connection, and how far the answer has come."""

    def __init__(self, port: int, request: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = request
        self.sent = 0
        self._got, self._whole = b"", 0

    def send(self) -> None:
        """Send the request."""
        self._got, self._whole = b"", 0
        self.sent = time.perf_counter_ns()
        self.socket.sendall(self.request)

    def receive(self) -> int | None:
        """Read what is there; the status once the answer is whole. Raises ``ConnectionError`` at the end."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._got += data
        if not self._whole:
            end = self._got.find(b"\r\n\r\n")
            if end < 0:
                return None
            length = LENGTH.search(self._got, 0, end + 2)
            if length is None:
                raise ConnectionError("the answer has no length")
            self._whole = end + 4 + int(length[1])
        return int(self._got[9:12]) if len(self._got) >= self._whole else None


def run(port: int, count: int, seconds: float, request: bytes) -> dict[str, Any]:
    """Load the server and tell what was seen."""
    connections = {}
    poll = select.epoll()
    for _ in range(count):
        connection = Connection(port, request)
        connections[connection.socket.fileno()] = connection
        poll.register(connection.socket.fileno(), select.EPOLLIN)
    took: list[int] = []
    errors = 0
    started = time.perf_counter_ns()
    deadline = started + int(seconds * 1e9)
    for connection in connections.values():
        connection.send()
    busy = count
    while busy:
        for descriptor, _ in poll.poll():
            connection = connections[descriptor]
            status = connection.receive()
            if status is None:
                continue
            now = time.perf_counter_ns()
            took.append(now - connection.sent)
            errors += status != 200
            if now < deadline:
                connection.send()
            else:
                busy -= 1
    return summary(took, (time.perf_counter_ns() - started) / 1e9, errors) | {"own_cpu_seconds": time.process_time()}


def summary(took: Sequence[int], seconds: float, errors: int) -> dict[str, Any]:
    """What latencies in nanoseconds over so many seconds amount to."""
    ordered = sorted(took)
    return {
        "requests": len(ordered),
        "errors": errors,
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
