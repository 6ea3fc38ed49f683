"""After the last call nobody who was let in is turned away, and nobody else is let in."""

import asyncio
import socket
import sys
import threading
import time
from contextlib import suppress

import pytest

from lading.runtime.serving import last_call as module
from lading.runtime.serving.last_call import last_call

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can take nobody")

CLIENTS, ROUNDS = 3, 8


class Crowd:
    """Clients who connect again and again, until they are refused."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.connected = [0] * CLIENTS
        self._address = address
        self._threads = [threading.Thread(target=self._come, args=(place,)) for place in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def gone(self) -> int:
        """Wait until all were refused; how often somebody was connected."""
        for thread in self._threads:
            thread.join()
        return sum(self.connected)

    def _come(self, place: int) -> None:
        with suppress(OSError):
            while True:
                socket.create_connection(self._address, timeout=10).close()
                self.connected[place] += 1


def listening() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    listener.setblocking(False)
    return listener


def accepted(listener: socket.socket, over: threading.Event) -> int:
    """How many connections were accepted until it was over, though with a break before each look."""
    found = 0
    while not over.is_set():
        time.sleep(0.001)
        with suppress(BlockingIOError):
            while True:
                listener.accept()[0].close()
                found += 1
    return found


def test_whoever_was_connected_is_accepted_before_it_closes() -> None:
    for _ in range(ROUNDS):
        with listening() as listener:
            crowd, over, found = Crowd(listener.getsockname()), threading.Event(), list[int]()
            accepting = threading.Thread(target=lambda: found.append(accepted(listener, over)))  # noqa: B023
            accepting.start()
            time.sleep(0.02)
            asyncio.run(last_call([listener.fileno()]))
            over.set()
            accepting.join()
        assert crowd.gone() == found[0]


def test_nobody_is_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SECONDS", 0.05)
    with listening() as listener, socket.create_connection(listener.getsockname()) as client:
        asyncio.run(last_call([listener.fileno()]))
        late = socket.socket()
        late.settimeout(0.2)
        with pytest.raises(TimeoutError), late:
            late.connect(listener.getsockname())
        accepted, _ = listener.accept()
        with accepted:
            client.sendall(b"hello")
            assert accepted.recv(5) == b"hello", "who was let in is heard"


def test_what_is_no_listener_of_tcp_is_left_as_it_is(tmp_path: object) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{tmp_path}/a.sock")
        listener.listen()
        asyncio.run(last_call([listener.fileno()]))
