"""The dispatcher: hands each request that becomes due to a user who is idle, the moment it does."""

import math
from time import monotonic
from typing import Any, NamedTuple

import gevent
from gevent import get_hub, getcurrent

from lading.loadtests.generating.alarm import alarm
from lading.loadtests.generating.recorder import Record, Unrecorded
from lading.loadtests.generating.schedule import Timetable


class Arrival(NamedTuple):
    """One request that is to be sent."""

    number: int
    """Counted from 0 over all processes."""
    due: float
    """In seconds of the monotonic clock."""
    recorder: Record


class Dispatcher:
    """Gives arrivals to users; where none is idle an arrival waits, and is late through the server's fault alone.

    Users come to ``take`` whenever they are idle, and stay between one timetable and the next.
    """

    def __init__(self) -> None:
        self._hub: Any = get_hub()
        self._alarm = alarm(self._ring)
        self._idle: list[Any] = []
        self._closed = False
        self._timetable: Timetable | None = None
        self._recorder: Record = Unrecorded()
        self._start, self._number, self._step, self._due = 0.0, 0, 1, math.inf

    def begin(self, timetable: Timetable, start: float, recorder: Record, first: int = 0, step: int = 1) -> None:
        """Hand out every ``step``-th arrival of ``timetable`` from the ``first`` on, counting time from ``start``."""
        self._timetable, self._start, self._recorder, self._step = timetable, start, recorder, step
        self._go_to(first)
        self._alarm.set(self._due)

    def take(self) -> Arrival | None:
        """The next arrival, for a user to whom it is handed the moment that it is due; None once there are no more."""
        if self._closed:
            return None
        now = monotonic()
        if self._due <= now:
            if self._idle:  # somebody was free when it was due, and the hub had no time to say so
                self._recorder.lagged(now - self._due)
            return self._next()
        user = getcurrent()
        self._idle.append(user)
        self._alarm.set(self._due)
        try:
            arrival: Arrival | None = self._hub.switch()
        except BaseException:
            if user in self._idle:
                self._idle.remove(user)
            raise
        return arrival

    def settle(self) -> None:
        """Hand out what came due, to users who are idle, since the hub looked last."""
        self._hub.loop.run_callback(self._ring)
        gevent.sleep(0)

    def end(self, now: float) -> int:
        """Hand out no more of this timetable; returns how many were due at ``now`` that nobody took."""
        unsent = 0
        while self._due <= now:
            self._recorder.unsent(self._number)
            unsent += 1
            self._go_to(self._number + self._step)
        self._recorder.end(now)
        self._due = math.inf
        self._alarm.set(math.inf)
        return unsent

    @property
    def idle_users(self) -> int:
        """How many users wait for an arrival."""
        return len(self._idle)

    @property
    def waiting(self) -> bool:
        """Whether an arrival is due and nobody has taken it."""
        return self._due <= monotonic()

    def close(self) -> None:
        """Send every user home."""
        self._closed, self._due = True, math.inf
        self._alarm.close()
        idle, self._idle = self._idle, []
        for user in idle:
            self._hub.loop.run_callback(user.switch, None)

    def _ring(self) -> None:
        """Hand out what is due while somebody is idle."""
        now = monotonic()
        while self._idle and self._due <= now:
            self._recorder.lagged(now - self._due)
            self._idle.pop().switch(self._next())  # runs until it waits for the server
            now = monotonic()
        self._alarm.set(self._due if self._idle else math.inf)

    def _next(self) -> Arrival:
        arrival = Arrival(self._number, self._due, self._recorder)
        self._recorder.under_way += 1
        self._go_to(self._number + self._step)
        return arrival

    def _go_to(self, number: int) -> None:
        self._number = number
        self._due = math.inf if self._timetable is None else self._start + self._timetable.due(number)
