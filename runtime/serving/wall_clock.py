"""The wall clock: whether the time of day was set back."""

import time
from collections.abc import Callable

LEAST_SECONDS = 10.0
"""Less does not matter."""


class WallClock:
    """The time of day beside a clock that nobody sets."""

    def __init__(self, day: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._day, self._steady = day, steady
        self._ahead = self._difference()

    def set_back(self) -> float:
        """By how many seconds it was set back since the last call; 0 where that does not matter."""
        before, self._ahead = self._ahead, self._difference()
        return back if (back := before - self._ahead) >= LEAST_SECONDS else 0.0

    def _difference(self) -> float:
        return self._day() - self._steady()
