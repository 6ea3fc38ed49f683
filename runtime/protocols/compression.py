"""Compression: answers that go in gzip or deflate, to clients that like them so."""

import asyncio
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lading.runtime.protocols.codings import chosen, encoded
from lading.runtime.protocols.endpoint import Prompt, Refusing
from lading.runtime.protocols.head import Head
from lading.runtime.protocols.replies import Answer, Header, refusal
from lading.runtime.protocols.turn import Coming, Said

LEAST_BYTES = 1024
"""Shorter answers fit into one packet as they are."""
ASIDE_BYTES = 64 * 1024
"""What is longer is compressed in a thread."""


class Compressing:
    """An endpoint whose answers are compressed for clients that like them so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.refuse = app.refuse if isinstance(app, Refusing) else refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        coding = chosen(scope["headers"]) if scope["method"] != "HEAD" else None
        await self._app(scope, receive, send if coding is None else _Sender(send, coding))


class CompressingPrompt(Compressing):
    """The same for an endpoint that answers what is quickly answered without waiting for anything."""

    def __init__(self, app: ASGIApp, prompt: Prompt) -> None:
        super().__init__(app)
        self._prompt = prompt

    def at_once(self, head: Head, body: bytes, limit: int) -> Said | Coming:
        """What the endpoint answers at once, compressed."""
        answer = self._prompt.at_once(head, body, limit)
        if isinstance(answer, Coming):
            return answer.changed(partial(self._compressed, head))
        return self._compressed(head, answer)

    def _compressed(self, head: Head, answer: Said) -> Said:
        if not isinstance(answer, Answer):
            return Compressing(answer)
        if len(answer.body) < LEAST_BYTES:
            return answer
        coding = chosen(head.items())
        if coding is None:
            return answer
        return Answer(encoded(answer.body, coding), answer.headers + _headers(coding), answer.status)


def compressing(app: ASGIApp) -> Compressing:
    """``app`` with its answers compressed."""
    return CompressingPrompt(app, app) if isinstance(app, Prompt) else Compressing(app)


class _Sender:
    """Sends an answer compressed, if it comes whole and is long enough."""

    def __init__(self, send: Send, coding: bytes) -> None:
        self._send, self._coding = send, coding
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            body = message.get("body", b"")
            if len(body) >= LEAST_BYTES and not message.get("more_body", False):
                body = await self._encoded(body)
                start, message = _with_length(start, self._coding, len(body)), {**message, "body": body}
            await self._send(start)
        await self._send(message)

    async def _encoded(self, body: bytes) -> bytes:
        if len(body) > ASIDE_BYTES:
            return await asyncio.to_thread(encoded, body, self._coding)
        return encoded(body, self._coding)


def _with_length(start: Message, coding: bytes, length: int) -> Message:
    kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    return {**start, "headers": [*kept, *_headers(coding), (b"content-length", b"%d" % length)]}


def _headers(coding: bytes) -> tuple[Header, ...]:
    return (b"content-encoding", coding), (b"vary", b"accept-encoding")
