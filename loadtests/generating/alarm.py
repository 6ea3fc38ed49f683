"""The alarm: wakes gevent's hub at a time, to some microseconds; its own timers count milliseconds on Linux."""

import ctypes
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from gevent import get_hub

READABLE = 1
_ABSOLUTE = 1
"""TFD_TIMER_ABSTIME."""


class Alarm(Protocol):
    """Rings once, at the time that was set last."""

    def set(self, at: float) -> None:
        """Ring at a time of the monotonic clock, in seconds, now if it is past; never where it is infinite."""
        ...

    def close(self) -> None:
        """Never ring again."""
        ...


def alarm(ring: Callable[[], None]) -> Alarm:
    """An alarm that calls ``ring`` in the hub, which must set it again, if to never."""
    return _TimerFile(ring) if sys.platform == "linux" else _LoopTimer(ring)


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Timer(ctypes.Structure):
    _fields_ = (("interval", _Time), ("value", _Time))


class _TimerFile:
    """Linux's timerfd, a clock of high resolution that the hub watches as it does sockets (see timerfd_create(2))."""

    def __init__(self, ring: Callable[[], None]) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._set = library.timerfd_settime
        self._file = library.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._timer = _Timer()
        self._reference = ctypes.byref(self._timer)
        self._watcher: Any = get_hub().loop.io(self._file, READABLE)
        self._watcher.start(ring)

    def set(self, at: float) -> None:
        """Setting it also takes back that it rang."""
        value = self._timer.value
        if at == math.inf:
            value.seconds = value.nanoseconds = 0
        else:
            value.seconds, value.nanoseconds = divmod(max(int(at * 1e9), 1), 1_000_000_000)
        self._set(self._file, _ABSOLUTE, self._reference, None)

    def close(self) -> None:
        """Let go of the file."""
        self._watcher.close()
        os.close(self._file)


class _LoopTimer:
    """The hub's own timer, which is exact elsewhere."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._timer: Any = None

    def set(self, at: float) -> None:
        """One timer is given up for another."""
        self.close()
        if at != math.inf:
            self._timer = get_hub().loop.timer(max(at - time.monotonic(), 0.0))
            self._timer.start(self._ring)

    def close(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.close()
            self._timer = None
