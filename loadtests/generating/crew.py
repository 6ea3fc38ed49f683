"""The crew: processes that generate load together, each a locust runner with its share of the users."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from lading.core.errors import LadingError, UsageError
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.generating.child import Child, children_reports
from lading.loadtests.generating.messages import Begin, Done, Failed, Part, Ready, Seconds, Stop
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.measuring.latencies import together
from lading.loadtests.measuring.step import GENERATOR_FAILED, INTERRUPTED, Generator, Window, merged
from lading.loadtests.plan import Traffic

OnWindows = Callable[[Sequence[Window]], None]
"""Told the windows of each second that has passed, about a second after it did; what it is told is what ``drive`` returns."""

AHEAD = 0.02
"""Seconds from the order to begin until the first moment of the schedule, so that every process has it by then."""


class GeneratorError(LadingError):
    """A process that generates load failed."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"{GENERATOR_FAILED}: {self.problem}"


class LoadRefusedError(UsageError):
    """What was to be asked cannot be asked so."""


@dataclass(frozen=True)
class Driven:
    """What came of one drive."""

    windows: tuple[Window, ...]
    """Of all processes together, by second and form; what was answered after the last stretch has seconds of its own."""
    generator: Generator
    lasted: float
    """Seconds until it ended, if that was before its time; no less than its schedule has when it was not."""
    ended: str | None = None
    """Why it ended before its time: ``interrupted``, or that a process failed; None when it did not."""


class Crew:
    """Processes that ask one deployment what the users of a bundle's model ask.

    A context manager: it starts its processes, waits until each has opened the bundle, drawn its requests and
    connected, and ends them, and only them, whatever happens; when this process dies, they end as well. A Ctrl-C does
    not reach them, it is this process's to handle. Of the users of ``traffic`` each process has its part, and of the
    arrivals of ``P`` processes every ``P``-th; there are no more processes than users.
    """

    def __init__(self, bundle: Path, endpoint: Endpoint, traffic: Traffic, processes: int = 1) -> None:
        processes = min(processes, traffic.users)
        self._parts = [
            Part(
                bundle=bundle.absolute(),
                endpoint=endpoint,
                traffic=traffic,
                users=traffic.users // processes + (number < traffic.users % processes),
                number=number,
                processes=processes,
            )
            for number in range(processes)
        ]
        self._children: list[Child] = []
        self._drives = 0
        self._going_on: _Collected | None = None
        self._stopped: float | None = None

    @property
    def pids(self) -> Sequence[int]:
        """The ids of its processes."""
        return [child.pid for child in self._children]

    def drive(
        self, stretches: Sequence[Stretch], on_windows: OnWindows | None = None, start: float | None = None
    ) -> Driven:
        """Ask as ``stretches`` say, one after the other, and wait until all is answered or given up.

        The first begins at ``start`` of the monotonic clock, else as soon as can be. It can be called again and again,
        and begins at once: processes, users and connections stay. A process that fails or dies ends it, and what it had
        told until then counts; the crew is of no use any more, and the next call raises ``GeneratorError``. What is
        raised while it waits, by Ctrl-C or by ``on_windows``, stops the drive first.
        """
        self._finish()
        self._drives += 1
        self._stopped = None
        start = monotonic() + AHEAD if start is None else start
        order = Begin(drive=self._drives, start=start, stretches=tuple(stretches))
        self._tell(order)
        collected = self._going_on = _Collected(len(self._children), on_windows)
        failed: str | None = None
        try:
            self._collect(collected)
        except GeneratorError as error:
            self._tell(Stop())
            failed, self._stopped = str(error), monotonic()
        except BaseException:
            self._tell(Stop())
            raise
        ended = failed if failed is not None else None if self._stopped is None else INTERRUPTED
        lasted = (monotonic() if self._stopped is None else self._stopped) - start
        return Driven(tuple(collected.windows), collected.generator(), max(lasted, 0.0), ended)

    def interrupt(self) -> None:
        """End the drive that is going on, from a signal's handler or another thread; ``drive`` returns what there is.

        Arrivals end at once; what is under way is awaited for a second, and left out if it takes longer.
        """
        if self._stopped is None:
            self._stopped = monotonic()
        self._tell(Stop())

    def _collect(self, collected: "_Collected") -> None:
        """Wait for the reports of the drive that is going on."""
        for child, report in children_reports(self._children):
            if isinstance(report, Failed):
                raise GeneratorError(report.problem)
            if not isinstance(report, Ready) and collected.take(child, report):
                break
        self._going_on = None

    def _finish(self) -> None:
        """Wait until a drive has ended that was stopped by what was raised from it."""
        if self._going_on is not None:
            self._going_on.on_windows = None
            self._collect(self._going_on)

    def _tell(self, order: Begin | Stop) -> None:
        for child in self._children:
            child.tell(order)

    def __enter__(self) -> Self:
        """Start the processes. Raises ``LoadRefusedError`` and ``GeneratorError``."""
        try:
            self._children += [Child(part) for part in self._parts]
            waiting = len(self._children)
            for _, report in children_reports(self._children):
                if isinstance(report, Failed):
                    raise LoadRefusedError(report.problem) if report.usage else GeneratorError(report.problem)
                waiting -= 1
                if not waiting:
                    break
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        for child in self._children:
            child.leave()
        while self._children:
            self._children.pop().end()


@dataclass
class _Collected:
    """What the processes have reported of one drive."""

    processes: int
    on_windows: OnWindows | None
    windows: list[Window] = field(default_factory=list)
    _passed: dict[Child, int] = field(default_factory=dict)
    _done: list[Done] = field(default_factory=list)
    _waiting: list[Window] = field(default_factory=list)

    def take(self, child: Child, report: Seconds | Done) -> bool:
        """Whether that was the last report."""
        self._waiting += report.windows
        if isinstance(report, Done):
            self._done.append(report)
            self._passed.pop(child, None)
        else:
            self._passed[child] = report.passed
        self._tell()
        return len(self._done) == self.processes

    def generator(self) -> Generator:
        """How hard the processes worked."""
        return Generator(
            processes=self.processes,
            busiest=max((one.busy for one in self._done), default=0.0),
            lag=together(one.lag for one in self._done),
            unsent=sum(one.unsent for one in self._done),
        )

    def _tell(self) -> None:
        """Tell the seconds that have passed in all processes; what one that is done says comes with the others'."""
        if len(self._done) == self.processes:
            ready, self._waiting = self._waiting, []
        elif len(self._passed) + len(self._done) < self.processes:
            return
        else:
            passed = min(self._passed.values())
            ready = [window for window in self._waiting if window.second < passed]
            self._waiting = [window for window in self._waiting if window.second >= passed]
        if ready:
            found = merged(ready)
            self.windows += found
            if self.on_windows is not None:
                self.on_windows(found)
