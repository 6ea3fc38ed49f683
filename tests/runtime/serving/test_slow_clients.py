"""Slow clients by the hundred: each is told so and closed, and nobody else notices."""

import asyncio
import shutil
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.runtime.serving.conftest import Serving

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Load

CLIENTS = 300
SECONDS = 3
"""What headers, portions of bodies and readers may take here."""
END_SECONDS = 15
HEAD = b"POST /models/cells/predict HTTP/1.1\r\nHost: a\r\n"
SMALL = HEAD + b"Content-Length: 2000\r\n\r\n" + b" " * 1000
LARGE = HEAD + b"Content-Length: 200000\r\n\r\n" + b" " * 100_000
DOCUMENT = "/openapi.json"
ASKED = 20

Client = Callable[[int, int], Awaitable[str]]
"""How a client ends, by the server's port and the client's number."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(bundles: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server that is soon tired of its clients."""
    folder = tmp_path_factory.mktemp("served")
    chosen = [Path(shutil.copy(path, folder / f"{name}.lading")) for name, path in bundles.items()]
    times = {"LADING_HEADER_SECONDS": SECONDS, "LADING_BODY_SECONDS": SECONDS, "LADING_STALL_SECONDS": 2 * SECONDS}
    serving = Serving(chosen, "--replicas", "2", **{name: str(seconds) for name, seconds in times.items()})
    try:
        serving.ready()
        yield serving
    finally:
        serving.close()


def sending(first: bytes, drop: bytes) -> Client:
    """A client who sends ``first`` and, if its number is odd, a drop each second; it ends with the status it is told."""

    async def client(port: int, number: int) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        dripping = asyncio.create_task(_drip(writer, drop if number % 2 else b""))
        said = b""
        with suppress(ConnectionError):
            while piece := await reader.read(1 << 16):
                said += piece
        dripping.cancel()
        writer.close()
        return said[9:12].decode()

    return client


async def _drip(writer: asyncio.StreamWriter, drop: bytes) -> None:
    with suppress(OSError):
        while True:
            await asyncio.sleep(1)
            writer.write(drop)
            await writer.drain()


def reading(size: int) -> Client:
    """A client who asks for documents of that size and reads nothing for long; it ends ``cut off``, or has them all."""

    async def client(port: int, number: int) -> str:
        loop = asyncio.get_running_loop()
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460
            )  # as over a network, so buffers are small
            connection.setblocking(False)
            await loop.sock_connect(connection, ("127.0.0.1", port))
            await loop.sock_sendall(connection, f"GET {DOCUMENT} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * ASKED)
            await asyncio.sleep(3 * SECONDS)
            received = 0
            with suppress(ConnectionError):
                while piece := await loop.sock_recv(connection, 1 << 20):
                    received += len(piece)
        return "cut off" if received < size * ASKED else "answered"

    return client


async def crowd(client: Client, port: int) -> Mapping[str, int]:
    """How the clients end, all of whom come at once."""
    async with asyncio.timeout(END_SECONDS):
        return Counter(await asyncio.gather(*(client(port, number) for number in range(CLIENTS))))


@pytest.mark.parametrize(
    ("client", "end"),
    [
        pytest.param(sending(b"", b""), "", id="clients who say nothing"),
        pytest.param(sending(HEAD, b"X: a\r\n"), "", id="half of the headers"),
        pytest.param(sending(SMALL, b" "), "408", id="half of a small body"),
        pytest.param(sending(LARGE, b" "), "408", id="half of a large body"),
    ],
)
def test_slow_senders_are_closed_and_nobody_else_notices(
    server: Serving, load: Callable[[Serving], "Load"], client: Client, end: str
) -> None:
    steady = load(server)
    assert asyncio.run(crowd(client, server.port)) == {end: CLIENTS}
    assert set(steady.stop()) == {"200"}


def test_slow_readers_are_closed_and_nobody_else_notices(server: Serving, load: Callable[[Serving], "Load"]) -> None:
    size = len(httpx.get(f"http://127.0.0.1:{server.port}{DOCUMENT}").content)
    steady = load(server)
    assert asyncio.run(crowd(reading(size), server.port)) == {"cut off": CLIENTS}
    assert set(steady.stop()) == {"200"}
