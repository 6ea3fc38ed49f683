"""The edge's last resort: whoever waits while the last replica dies is told so."""

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lading.core.settings import Settings
from lading.runtime.serving.edge import haproxy_binary
from lading.runtime.serving.edge_configuration import edge_configuration
from lading.runtime.serving.edge_limits import edge_limits

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Mortal:
    """A replica that answers on kept connections, until somebody asks for ``/die``: then nothing is left of it."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while asked := connection.recv(65536):
                if b"/die" in asked:
                    self.die()
                    return
                connection.sendall(OK)

    def die(self) -> None:
        """As the kernel would have it: every socket is closed at once."""
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def edge(base: Path) -> Iterator[str]:
    """The address of HAProxy, as the server configures it, in front of one mortal replica."""
    replica = Mortal(base / "slot0.sock")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        configuration = base / "edge.cfg"
        limits = edge_limits(Settings())
        text = edge_configuration(listener.fileno(), base / "admin.sock", [base / "slot0.sock"], limits)
        configuration.write_text(text)
        command = [haproxy_binary(), "-db", "-f", str(configuration)]
        process = subprocess.Popen(command, pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    process.kill()
    process.wait()
    replica.die()


def until_answered(client: httpx.Client, status: int) -> httpx.Response:
    while (response := client.get("/")).status_code != status:
        time.sleep(0.05)
    return response


def test_who_waits_while_the_last_replica_dies_is_told_so(edge: str) -> None:
    with httpx.Client(base_url=edge, timeout=20) as client:
        until_answered(client, 200)
        assert client.post("/", content=b"x").status_code == 200  # its connection is kept, and used again
        response = client.post("/die", content=b"x")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["error"].startswith("no replica is free")


def test_who_comes_while_there_is_no_replica_is_told_so(edge: str) -> None:
    with httpx.Client(base_url=edge, timeout=20) as client:
        until_answered(client, 200)
        client.post("/die", content=b"x")
        response = until_answered(client, 503)
        assert response.json()["error"].startswith("no replica is free")
        large = client.post("/", content=b"x" * 1_000_000)
        assert (large.status_code, large.json()["error"]) == (503, response.json()["error"])
