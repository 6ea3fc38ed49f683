"""A small server in a thread, which answers what it was told is right, and misbehaves as a test asks it to."""

import asyncio
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from lading.loadtests.payloads.request import Answer, Request

Asked = tuple[str, bytes]
"""The path and the body of a request."""
Misbehave = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""What is done instead of an answer."""


def right_answers(requests: Iterable[Request], ask: Callable[[Request], Answer]) -> dict[Asked, Answer]:
    """What a right server answers to each of ``requests``."""
    return {(request.path, request.body): ask(request) for request in requests}


class RightServer:
    """Answers each request as ``answers`` says, and another one with 404; listens while it is entered."""

    def __init__(self, answers: Mapping[Asked, Answer], tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.misbehave: Misbehave | None = None
        self.asked: list[bytes] = []
        """The heads of what was asked."""
        self._answers, self._tls, self._port = answers, tls, port
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self._port}"

    def stall(self, seconds: float) -> None:
        """Do nothing at all for so long."""
        self._loop.call_soon_threadsafe(time.sleep, seconds)

    def die(self) -> None:
        """Close every connection and listen no more."""
        asyncio.run_coroutine_threadsafe(self._die(), self._loop).result()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.die()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, ssl=self._tls, backlog=512)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _die(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)
        while self._writers:
            await asyncio.sleep(0.001)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head)
        first, *lines = head.decode("latin-1").splitlines()
        length = next(int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length:"))
        asked = first.split()[1], await reader.readexactly(length)
        if self.misbehave is not None:
            await self.misbehave(writer)
        else:
            writer.write(encoded(self._answers.get(asked, Answer(404, b"{}"))))
        await writer.drain()


def encoded(answer: Answer) -> bytes:
    """An answer as HTTP has it."""
    lines = [f"HTTP/1.1 {answer.status} Whatever", f"content-length: {len(answer.body)}"]
    if answer.json_bytes is not None:
        lines.append(f"inference-header-content-length: {answer.json_bytes}")
    return "\r\n".join([*lines, "", ""]).encode() + answer.body


@contextmanager
def misbehaving(server: RightServer, misbehave: Misbehave) -> Iterator[None]:
    """The server misbehaves for a while."""
    server.misbehave = misbehave
    try:
        yield
    finally:
        server.misbehave = None
