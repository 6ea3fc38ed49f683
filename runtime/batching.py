"""Batching: requests that come together are answered in one run, where that is the same, and sooner."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lading.bundles.records import Record
from lading.runtime.pool import Pool
from lading.runtime.watch import Run

Feeds = dict[str, NDArray[np.generic]]
"""Tensors by name."""

Form = dict[str, tuple[np.dtype[Any], tuple[int, ...]]]
"""The type of each tensor, and the extents of one row of it."""

Work = Callable[[Feeds, Run | None], Feeds]
"""Runs a model over the rows of some feeds."""

MOST_ROWS = 32
"""In one batch."""
TRIED_ROWS = 8
TRIED_RUNS, QUICK_RUNS = 3, 20
"""How often it is tried how long a run takes, of which the least counts."""
WORTH = 0.7
"""The most that a row in a batch may take of the time that it takes by itself."""
GAIN_SECONDS = 10e-6
"""What a row in a batch must take less than by itself: putting requests together and taking answers apart takes 2 µs."""
LONGEST_SECONDS = 1.0
"""A run that takes longer is not tried at load, which would take as long as several of them."""


class Batching(Record):
    """Whether a model is batched, as was found when it was loaded."""

    used: bool
    reason: str


AT_ONCE = Batching(used=False, reason="one run takes less than a millisecond, and not much less a row with others")
WHOLE = Batching(used=False, reason="the graph takes one request as a whole")
ENDLESS = Batching(
    used=False, reason="how long the graph takes may depend on the values: one request could keep others"
)
LONG = Batching(used=False, reason=f"one run takes more than {LONGEST_SECONDS:g} s")
FEW = Batching(used=False, reason="there are too few golden rows to try it on")
OTHERWISE = Batching(used=False, reason="golden rows are not answered in a batch, to the bit, as they are one by one")


def tried(run: Callable[[Feeds], Feeds], feeds: Feeds, quick: bool) -> Batching:
    """Whether it is the same and pays to ``run`` rows together, tried on golden ``feeds``.

    Runs of a ``quick`` model are few and small when they are put together, so that more is tried, and more is asked.
    """
    rows = len(next(iter(feeds.values())))
    if rows < 2:
        return FEW
    runs = QUICK_RUNS if quick else TRIED_RUNS
    one = fastest(run, _rows(feeds, slice(0, 1)), runs)
    if one > LONGEST_SECONDS:
        return LONG
    chosen = _rows(feeds, np.resize(np.arange(rows), MOST_ROWS))
    several = _rows(chosen, slice(0, TRIED_ROWS))
    each = fastest(run, several, runs) / TRIED_ROWS
    pays = each <= WORTH * one and (not quick or one - each >= GAIN_SECONDS)
    if quick and not pays:
        return AT_ONCE
    if not (_same(run, chosen, range(2, MOST_ROWS + 1)) if quick else _same(run, several, (2, 3, TRIED_ROWS))):
        return OTHERWISE
    said = f"a row in a batch of {TRIED_ROWS} takes {each / one:.0%} of the {_told(one)} that it takes by itself"
    return Batching(used=pays, reason=said)


def _told(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds >= 0.001 else f"{seconds * 1e6:.3g} µs"


@dataclass(eq=False)
class _Waiting:
    """A request that waits for its answer."""

    feeds: Feeds
    rows: int
    run: Run
    answer: "Future[Feeds]" = field(default_factory=Future)

    @property
    def form(self) -> Form:
        """What must be the same for two of them to be run together."""
        return form_of(self.feeds)


class Batcher:
    """Answers in ``pool``: what waits when a thread is free is run together; ``begin`` makes the run for several."""

    def __init__(self, pool: Pool, work: Work, begin: Callable[[], Run]) -> None:
        self._pool, self._work, self._begin = pool, work, begin
        self._waiting = deque[_Waiting]()
        self._lock = threading.Lock()
        self.requests = self.runs = 0
        """How many were answered, in how many runs."""

    def submit(self, feeds: Feeds, rows: int, run: Run) -> "asyncio.Future[Feeds]":
        """The outputs for ``feeds``; raises ``OverloadedError`` when too much is waiting already."""
        question = _Waiting(feeds, rows, run)
        with self._lock:
            self._waiting.append(question)
        try:
            self._pool.submit(self._next)
        except Exception:
            question.answer.cancel()
            raise
        return asyncio.wrap_future(question.answer)

    def _next(self) -> None:
        """Answer what waits, as much of it as goes together; somebody else may have done so already."""
        batch = self._taken()
        self.requests += len(batch)
        self.runs += len(batch) > 0
        if len(batch) > 1 and self._together(batch):
            return
        for question in batch:
            try:
                question.answer.set_result(self._work(question.feeds, question.run))
            except BaseException as error:  # it is raised where the answer is waited for
                question.answer.set_exception(error)

    def _taken(self) -> Sequence[_Waiting]:
        with self._lock:
            batch, rows = list[_Waiting](), 0
            while self._waiting:
                first = self._waiting[0]
                if batch and (rows + first.rows > MOST_ROWS or first.form != batch[0].form):
                    break
                self._waiting.popleft()
                if first.answer.set_running_or_notify_cancel():
                    batch.append(first)
                    rows += first.rows
            return batch

    def _together(self, batch: Sequence[_Waiting]) -> bool:
        """Answer all of ``batch`` by one run, and whether that went well; else each is to be answered by itself."""
        run = self._begin()
        run.deadline = max(question.run.deadline for question in batch)
        try:
            outputs = self._work(joined([one.feeds for one in batch]), run)
        except Exception:  # one of them may be what is wrong
            return False
        for question, own in zip(batch, parted(outputs, [one.rows for one in batch]), strict=True):
            question.run.began, question.run.ended = run.began, run.ended
            question.answer.set_result(own)
        return True


def form_of(feeds: Feeds) -> Form:
    """What must be the same for two requests to be run together."""
    return {name: (values.dtype, values.shape[1:]) for name, values in feeds.items()}


def joined(parts: Sequence[Feeds]) -> Feeds:
    """The rows of several requests of one form, one behind the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def parted(outputs: Feeds, rows: Sequence[int]) -> Iterator[Feeds]:
    """The outputs for several requests, each of so many ``rows``, for each of them."""
    begin = 0
    for count in rows:
        end = begin + count
        yield {name: values[begin:end] for name, values in outputs.items()}
        begin = end


def _same(run: Callable[[Feeds], Feeds], feeds: Feeds, sizes: Iterable[int]) -> bool:
    """Whether the rows of ``feeds`` are answered together, so many at a time, as they are one by one."""
    rows = len(next(iter(feeds.values())))
    single = _joined(run, feeds, rows, 1)
    return all(_equal(single, _joined(run, feeds, rows, size)) for size in sizes)


def _joined(run: Callable[[Feeds], Feeds], feeds: Feeds, rows: int, size: int) -> Feeds:
    return joined([run(_rows(feeds, slice(begin, begin + size))) for begin in range(0, rows, size)])


def _equal(one: Feeds, other: Feeds) -> bool:
    return all(_bits(one[name]) == _bits(other[name]) for name in one)


def _bits(values: NDArray[np.generic]) -> tuple[tuple[int, ...], object]:
    return values.shape, values.tolist() if values.dtype == object else values.tobytes()


def _rows(feeds: Feeds, chosen: slice | NDArray[np.intp]) -> Feeds:
    return {name: values[chosen] for name, values in feeds.items()}


def fastest(run: Callable[[Feeds], Feeds], feeds: Feeds, runs: int) -> float:
    """The seconds that the quickest of so many ``runs`` over ``feeds`` took."""
    taken = []
    for _ in range(runs):
        begun = time.perf_counter()
        run(feeds)
        taken.append(time.perf_counter() - begun)
    return min(taken)
