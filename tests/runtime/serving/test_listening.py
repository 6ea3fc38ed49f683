"""Listening sockets: who can reach them."""

import os
import socket

import pytest

from lading.runtime.serving.listening import OpenPortError, listening, refuse_open_ports


@pytest.mark.parametrize(
    ("family", "host", "local"),
    [
        (socket.AF_INET, "127.0.0.1", True),
        (socket.AF_INET, "0.0.0.0", False),
        (socket.AF_INET6, "::1", True),
        (socket.AF_INET6, "::", False),
        (socket.AF_INET6, "::ffff:127.0.0.1", True),
    ],
)
def test_listening_sockets_are_seen_and_told_apart(family: socket.AddressFamily, host: str, local: bool) -> None:
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        port = listener.getsockname()[1]
        (found,) = [place for place in listening([os.getpid()]) if place.port == port]
        assert found.local is local
        if local:
            refuse_open_ports([os.getpid()], published={1})
        else:
            refuse_open_ports([os.getpid()], published={port})
            with pytest.raises(OpenPortError, match=str(port)):
                refuse_open_ports([os.getpid()], published={1})
