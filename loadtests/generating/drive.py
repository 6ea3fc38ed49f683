"""The drive: what one process of a crew does of a timetable, second by second, until all is answered or given up."""

import time
from collections.abc import Callable
from time import monotonic

import gevent

from lading.loadtests.generating.dispatcher import Dispatcher
from lading.loadtests.generating.load import Load
from lading.loadtests.generating.messages import Begin, Done, Part, Seconds
from lading.loadtests.generating.recorder import Recorder
from lading.loadtests.generating.schedule import Timetable

GRACE = 1.0
"""Seconds in which users still take what was due at the end; and in which a drive that is stopped ends."""
LOOK = 0.01
"""Seconds between two looks at whether it is time."""

BUSY_SECONDS = 3
"""The time over which the work of a process is looked at: long enough for a hiccup not to count, and a spike to."""

Tell = Callable[[Seconds], None]


class Drive:
    """One drive in one process."""

    def __init__(self, part: Part, load: Load, dispatcher: Dispatcher, order: Begin, tell: Tell) -> None:
        self._order, self._dispatcher, self._tell = order, dispatcher, tell
        self._timeout = load.timeout
        self._timetable = Timetable(order.stretches)
        share = part.number, part.processes
        self._recorder = Recorder(load.forms, self._timetable, order.start, *share)
        dispatcher.begin(self._timetable, order.start, self._recorder, *share)
        self._told = 0
        self._stopped = False

    def stop(self) -> None:
        """End at once: what is under way is awaited no longer than ``GRACE``, and then left out."""
        self._stopped = True

    def run(self) -> Done:
        """Wait for its end."""
        over = self._order.start + self._timetable.seconds
        busy = _Busy()
        self._wait(lambda: self._stopped or monotonic() >= over, busy.look)
        until = monotonic() + GRACE
        self._wait(lambda: self._stopped or not self._dispatcher.waiting or monotonic() >= until)
        self._dispatcher.settle()
        unsent = self._dispatcher.end(monotonic())
        # Each request has its own timeout, for connecting and once more for the answer.
        until = monotonic() + (GRACE if self._stopped else 2 * self._timeout + GRACE)
        self._wait(lambda: self._recorder.under_way == 0 or monotonic() >= until)
        windows = (*self._recorder.close(monotonic()), *self._recorder.rest())
        return Done(drive=self._order.drive, busy=busy.most, lag=self._recorder.lag, unsent=unsent, windows=windows)

    def _wait(self, over: Callable[[], bool], at_second: Callable[[], None] = lambda: None) -> None:
        while not over():
            gevent.sleep(LOOK)
            passed = int(monotonic() - self._order.start)
            if passed > self._told:
                self._told = passed
                at_second()
                windows = self._recorder.close(self._order.start + passed)
                self._tell(Seconds(drive=self._order.drive, passed=passed, windows=windows))


class _Busy:
    """How busy this process was at most over some seconds; over all, where there were not so many."""

    def __init__(self) -> None:
        self._marks = [self._now()]
        self._most = 0.0

    def look(self) -> None:
        """A second has passed."""
        self._marks = [*self._marks[-BUSY_SECONDS:], self._now()]
        if len(self._marks) > BUSY_SECONDS:
            self._most = max(self._most, _share(self._marks[0], self._marks[-1]))

    @property
    def most(self) -> float:
        """The share of a processor."""
        return self._most if len(self._marks) > BUSY_SECONDS else _share(self._marks[0], self._now())

    def _now(self) -> tuple[float, float]:
        return time.process_time(), monotonic()


def _share(first: tuple[float, float], last: tuple[float, float]) -> float:
    return (last[0] - first[0]) / (last[1] - first[1])
