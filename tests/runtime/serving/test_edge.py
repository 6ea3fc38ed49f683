"""A running edge: who is slow with a long answer takes no place from others, and empty slots cost no request."""

import contextlib
import socket
import subprocess
import time
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from lading.core.settings import Settings
from lading.runtime.serving.edge import haproxy_binary
from lading.runtime.serving.edge_configuration import edge_configuration
from lading.runtime.serving.edge_limits import edge_limits
from tests.runtime.serving.answering import Answering, fronted, until_closed

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


def test_an_edge_that_has_just_started_finds_the_replica_behind_all_slots_that_are_empty(base: Path) -> None:
    slots = [base / f"slot{number}.sock" for number in range(10)]
    replica = Answering(Long(), slots[-1], short=True, idle_seconds=60)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        client.settimeout(20)
        client.sendall(PLAIN)
        descriptor, configuration = listener.fileno(), base / "edge.cfg"
        configuration.write_text(edge_configuration(descriptor, base / "admin.sock", slots, edge_limits(Settings())))
        with subprocess.Popen([haproxy_binary(), "-db", "-f", str(configuration)], pass_fds=[descriptor]) as edge:
            said = until_closed(client)
            edge.kill()
    replica.stop()
    assert b" 200 " in said.partition(b"\r\n")[0]
