"""The conductor: drives load at servers, step by step, and keeps what came of it, whatever ends it."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from lading.loadtests.conducting.asking import text_of
from lading.loadtests.conducting.server import Server
from lading.loadtests.conducting.watching import Watch
from lading.loadtests.generating.crew import Crew
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.measuring.phases import phases_between
from lading.loadtests.measuring.step import INTERRUPTED, Generator, Phases, Purpose, Role, Step, Window

COUNTED_AFTER_SECONDS = 0.6
"""Replicas write their counts down four times a second."""


class HaltedError(Exception):
    """A step ended before its time; the message says why."""


class Board(Protocol):
    """What shows how a load test goes."""

    def begin(self, role: Role, purpose: Purpose, schedule: Sequence[Stretch]) -> None:
        """A step begins."""

    def show(self, windows: Sequence[Window]) -> None:
        """About a second of it has passed."""


@dataclass(frozen=True)
class Station:
    """A server, and those who ask it."""

    server: Server
    crew: Crew


class Conductor:
    """Drives load at the servers of both roles; ``steps`` is what came of it until now."""

    def __init__(self, stations: Mapping[Role, Station], board: Board) -> None:
        self.steps: list[Step] = []
        self._stations, self._board, self._begun = stations, board, time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._begun

    @property
    def roles(self) -> Sequence[Role]:
        """Whose servers there are."""
        return tuple(self._stations)

    def interrupted(self) -> None:
        """Say of the last step that the test ended with it: an interruption came between two."""
        self.steps[-1] = self.steps[-1].model_copy(update={"ended": INTERRUPTED})

    def drive(self, role: Role, purpose: Purpose, schedule: Sequence[Stretch]) -> Step:
        """One step; raises ``HaltedError`` after it is kept where it was interrupted, or where the server ended."""
        station = self._stations[role]
        self._board.begin(role, purpose, schedule)
        start, before = self.elapsed, _told(station.server)
        with Watch(station.server, station.crew.pids) as watch:
            windows, generator, ended = self._driven(station, schedule)
        step = Step(
            role=role,
            purpose=purpose,
            start=start,
            seconds=sum(stretch.seconds for stretch in schedule),
            rate=schedule[0].rate,
            rate_after=schedule[-1].rate_after,
            windows=tuple(windows),
            machine=tuple(watch.samples),
            phases=None if ended is not None else _phases(station.server, before),
            generator=generator,
            ended=ended,
        )
        self.steps.append(step)
        if ended is not None:
            raise HaltedError(ended)
        return step

    def _driven(self, station: Station, schedule: Sequence[Stretch]) -> tuple[Sequence[Window], Generator, str | None]:
        why: str | None = None

        def hear(windows: Sequence[Window]) -> None:
            nonlocal why
            self._board.show(windows)
            if why is None and (why := station.server.ended()) is not None:
                station.crew.interrupt()

        with interruptible(station.crew):
            driven = station.crew.drive(schedule, hear)
        return driven.windows, driven.generator, why if why is not None else driven.ended


@contextmanager
def interruptible(crew: Crew) -> Iterator[None]:
    """Have the first Ctrl-C, or SIGTERM, end the drive that goes on; a second one ends the load test at once."""
    ending = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(one) for one in ending]

    def put_back() -> None:
        for one, handler in zip(ending, before, strict=True):
            signal.signal(one, handler)

    def end(*_: object) -> None:
        put_back()
        crew.interrupt()

    for one in ending:
        signal.signal(one, end)
    try:
        yield
    finally:
        put_back()


def _told(server: Server) -> str | None:
    return None if server.metrics is None else text_of(server.metrics)


def _phases(server: Server, before: str | None) -> Phases | None:
    """Where the time went between ``before`` and now."""
    if before is None:
        return None
    time.sleep(COUNTED_AFTER_SECONDS)
    after = _told(server)
    return None if after is None else phases_between(before, after, server.subject.digest)
