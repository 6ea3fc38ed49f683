"""Answering: a model asked as one protocol asks, its answer made in time, and what it took counted."""

import asyncio
import typing
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter_ns

from lading.runtime.batching import joined, parted
from lading.runtime.errors import DeadlineError, InternalError, TooMuchMemoryError
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.asking import Gone, Question, aside, outputs_of
from lading.runtime.protocols.error_table import reason
from lading.runtime.protocols.head import Head
from lading.runtime.protocols.intake import ClientGoneError
from lading.runtime.protocols.replies import Refusal, status_of
from lading.runtime.protocols.witness import Answered, Ended
from lading.runtime.watch import Run

Asked = typing.TypeVar("Asked", bound=Question)
Said = typing.TypeVar("Said")

Read = Callable[[], Asked]
"""Reads a request; raises ``RequestError`` or ``FieldError``."""


class Together(typing.NamedTuple, typing.Generic[Asked]):
    """A question that is answered with others."""

    question: Asked
    head: Head
    started: int
    """When it was begun to be read, and when it had been, by ``time.perf_counter_ns``."""
    ready: int


class Answering(typing.Generic[Asked, Said]):
    """Answers questions to ``model``; ``write`` says the outputs, or raises ``RequestError``."""

    def __init__(self, model: Model, write: Callable[[Asked, Feeds], Said]) -> None:
        self._model, self._write, self._tally, self._observed = model, write, model.tally, model.observed
        self._witnesses = model.witnesses
        self._run: Run | None = None
        """The run of what is answered at once, one after the other."""

    async def answer(
        self, read: Read[Asked], seconds: float | None, large: bool, head: Head, gone: Gone | None = None
    ) -> Said:
        """The answer to what ``read`` finds; a ``large`` request is read, too, where it does not hold up the event loop.

        ``head`` is shown to witnesses. The client waits for ``seconds``, and until ``gone`` returns. Raises what
        reading and writing do, ``DeadlineError`` and ``ClientGoneError``.
        """
        self._tally.in_flight += 1
        try:
            return await self._answer(read, seconds, large, head, gone)
        finally:
            self._tally.in_flight -= 1

    async def _answer(
        self, read: Read[Asked], seconds: float | None, large: bool, head: Head, gone: Gone | None
    ) -> Said:
        started = perf_counter_ns()
        if large:
            run = self._model.begin(seconds)
            run.give_back()
            return await aside(self._model, partial(self._whole, read, run, started, head), run, gone)
        question = read()
        run, ready = self._begin(question, seconds), perf_counter_ns()
        outputs = await outputs_of(self._model, question, run, gone)
        said = self._write(question, outputs)
        self._count(question, outputs, run, head, started, ready)
        self._observed.offer(question.feeds, question.rows)
        return said

    def at_once(self, question: Asked, seconds: float | None, head: Head, started: int) -> Said | DeadlineError:
        """The answer to a ``question`` that is quickly answered; it was begun to be read at ``started``."""
        run, ready = self._again(question, seconds), perf_counter_ns()
        try:
            outputs = self._model.run(question.feeds, run)
        except DeadlineError as error:  # it would be as slow a second time
            self.fail(started, error, head)
            return error
        said = self._write(question, outputs)
        self._count(question, outputs, run, head, started, ready)
        self._observed.offer(question.feeds, question.rows)
        return said

    def together(self, asked: Sequence[Together[Asked]]) -> Sequence[Said | None]:
        """The answers to what is quickly answered in one run; None to what has to be asked by itself."""
        run = self._again(asked[0].question, None)
        try:
            outputs = self._model.run(joined([one.question.feeds for one in asked]), run)
        except Exception:  # one of them may be what is wrong
            return [None] * len(asked)
        return [
            self._said(one, own, run)
            for one, own in zip(asked, parted(outputs, [one.question.rows for one in asked]), strict=True)
        ]

    def _said(self, one: Together[Asked], outputs: Feeds, run: Run) -> Said | None:
        try:
            said = self._write(one.question, outputs)
        except Exception:  # it is met again where it is asked by itself
            return None
        self._count(one.question, outputs, run, one.head, one.started, one.ready)
        self._observed.offer(one.question.feeds, one.question.rows)
        return said

    def fail(self, started: int, error: BaseException, head: Head) -> None:
        """Count a request that was begun at ``started`` and is not answered because of ``error``."""
        ended, status = perf_counter_ns(), failure_status(error)
        self._tally.fail(ended - started, reason(status))
        for witness in self._witnesses:
            witness.saw(Ended(self._model, head, status, started, ended, None))

    def _whole(self, read: Read[Asked], run: Run, asked: int, head: Head) -> Said:
        """Read, run and write in one; ``asked`` is when it was put into the queue."""
        waited = perf_counter_ns() - asked
        question = read()
        run.lower(question.timeout)
        ready = perf_counter_ns()
        outputs = self._model.run(question.feeds, run)
        said = self._write(question, outputs)
        self._count(question, outputs, run, head, asked + waited, ready, waited)
        self._observed.offer_large([(question.feeds, question.rows)])
        return said

    def _begin(self, question: Asked, seconds: float | None) -> Run:
        run = self._model.begin(seconds)
        run.lower(question.timeout)
        return run

    def _again(self, question: Asked, seconds: float | None) -> Run:
        run = self._run
        if run is None or not run.renew(self._model.request_seconds):
            run = self._run = self._model.begin()
        run.lower(seconds)
        run.lower(question.timeout)
        return run

    def _count(
        self, question: Asked, outputs: Feeds, run: Run, head: Head, started: int, ready: int, waited: int = 0
    ) -> None:
        """Count an answer, and have a shadow asked too: reading began at ``started`` and ended at ``ready``."""
        if self._model.mirror is not None:
            self._model.mirror.offer(question.feeds, outputs)
        began, ended, now = run.began or ready, run.ended or ready, perf_counter_ns()
        queue, decode, compute, encode = waited + began - ready, ready - started, ended - began, now - ended
        self._tally.succeed(question.rows, queue, decode, compute, encode)
        for witness in self._witnesses:
            first, second = ("decode", decode), ("queue", queue)
            if waited:
                first, second = second, first
            answered = Answered(question, outputs, (first, second, ("compute", compute), ("encode", encode)))
            witness.saw(Ended(self._model, head, 200, started - waited, now, answered))


def failure_status(error: BaseException) -> int:
    """The status of a prediction that fails with ``error``, whether anybody is left to be told or not."""
    if isinstance(error, Refusal):
        return status_of(error)
    if isinstance(error, MemoryError):
        return TooMuchMemoryError.status
    return 499 if isinstance(error, ClientGoneError | asyncio.CancelledError) else InternalError.status
