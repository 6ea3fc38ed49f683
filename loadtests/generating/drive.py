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
        busy, began = time.process_time(), monotonic()
        over = self._order.start + self._timetable.seconds
        self._wait(lambda: self._stopped or monotonic() >= over)
        busy, began = time.process_time() - busy, monotonic() - began
        until = monotonic() + GRACE
        self._wait(lambda: self._stopped or not self._dispatcher.waiting or monotonic() >= until)
        unsent = self._dispatcher.end(monotonic())
        # Each request has its own timeout, for connecting and once more for the answer.
        until = monotonic() + (GRACE if self._stopped else 2 * self._timeout + GRACE)
        self._wait(lambda: self._recorder.under_way == 0 or monotonic() >= until)
        windows = (*self._recorder.close(monotonic()), *self._recorder.rest())
        return Done(drive=self._order.drive, busy=busy / began, lag=self._recorder.lag, unsent=unsent, windows=windows)

    def _wait(self, over: Callable[[], bool]) -> None:
        while not over():
            gevent.sleep(LOOK)
            passed = int(monotonic() - self._order.start)
            if passed > self._told:
                self._told = passed
                windows = self._recorder.close(self._order.start + passed)
                self._tell(Seconds(drive=self._order.drive, passed=passed, windows=windows))
