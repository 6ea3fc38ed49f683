"""The conductor: drives load at servers, step by step, and keeps what came of it, whatever ends it."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypedDict

from lading.loadtests.conducting.asking import text_of
from lading.loadtests.conducting.server import Server
from lading.loadtests.conducting.watching import Watch
from lading.loadtests.generating.crew import AHEAD, Crew, Driven
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.measuring.phases import phases_between
from lading.loadtests.measuring.step import INTERRUPTED, Phases, Purpose, Role, Step, Window

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
        """One step; raises ``HaltedError`` after it is kept where it was interrupted, or where either side ended."""
        return self.drive_all(purpose, {role: schedule})[0]

    def drive_all(self, purpose: Purpose, schedules: Mapping[Role, Sequence[Stretch]]) -> Sequence[Step]:
        """A step of each server, all over the same time; raises as ``drive`` does, the other steps being interrupted."""
        first = next(iter(schedules))
        self._board.begin(first, purpose, schedules[first])
        stations = {role: self._stations[role] for role in schedules}
        start, before = self.elapsed, {role: _told(station.server) for role, station in stations.items()}
        with ExitStack() as watching:
            watches = {
                role: watching.enter_context(Watch(station.server, station.crew.pids))
                for role, station in stations.items()
            }
            found = _Driving(stations, self._board).drive(schedules)
        steps = [
            Step(
                role=role,
                purpose=purpose,
                start=start,
                **_scheduled(schedules[role], driven.lasted),
                windows=driven.windows,
                machine=tuple(watches[role].samples),
                generator=driven.generator,
                ended=driven.ended,
            )
            for role, driven in found.items()
        ]
        self.steps += steps
        if halted := [step.ended for step in steps if step.ended is not None]:
            raise HaltedError(next((why for why in halted if why != INTERRUPTED), INTERRUPTED))
        phases = _phases(stations, before)
        self.steps[-len(steps) :] = [step.model_copy(update={"phases": phases.get(step.role)}) for step in steps]
        return self.steps[-len(steps) :]


class _Driving:
    """One drive of some servers at the same time."""

    def __init__(self, stations: Mapping[Role, Station], board: Board) -> None:
        self._stations, self._board = stations, board
        self._died: dict[Role, str] = {}
        self._over = False

    def drive(self, schedules: Mapping[Role, Sequence[Stretch]]) -> Mapping[Role, Driven]:
        """Drive each crew in a thread of its own, all from the same moment on; what is shown is the first server's."""
        start, first = time.monotonic() + AHEAD, next(iter(schedules))
        with interruptible(self.interrupt), ThreadPoolExecutor(len(schedules)) as threads:
            running = {
                role: threads.submit(self._drive, role, schedule, role == first, start)
                for role, schedule in schedules.items()
            }
            try:
                wait(running.values(), return_when=FIRST_EXCEPTION)
                found = {role: one.result() for role, one in running.items()}
            except BaseException:
                self.interrupt()
                raise
        return {
            role: replace(driven, ended=self._died[role]) if role in self._died else driven
            for role, driven in found.items()
        }

    def _drive(self, role: Role, schedule: Sequence[Stretch], shown: bool, start: float) -> Driven:
        driven = self._stations[role].crew.drive(schedule, partial(self._hear, role, shown), start)
        if driven.ended is not None:
            self.interrupt()
        return driven

    def interrupt(self) -> None:
        """End it for all."""
        self._over = True
        for station in self._stations.values():
            station.crew.interrupt()

    def _hear(self, role: Role, shown: bool, windows: Sequence[Window]) -> None:
        if self._over:  # an interruption that came before the drive has not ended it
            self._stations[role].crew.interrupt()
        if shown:
            self._board.show(windows)
        if role not in self._died and (why := self._stations[role].server.ended()) is not None:
            self._died[role] = why
            self.interrupt()


class _Scheduled(TypedDict):
    seconds: float
    breaks: float
    rate: float
    rate_after: float


def _scheduled(schedule: Sequence[Stretch], lasted: float) -> _Scheduled:
    """What a step says of its schedule, of which ``lasted`` seconds have passed, or all."""
    asked = [stretch for stretch in schedule if stretch.rate or stretch.rate_after]
    whole, active = (sum(stretch.seconds for stretch in stretches) for stretches in (schedule, asked))
    seconds = min(whole, lasted)
    mean = sum((stretch.rate + stretch.rate_after) / 2 * stretch.seconds for stretch in asked) / active
    changes = len({(stretch.rate, stretch.rate_after) for stretch in asked}) > 1
    return _Scheduled(
        seconds=seconds,
        breaks=seconds * (1 - active / whole),
        rate=mean if changes else asked[0].rate,
        rate_after=mean if changes else asked[-1].rate_after,
    )


@contextmanager
def interruptible(interrupt: Callable[[], None]) -> Iterator[None]:
    """Have the first Ctrl-C, or SIGTERM, end the drive that goes on; a second one ends the load test at once."""
    ending = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(one) for one in ending]

    def put_back() -> None:
        for one, handler in zip(ending, before, strict=True):
            signal.signal(one, handler)

    def end(*_: object) -> None:
        put_back()
        interrupt()

    for one in ending:
        signal.signal(one, end)
    try:
        yield
    finally:
        put_back()


def _told(server: Server) -> str | None:
    return None if server.metrics is None else text_of(server.metrics)


def _phases(stations: Mapping[Role, Station], before: Mapping[Role, str | None]) -> Mapping[Role, Phases | None]:
    """Where the time went between ``before`` and now, of each server that tells."""
    told = {role: text for role, text in before.items() if text is not None}
    if told:
        time.sleep(COUNTED_AFTER_SECONDS)
    found = dict[Role, Phases | None]()
    for role, text in told.items():
        after = _told(stations[role].server)
        found[role] = None if after is None else phases_between(text, after, stations[role].server.subject.digest)
    return found
