"""Asking: a model's answer to a question that was read, within its deadline and for as long as somebody waits for it."""

import asyncio
import math
import typing
from collections.abc import Awaitable, Callable
from functools import partial

from lading.runtime.errors import DeadlineError
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.intake import ClientGoneError
from lading.runtime.watch import Run

Result = typing.TypeVar("Result")

Gone = Callable[[], Awaitable[object]]
"""Waits until the client goes away."""


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

    @property
    def timeout(self) -> float | None:
        """Seconds after which the client no longer wants the answer, where its request says so."""
        ...


async def outputs_of(model: Model, question: Question, run: Run, gone: Gone | None = None) -> Feeds:
    """The outputs of ``model``: at once when that is quick, else made aside. Raises what ``aside`` raises."""
    if model.quick(question.rows):
        return model.run(question.feeds, run)
    if model.batching.used and question.rows:
        return await _waited(model.batched(question.feeds, question.rows, run), run, gone)
    return await aside(model, partial(model.run, question.feeds, run), run, gone)


async def aside(model: Model, work: Callable[[], Result], run: Run, gone: Gone | None = None) -> Result:
    """The result of ``work``, which is about ``run``, made in one of the model's threads; raises as waiting for it does."""
    return await _waited(model.aside(work), run, gone)


async def _waited(job: "asyncio.Future[Result]", run: Run, gone: Gone | None) -> Result:
    """What ``job``, which is about ``run``, comes to.

    Raises ``DeadlineError`` at the run's deadline, whether it has begun or not, and ``ClientGoneError`` as soon as
    ``gone`` returns. However it is left, what has not begun then never does, and what has begun is stopped.
    """
    waiting: set[asyncio.Future[typing.Any]] = {job}
    if gone is not None:
        waiting.add(asyncio.ensure_future(gone()))
    remaining = run.remaining()
    try:
        done, _ = await asyncio.wait(
            waiting, timeout=None if remaining == math.inf else remaining, return_when=asyncio.FIRST_COMPLETED
        )
        if job in done:
            return job.result()
        raise ClientGoneError if done else DeadlineError(run.seconds)
    finally:
        if not job.done():
            run.stop()
        for one in waiting:
            one.cancel()
