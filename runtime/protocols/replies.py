"""Replies: JSON with its length and its headers, sent as raw ASGI messages."""

from collections.abc import Iterable

import orjson
from starlette.types import Receive, Scope, Send

from lading.bundles.tensors.feeds import FieldError
from lading.runtime.errors import MethodNotAllowedError, RequestError, shown

Header = tuple[bytes, bytes]

Refusal = RequestError | FieldError
"""What the client can mend; its message is made for the client."""

DIGEST_HEADER = b"lading-bundle-digest"
NO_SNIFFING: Header = (b"x-content-type-options", b"nosniff")
JSON_HEADERS: tuple[Header, ...] = ((b"content-type", b"application/json"), NO_SNIFFING)
"""The content type is exact: clients of the Open Inference Protocol compare it, charset and all."""


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


async def send_json(send: Send, body: bytes, headers: Iterable[Header], status: int = 200, head: bool = False) -> None:
    """Send ``body``, which is JSON already, with ``headers`` and its length."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": b"" if head else body})


def refusal(error: Refusal, headers: Iterable[Header] = (), with_place: bool = False) -> JsonReply:
    """The reply to a request that was refused; ``with_place`` adds ``field`` and ``row`` where they are known."""
    status = error.status if isinstance(error, RequestError) else 400
    document: dict[str, object] = {"error": _words(error) if isinstance(error, FieldError) else str(error)}
    if with_place:
        place = {"field": getattr(error, "field", None), "row": getattr(error, "row", None)}
        document |= {name: value for name, value in place.items() if value is not None}
    if isinstance(error, MethodNotAllowedError):
        headers = (*headers, (b"allow", error.allowed.encode()))
    return JsonReply(document, status, headers)


def _words(error: FieldError) -> str:
    """The message, with the field's name cut short: it may be whatever a client sent."""
    where = f"field {shown(error.field)}" if error.row is None else f"field {shown(error.field)}, row {error.row}"
    return f"{where}: {error.problem}"
