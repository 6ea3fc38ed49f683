"""Arrival: the message of a call as it comes, within its time and within the memory that messages have."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from grpc import aio

from lading.core.settings import Settings
from lading.runtime.errors import MalformedRequestError, SlowBodyError
from lading.runtime.grpc.service import Metadata
from lading.runtime.protocols.intake import Intake

Context = aio.ServicerContext[bytes, bytes]

LENGTH_HEADER = "lading-message-bytes"
"""The metadata in which the edge tells a message's length; gRPC itself tells nothing before the message is whole."""


class Arrival:
    """Takes the messages of one replica's calls."""

    def __init__(self, settings: Settings, intake: Intake) -> None:
        self._rate, self._seconds = settings.body_rate, settings.body_seconds
        self._intake = intake

    @asynccontextmanager
    async def message(self, context: Context, sent: Metadata) -> AsyncIterator[bytes]:
        """The one message of a call that ``sent`` these metadata; it counts as held as long as this lasts.

        Raises ``CrowdedError`` when there is no memory for it beside the others, ``SlowBodyError`` when it is not
        whole in the time that the least rate gives it, ``MalformedRequestError`` when there is none.
        """
        length = _announced(sent)
        self._intake.hold(length)
        try:
            message = await self._read(context, self._seconds + length / self._rate)
            if length == 0:
                self._intake.hold(len(message))
                length = len(message)
            yield message
        finally:
            self._intake.release(length)

    async def _read(self, context: Any, seconds: float) -> bytes:
        try:
            async with asyncio.timeout(seconds):
                message = await context.read()
        except TimeoutError:
            raise SlowBodyError(self._rate) from None
        if message is aio.EOF:
            raise MalformedRequestError("the call has no message; send one")
        return bytes(message)


def _announced(sent: Metadata) -> int:
    for name, value in sent:
        if name == LENGTH_HEADER and value.isdigit():
            return int(value)
    return 0
