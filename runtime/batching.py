"""Batching: requests that wait for a busy model are answered in one run, where that is the same, and sooner."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
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

Work = Callable[[Feeds, Run | None], Feeds]
"""Runs a model over the rows of some feeds."""

MOST_ROWS = 32
"""In one batch."""
TRIED_ROWS = 8
TRIED_RUNS = 3
WORTH = 0.7
"""The most that a row in a batch may take of the time that it takes by itself."""
LONGEST_SECONDS = 1.0
"""A run that takes longer is not tried at load, which would take as long as several of them."""


class Batching(Record):
    """Whether a model is batched, as was found when it was loaded."""

    used: bool
    reason: str


AT_ONCE = Batching(used=False, reason="one run takes less than a millisecond, and is made at once")
WHOLE = Batching(used=False, reason="the graph takes one request as a whole")
ENDLESS = Batching(
    used=False, reason="how long the graph takes may depend on the values: one request could keep others"
)
LONG = Batching(used=False, reason=f"one run takes more than {LONGEST_SECONDS:g} s")
FEW = Batching(used=False, reason="there are too few golden rows to try it on")
OTHERWISE = Batching(used=False, reason="golden rows are not answered in a batch, to the bit, as they are one by one")


def tried(run: Callable[[Feeds], Feeds], feeds: Feeds) -> Batching:
    """Whether it is the same and pays to ``run`` rows together, tried on golden ``feeds``."""
    rows = len(next(iter(feeds.values())))
    if rows < 2:
        return FEW
    one = _fastest(run, _rows(feeds, slice(0, 1)))
    if one > LONGEST_SECONDS:
        return LONG
    chosen = _rows(feeds, np.resize(np.arange(rows), TRIED_ROWS))
    if not _same(run, chosen):
        return OTHERWISE
    share = _fastest(run, chosen) / TRIED_ROWS / one
    said = f"a row in a batch of {TRIED_ROWS} takes {share:.0%} of the time that it takes by itself"
    return Batching(used=share <= WORTH, reason=said)


@dataclass(eq=False)
class _Waiting:
    """A request that waits for its answer."""

    feeds: Feeds
    rows: int
    run: Run
    answer: "Future[Feeds]" = field(default_factory=Future)

    @property
    def form(self) -> Mapping[str, tuple[np.dtype[Any], tuple[int, ...]]]:
        """What must be the same for two of them to be run together."""
        return {name: (values.dtype, values.shape[1:]) for name, values in self.feeds.items()}


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
        feeds = {name: np.concatenate([one.feeds[name] for one in batch]) for name in batch[0].feeds}
        try:
            outputs = self._work(feeds, run)
        except Exception:  # one of them may be what is wrong
            return False
        begin = 0
        for question in batch:
            question.run.began, question.run.ended = run.began, run.ended
            end = begin + question.rows
            question.answer.set_result({name: values[begin:end] for name, values in outputs.items()})
            begin = end
        return True


def _same(run: Callable[[Feeds], Feeds], feeds: Feeds) -> bool:
    """Whether the rows of ``feeds`` are answered together, by twos and all at once, as they are one by one."""
    rows = len(next(iter(feeds.values())))
    single = _joined(run, feeds, rows, 1)
    return all(_equal(single, _joined(run, feeds, rows, size)) for size in (2, 3, rows))


def _joined(run: Callable[[Feeds], Feeds], feeds: Feeds, rows: int, size: int) -> Feeds:
    parts = [run(_rows(feeds, slice(begin, begin + size))) for begin in range(0, rows, size)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _equal(one: Feeds, other: Feeds) -> bool:
    return all(_bits(one[name]) == _bits(other[name]) for name in one)


def _bits(values: NDArray[np.generic]) -> tuple[tuple[int, ...], object]:
    return values.shape, values.tolist() if values.dtype == object else values.tobytes()


def _rows(feeds: Feeds, chosen: slice | NDArray[np.intp]) -> Feeds:
    return {name: values[chosen] for name, values in feeds.items()}


def _fastest(run: Callable[[Feeds], Feeds], feeds: Feeds) -> float:
    taken = []
    for _ in range(TRIED_RUNS):
        begun = time.perf_counter()
        run(feeds)
        taken.append(time.perf_counter() - begun)
    return min(taken)
