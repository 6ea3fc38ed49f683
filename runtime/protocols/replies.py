"""Replies: JSON with its length and its headers, sent as raw ASGI messages."""

from collections.abc import Iterable
from typing import NamedTuple

import orjson
from starlette.types import Receive, Scope, Send

from lading.bundles.tensors.feeds import FieldError
from lading.runtime.errors import RequestError, shown

Header = tuple[bytes, bytes]

Refusal = RequestError | FieldError
"""What the client can mend; its message is made for the client."""

DIGEST_HEADER = b"lading-bundle-digest"
NO_SNIFFING: Header = (b"x-content-type-options", b"nosniff")
JSON_HEADERS: tuple[Header, ...] = ((b"content-type", b"application/json"), NO_SNIFFING)
"""The content type is exact: clients of the Open Inference Protocol compare it, charset and all."""
BINARY_HEADERS: tuple[Header, ...] = ((b"content-type", b"application/octet-stream"), NO_SNIFFING)


class Answer(NamedTuple):
    """What a prediction is answered with."""

    body: bytes
    headers: tuple[Header, ...] = JSON_HEADERS
    """The content type and what belongs to it; the length and the digest come on top."""
    status: int = 200


class JsonReply:
    """An answer as JSON; an ASGI application, so that a route can return it."""

    def __init__(self, document: object, status: int = 200, headers: Iterable[Header] = ()) -> None:
        self.body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
        self.status, self.headers = status, (*JSON_HEADERS, *headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; to ``HEAD`` without the body."""
        await send_json(send, self.body, self.headers, self.status, scope["method"] == "HEAD")


class EmptyReply:
    """The answer to ``OPTIONS``: which methods the path answers."""

    def __init__(self, allowed: str) -> None:
        self.allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        headers = [(b"allow", self.allowed.encode()), NO_SNIFFING]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def send_answer(send: Send, answer: Answer, headers: Iterable[Header]) -> None:
    """Send ``answer``, with ``headers`` beside its own."""
    await send_json(send, answer.body, (*answer.headers, *headers), answer.status)


async def send_json(send: Send, body: bytes, headers: Iterable[Header], status: int = 200, head: bool = False) -> None:
    """Send ``body``, which is JSON already, with ``headers`` and its length."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": b"" if head else body})


def refusal(error: Refusal, headers: Iterable[Header] = ()) -> JsonReply:
    """The reply to a request that was refused, as most protocols say it: its words under ``error``."""
    return refused(error, {"error": words(error)}, headers)


def refused(error: Refusal, document: object, headers: Iterable[Header] = ()) -> JsonReply:
    """The reply to a request that was refused: ``document``, with the error's own status and headers."""
    extra = error.headers if isinstance(error, RequestError) else ()
    return JsonReply(document, status_of(error), (*headers, *extra))


def status_of(error: Refusal) -> int:
    """The HTTP status of a refusal."""
    return error.status if isinstance(error, RequestError) else 400


def words(error: Refusal) -> str:
    """What the client is told; a field's name is cut short, since it may be whatever a client sent."""
    if not isinstance(error, FieldError):
        return str(error)
    where = f"field {shown(error.field)}" if error.row is None else f"field {shown(error.field)}, row {error.row}"
    return f"{where}: {error.problem}"
