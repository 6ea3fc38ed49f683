"""The hot endpoint: one model's predictions in one protocol, as a raw ASGI callable."""

import typing
from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter_ns

from starlette.types import ASGIApp, Receive, Scope, Send

from lading.bundles.tensors.feeds import FieldError
from lading.runtime.drift.warning import warnings_json
from lading.runtime.errors import DeadlineError, MethodNotAllowedError, RequestError
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.answering import Answering
from lading.runtime.protocols.asking import Question
from lading.runtime.protocols.head import (
    ENCODING,
    IDENTITY,
    WARNINGS,
    Head,
    asks_for_warnings,
    check_head,
    head_of,
    is_tabular,
    patience,
)
from lading.runtime.protocols.intake import Intake
from lading.runtime.protocols.replies import (
    DIGEST_HEADER,
    Answer,
    EmptyReply,
    Header,
    JsonReply,
    Refusal,
    refusal,
    send_answer,
)
from lading.runtime.protocols.turn import Coming, Said, Turn

INLINE_BYTES = 64 * 1024
"""A larger body is read, run and answered in a thread: parsing it would hold up the event loop."""

ALLOWED = "OPTIONS, POST"

CHOSEN = "lading.chosen"
"""Where a scope has the endpoint that is to be called, if that was decided before."""

Asked = typing.TypeVar("Asked", bound=Question)

Refuse = Callable[[Refusal, Iterable[Header]], JsonReply]
"""How a protocol says that a request is refused, with these headers."""


class Dialect(typing.Protocol[Asked]):
    """How one protocol reads a body for one model, and writes the model's answer."""

    def read(self, body: bytes, head: Head) -> Asked:
        """The question in ``body``, as ``head`` says to read it; raises ``RequestError`` or ``FieldError``."""
        ...

    def write(self, question: Asked, outputs: Feeds) -> Answer:
        """The answer; raises ``RequestError`` when it cannot be said in the form that was asked for."""
        ...


@typing.runtime_checkable
class Refusing(typing.Protocol):
    """An endpoint that has words of its own for what goes wrong in it."""

    refuse: Refuse


@typing.runtime_checkable
class Prompt(typing.Protocol):
    """An endpoint that answers what is quickly answered without waiting for anything."""

    def at_once(self, head: Head, body: bytes, limit: int) -> Said | Coming:
        """The answer, all its headers but the length, to ``POST`` with a whole ``body``, or who is to be called for it.

        Either may come at the end of the event loop's turn. ``limit`` is the most bytes of a body.
        """
        ...


class Endpoint(typing.Generic[Asked]):
    """Answers predictions of ``model`` in ``dialect``; every reply names the bundle's digest."""

    def __init__(self, model: Model, dialect: Dialect[Asked], refuse: Refuse = refusal) -> None:
        self.refuse = refuse
        self.model, self._dialect = model, dialect
        self._answering: Answering[Asked, Answer] = Answering(model, dialect.write)
        self._warning: Answering[Asked, Answer] = Answering(model, self._write_with_warnings)
        self._digest = ((DIGEST_HEADER, model.digest.encode()),)
        self._prompt_bytes = INLINE_BYTES if model.quick(1) else -1
        self._turn: Turn[Asked] | None = (
            Turn(model, self._answering, self._whole, self) if model.batching.used else None
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            await self._decline(scope, receive, send)
            return
        started = perf_counter_ns()
        head, app = head_of(scope["headers"]), scope["app"]
        try:
            check_head(head, app.settings.body_bytes, app.intake.codings)
            answer = await self._taken(head, receive, app.intake)
        except (RequestError, FieldError) as error:
            self._answering.fail(started, error, head)
            await self.refuse(error, self._digest)(scope, receive, send)
        except Exception as error:  # it is told where the process has its rim
            self._answering.fail(started, error, head)
            scope["model"] = self.model.name
            raise
        else:
            await send_answer(send, answer, self._digest)

    def at_once(self, head: Head, body: bytes, limit: int) -> Said | Coming:
        """The answer to ``body`` when it is a short one's; the endpoint for a slow one, and for one that is refused."""
        if len(body) > self._prompt_bytes or len(body) > limit:
            return self
        started = perf_counter_ns()
        try:
            if ENCODING in head:  # its length is that of the body, which is whole
                check_head(head, limit)
            if is_tabular(head) or WARNINGS in head:
                return self
            question = self._dialect.read(body, head)
            if self.model.quick(question.rows):
                seconds = patience(head)
                if self._turn is not None and seconds is None and question.timeout is None and question.rows:
                    return self._turn.take(question, head, started, perf_counter_ns())
                return self._whole(self._answering.at_once(question, seconds, head, started))
        except Exception:  # whatever it is, it is met again, and told, where it is called
            return self
        self._prompt_bytes = len(body) - 1  # so that the next one of its size is not read twice
        return self

    def _whole(self, said: Answer | DeadlineError) -> Answer:
        """An answer with all its headers."""
        if isinstance(said, DeadlineError):
            reply = self.refuse(said, self._digest)
            return Answer(reply.body, reply.headers, reply.status)
        body, headers, status = said
        return Answer(body, headers + self._digest, status)

    async def _taken(self, head: Head, receive: Receive, intake: Intake) -> Answer:
        body = await intake.read(receive, head.get(ENCODING, IDENTITY))
        try:
            return await self._answer(head, body, receive)
        finally:
            intake.release(len(body))

    async def _answer(self, head: Head, body: bytes, receive: Receive) -> Answer:
        read, large = partial(self._dialect.read, body, head), len(body) > INLINE_BYTES or is_tabular(head)
        answering = self._warning if asks_for_warnings(head) else self._answering
        return await answering.answer(read, patience(head), large, head, receive)

    def _write_with_warnings(self, question: Asked, outputs: Feeds) -> Answer:
        body, headers, status = self._dialect.write(question, outputs)
        warnings = warnings_json(self.model.observed.columns, question.feeds)
        return Answer(body, (*headers, (WARNINGS, warnings.encode())), status)

    async def _decline(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply: ASGIApp = EmptyReply(ALLOWED)
        if scope["method"] != "OPTIONS":
            reply = self.refuse(MethodNotAllowedError(scope["method"], ALLOWED), self._digest)
        await reply(scope, receive, send)
