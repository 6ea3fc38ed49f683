"""The end of the edge: it knows what it accepted, however much that is."""

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runtime.serving.edge.conftest import EdgeAlone

CLIENTS = 500
HEAD = b"POST /v2 HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nconnection: close\r\n\r\n"


def test_hundreds_of_requests_that_were_accepted_are_counted(begin: "Callable[..., EdgeAlone]") -> None:
    edge = begin()
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", edge.port))) for _ in range(CLIENTS)]
        for client in clients:
            client.settimeout(20)
            client.sendall(HEAD)
        edge.until(lambda: edge.do(edge.edge.control.ask("show sess")).count("fe=published") == CLIENTS)
        assert edge.drain() == CLIENTS
