"""The recorder: what happened to the requests of one drive in one process, second by second."""

import sys
from collections.abc import Sequence
from typing import Protocol

from lading.loadtests.generating.schedule import Timetable
from lading.loadtests.measuring.latencies import Latencies, bucket_of, gathered
from lading.loadtests.measuring.step import Window

UNSENT = "never sent"
"""The failure of a request that was due, and that no user was idle to send until the drive was over."""


class Record(Protocol):
    """Is told what becomes of requests; all times are of the monotonic clock, in seconds."""

    under_way: int
    """Requests that were handed to a user and have not ended."""

    def answered(self, number: int, due: float, sent: float, ended: float) -> None:
        """The request of arrival ``number`` was answered rightly."""
        ...

    def failed(self, number: int, kind: str, ended: float) -> None:
        """It was not."""
        ...

    def unsent(self, number: int) -> None:
        """Nobody sent it; it counts where it was due."""
        ...

    def lagged(self, seconds: float) -> None:
        """An arrival was handed out so late although a user was idle."""
        ...

    def end(self, now: float) -> None:
        """Nothing that is due after ``now`` counts."""
        ...


class _Cell:
    """One second of one form."""

    __slots__ = ("due", "failures", "latencies", "service")

    def __init__(self) -> None:
        self.due = 0
        self.latencies: dict[int, int] = {}
        self.service: dict[int, int] = {}
        self.failures: dict[str, int] = {}

    def window(self, second: int, form: str) -> Window:
        """The same as a record."""
        latencies, service = gathered(self.latencies), gathered(self.service)
        return Window(
            second=second, form=form, due=self.due, latencies=latencies, service=service, failures=self.failures
        )


class Recorder:
    """Counts what became due and what came of it.

    ``forms`` are those of the requests of a pool, which are asked in their order, again and again; every ``step``-th
    arrival from the ``first`` on is this process's. All times are of the monotonic clock, in seconds.
    """

    def __init__(self, forms: Sequence[str], timetable: Timetable, start: float, first: int = 0, step: int = 1) -> None:
        self._forms, self._timetable, self._start, self._step = forms, timetable, start, step
        self._cells: dict[tuple[int, str], _Cell] = {}
        self._lag: dict[int, int] = {}
        self._counted = first
        self._closed = 0
        self._last = sys.float_info.max
        self.under_way = 0
        """Requests that were handed to a user and have not ended."""

    def answered(self, number: int, due: float, sent: float, ended: float) -> None:
        """The request of arrival ``number`` was answered rightly."""
        self.under_way -= 1
        cell = self._cell(number, ended)
        bucket = bucket_of(ended - due)
        cell.latencies[bucket] = cell.latencies.get(bucket, 0) + 1
        bucket = bucket_of(ended - sent)
        cell.service[bucket] = cell.service.get(bucket, 0) + 1

    def failed(self, number: int, kind: str, ended: float) -> None:
        """It was not."""
        self.under_way -= 1
        self._fail(number, kind, ended)

    def unsent(self, number: int) -> None:
        """Nobody sent it; it counts where it was due."""
        self._fail(number, UNSENT, self._start + self._timetable.due(number))

    def lagged(self, seconds: float) -> None:
        """An arrival was handed out so late although a user was idle."""
        bucket = bucket_of(seconds)
        self._lag[bucket] = self._lag.get(bucket, 0) + 1

    @property
    def lag(self) -> Latencies:
        """How late arrivals were handed out."""
        return gathered(self._lag)

    def end(self, now: float) -> None:
        """Nothing that is due after ``now`` counts."""
        self._last = now - self._start

    def close(self, now: float) -> tuple[Window, ...]:
        """The windows of all seconds that have passed at ``now`` and were not closed before.

        Whatever ends later must end at ``now`` or after it.
        """
        self._count_due(now - self._start)
        self._closed = max(self._closed, int(now - self._start))
        return self._popped([key for key in self._cells if key[0] < self._closed])

    def rest(self) -> tuple[Window, ...]:
        """The windows that were never closed."""
        return self._popped(list(self._cells))

    def _popped(self, keys: list[tuple[int, str]]) -> tuple[Window, ...]:
        return tuple(self._cells.pop(key).window(*key) for key in sorted(keys))

    def _count_due(self, seconds: float) -> None:
        while (due := self._timetable.due(self._counted)) <= min(seconds, self._last):
            self._at(int(due), self._form(self._counted)).due += 1
            self._counted += self._step

    def _fail(self, number: int, kind: str, at: float) -> None:
        failures = self._cell(number, at).failures
        failures[kind] = failures.get(kind, 0) + 1

    def _cell(self, number: int, at: float) -> _Cell:
        return self._at(max(int(at - self._start), self._closed), self._form(number))

    def _at(self, second: int, form: str) -> _Cell:
        key = (second, form)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = _Cell()
        return cell

    def _form(self, number: int) -> str:
        return self._forms[number % len(self._forms)]


class Unrecorded:
    """Keeps nothing, where locust's own statistics do."""

    under_way = 0

    def answered(self, number: int, due: float, sent: float, ended: float) -> None:
        """Nothing is counted."""

    def failed(self, number: int, kind: str, ended: float) -> None:
        """Nothing is counted."""

    def unsent(self, number: int) -> None:
        """Nothing is counted."""

    def lagged(self, seconds: float) -> None:
        """Nothing is counted."""

    def end(self, now: float) -> None:
        """Nothing is counted."""
