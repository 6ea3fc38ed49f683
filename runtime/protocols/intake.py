"""The intake: bodies as they arrive, each within its limit and at its least rate, all together within their memory."""

import asyncio

from starlette.types import Receive

from lading.core.settings import Settings
from lading.runtime.errors import BodyTooLargeError, CrowdedError, SlowBodyError


class ClientGoneError(Exception):
    """The client went away before its request was whole."""


class Intake:
    """Reads the bodies of one replica's requests."""

    def __init__(self, settings: Settings) -> None:
        self._limit, self._most = settings.body_bytes, settings.held_bytes
        self._rate, self._seconds = settings.body_rate, settings.body_seconds
        self._portion = settings.body_rate * settings.body_seconds
        self.held = 0
        """The bytes of all bodies that were not released."""

    async def read(self, receive: Receive) -> bytes:
        """The whole body, which counts as held until it is released.

        Raises ``BodyTooLargeError`` as soon as the limit is passed, ``CrowdedError`` when there is no memory for it
        beside the others, ``SlowBodyError`` when less than the least rate arrives, ``ClientGoneError`` when the client
        leaves.
        """
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(self._seconds) as clock:
                await self._collect(receive, parts, clock)
        except TimeoutError:
            self.release(sum(map(len, parts)))
            raise SlowBodyError(self._rate) from None
        except BaseException:
            self.release(sum(map(len, parts)))
            raise
        return b"".join(parts) if len(parts) != 1 else parts[0]

    def hold(self, size: int) -> None:
        """Hold ``size`` bytes that are to come, until they are released; raises ``CrowdedError``, and holds none."""
        if self.held > 0 and self.held + size > self._most:
            raise CrowdedError(self._most)
        self.held += size

    def release(self, size: int) -> None:
        """Forget ``size`` bytes that were held."""
        self.held -= size

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
