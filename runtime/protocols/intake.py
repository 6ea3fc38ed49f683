"""The intake: bodies as they arrive, each within its limit and at its least rate, all together within their memory."""

import asyncio
from collections.abc import Container
from concurrent.futures import ThreadPoolExecutor

from starlette.types import Receive

from lading.core.settings import Settings
from lading.runtime.errors import BodyTooLargeError, CrowdedError, SlowBodyError
from lading.runtime.protocols.codings import WINDOWS, decoded
from lading.runtime.protocols.head import IDENTITY
from lading.runtime.protocols.pieces import LARGE_BYTES

DECODERS = 2
"""Threads that put bodies together and take them out of their codings; each may hold a whole one that is not counted yet."""


class ClientGoneError(Exception):
    """The client went away before its request was whole."""


class Intake:
    """Reads the bodies of one replica's requests."""

    def __init__(self, settings: Settings) -> None:
        self._limit, self._most = settings.body_bytes, settings.held_bytes
        self._rate, self._seconds = settings.body_rate, settings.body_seconds
        self._portion = settings.body_rate * settings.body_seconds
        self._decoders = ThreadPoolExecutor(DECODERS, thread_name_prefix="lading-decode")
        self.held = 0
        """The bytes of all bodies that were not released."""
        self.codings: Container[bytes] = WINDOWS if settings.compressed_bodies else ()
        """The codings in which a body may come."""

    async def read(self, receive: Receive, coding: bytes = IDENTITY) -> bytes:
        """The whole body without its ``coding``, which counts as held until it is released.

        Raises ``BodyTooLargeError`` as soon as the limit is passed, by what comes or by what that stands for,
        ``CrowdedError`` when there is no memory for it beside the others, ``SlowBodyError`` when less than the least
        rate arrives, ``BrokenCodingError`` when it is not in its coding, ``ClientGoneError`` when the client leaves.
        """
        body = await self._whole(receive)
        return await self._decoded(body, coding.lower()) if coding.lower() in self.codings else body

    def hold(self, size: int) -> None:
        """Hold ``size`` bytes that are to come, until they are released; raises ``CrowdedError``, and holds none."""
        if self.held > 0 and self.held + size > self._most:
            raise CrowdedError(self._most)
        self.held += size

    def release(self, size: int) -> None:
        """Forget ``size`` bytes that were held."""
        self.held -= size

    async def _whole(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(self._seconds) as clock:
                await self._collect(receive, parts, clock)
            return await self._joined(parts)
        except TimeoutError:
            self.release(sum(map(len, parts)))
            raise SlowBodyError(self._rate) from None
        except BaseException:
            self.release(sum(map(len, parts)))
            raise

    async def _joined(self, parts: list[bytes]) -> bytes:
        if len(parts) == 1:
            return parts[0]
        if sum(map(len, parts)) < LARGE_BYTES:
            return b"".join(parts)
        return await asyncio.get_running_loop().run_in_executor(self._decoders, b"".join, parts)

    async def _decoded(self, body: bytes, coding: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._decoders, decoded, body, coding, self._limit)
        finally:
            self.release(len(body))
        self.hold(len(found))
        return found

    async def _collect(self, receive: Receive, parts: list[bytes], clock: asyncio.Timeout) -> None:
        """Put what arrives into ``parts``; each portion that did sets the clock anew."""
        size, due = 0, self._portion
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            part = message.get("body", b"")
            parts.append(part)
            size += len(part)
            self.held += len(part)
            if size > self._limit:
                raise BodyTooLargeError(self._limit)
            if self.held > self._most and self.held > size:
                raise CrowdedError(self._most)
            if not message.get("more_body", False):
                return
            if size >= due:
                due = size + self._portion
                clock.reschedule(asyncio.get_running_loop().time() + self._seconds)
