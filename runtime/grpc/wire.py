"""On the wire: messages as bytes, around methods that take and give messages."""

import typing
from collections.abc import Awaitable, Callable

from google.protobuf.message import DecodeError, Message

from lading.runtime.errors import MalformedRequestError
from lading.runtime.grpc.service import Call, Method

Asked = typing.TypeVar("Asked", bound=Message)


def unary(kind: type[Asked], answer: Callable[[Asked, Call], Awaitable[Message]]) -> Method:
    """The method that reads a message of ``kind`` and answers with what ``answer`` makes of it."""

    async def method(body: bytes, call: Call) -> bytes:
        return (await answer(parsed(kind, body), call)).SerializeToString()

    return method


def parsed(kind: type[Asked], body: bytes) -> Asked:
    """The message of ``kind`` in ``body``; raises ``MalformedRequestError``."""
    try:
        return kind.FromString(body)
    except DecodeError:
        raise MalformedRequestError(f"the message is no {kind.DESCRIPTOR.full_name}; check its fields") from None
