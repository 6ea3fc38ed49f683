"""A running edge: who is slow with a long answer takes no place from others."""

import contextlib
import socket
import time

import pytest
from starlette.types import Receive, Scope, Send

from lading.core.settings import Settings
from tests.runtime.serving.answering import fronted

READERS = 100
PLAIN = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Long:
    """Answers ``/long`` with more than all buffers hold, and all else with one byte."""

    settings = Settings()
    prompt: dict[bytes, object] = {}  # noqa: RUF012  the protocol looks for it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b"x" * (1 << 20 if scope["path"] == "/long" else 1)
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize(("places", "status"), [(Settings().queue_per_replica, b" 200 "), (READERS // 2, b" 503 ")])
def test_clients_who_do_not_read_take_no_place_from_others(places: int, status: bytes) -> None:
    settings = Settings(queue_per_replica=places, queue_seconds=0.5, stall_seconds=20)
    with fronted(Long(), settings) as edge, contextlib.ExitStack() as readers:
        for _ in range(READERS):
            reader = readers.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)  # as over a network, so buffers are small
            reader.connect(("127.0.0.1", edge.port))
            reader.sendall(PLAIN.replace(b" / ", b" /long "))
        time.sleep(1)
        assert status in edge.says(PLAIN)
