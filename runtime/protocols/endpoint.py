"""The hot endpoint: one model's predictions in one protocol, as a raw ASGI callable."""

import typing
from functools import partial

from starlette.types import Receive, Scope, Send

from lading.bundles.tensors.feeds import FieldError
from lading.runtime.errors import MethodNotAllowedError, RequestError
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.body import Headers, check_headers, read_body
from lading.runtime.protocols.replies import DIGEST_HEADER, JSON_HEADERS, EmptyReply, Header, refusal, send_json

INLINE_BYTES = 64 * 1024
"""A larger body is read, run and answered in a thread: parsing it would hold up the event loop."""

ALLOWED = "OPTIONS, POST"


class Question(typing.Protocol):
    """A request that was read: the tensors to run, and how many rows they hold."""

    @property
    def feeds(self) -> Feeds:
        """The graph's inputs."""
        ...

    @property
    def rows(self) -> int:
        """How many there are."""
        ...


Asked = typing.TypeVar("Asked", bound=Question)


class Dialect(typing.Protocol[Asked]):
    """How one protocol reads a body for one model, and writes the model's answer."""

    def read(self, body: bytes) -> Asked:
        """The question in ``body``; raises ``RequestError`` or ``FieldError``."""
        ...

    def write(self, question: Asked, outputs: Feeds) -> bytes:
        """The answer as JSON; raises ``RequestError`` when JSON cannot hold it."""
        ...


@typing.runtime_checkable
class Prompt(typing.Protocol):
    """An endpoint that answers what is quickly answered without waiting for anything."""

    @property
    def headers(self) -> tuple[Header, ...]:
        """Those of an answer, its length left out."""
        ...

    def at_once(self, headers: Headers, body: bytes, limit: int) -> bytes | None:
        """The body of the 200 that ``POST`` with a whole ``body`` is answered with; None says to call the endpoint.

        ``headers`` are the request's, their names in lower case; ``limit`` is the most bytes of a body.
        """
        ...


class Endpoint(typing.Generic[Asked]):
    """Answers predictions of ``model`` in ``dialect``; every reply names the bundle's digest."""

    def __init__(self, model: Model, dialect: Dialect[Asked], with_place: bool) -> None:
        self._model, self._dialect, self._with_place = model, dialect, with_place
        self._digest = ((DIGEST_HEADER, model.digest.encode()),)
        self._prompt_bytes = INLINE_BYTES if model.quick(1) else -1
        self.headers: tuple[Header, ...] = (*JSON_HEADERS, *self._digest)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            await self._decline(scope, receive, send)
            return
        try:
            answer = await self._answer(await read_body(scope, receive))
        except (RequestError, FieldError) as error:
            await refusal(error, self._digest, self._with_place)(scope, receive, send)
        else:
            await send_json(send, answer, self.headers)

    def at_once(self, headers: Headers, body: bytes, limit: int) -> bytes | None:
        """The answer to ``body`` when it is a short one's; None for a slow one, and for one that is refused."""
        if len(body) > min(self._prompt_bytes, limit):
            return None
        try:
            check_headers(headers, limit)
            question = self._dialect.read(body)
            if self._model.quick(question.rows):
                return self._dialect.write(question, self._model.run(question.feeds))
        except Exception:  # whatever it is, it is met again, and told, where it is called
            return None
        self._prompt_bytes = len(body) - 1  # so that the next one of its size is not read twice
        return None

    async def _answer(self, body: bytes) -> bytes:
        if len(body) > INLINE_BYTES:
            return await self._model.aside(partial(self._whole, body))
        question = self._dialect.read(body)
        if self._model.quick(question.rows):
            outputs = self._model.run(question.feeds)
        else:
            outputs = await self._model.aside(partial(self._model.run, question.feeds))
        return self._dialect.write(question, outputs)

    def _whole(self, body: bytes) -> bytes:
        question = self._dialect.read(body)
        return self._dialect.write(question, self._model.run(question.feeds))

    async def _decline(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await EmptyReply(ALLOWED)(scope, receive, send)
        else:
            error = MethodNotAllowedError(scope["method"], ALLOWED)
            await refusal(error, self._digest)(scope, receive, send)
