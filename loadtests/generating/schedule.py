"""The schedule: when requests are due; it knows nothing of the server, so that a slow one cannot make it wait."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Annotated

from pydantic import Field

from lading.bundles.records import Record


class Stretch(Record):
    """Requests that become due at a rate that changes evenly from ``rate`` to ``rate_after``."""

    seconds: Annotated[float, Field(gt=0)]
    rate: Annotated[float, Field(ge=0)]
    """Requests a second at its begin."""
    rate_after: Annotated[float, Field(ge=0)]
    """The same at its end."""


class Timetable:
    """When each request of some stretches, one after the other, is due.

    Request ``k`` is due when the integral of the rate reaches ``k + 1/2``: at a constant rate requests are evenly
    spaced, and of every stretch as many are due as its rate says, give or take one half.
    """

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._stretches = stretches
        self._begins = [0.0, *accumulate(one.seconds for one in stretches)]
        self._reached = [0.0, *accumulate((one.rate + one.rate_after) / 2 * one.seconds for one in stretches)]
        self.seconds = self._begins[-1]
        self.count = math.ceil(self._reached[-1] - 0.5)
        """Requests."""

    def due(self, number: int) -> float:
        """The seconds after the begin at which a request, counted from 0, is due; infinity beyond the last one."""
        if number >= self.count:
            return math.inf
        wanted = number + 0.5
        place = min(bisect_right(self._reached, wanted), len(self._stretches)) - 1
        return self._begins[place] + _seconds_until(self._stretches[place], wanted - self._reached[place])

    def reached(self, seconds: float) -> float:
        """The integral of the rate over so many seconds from the begin on."""
        place = min(bisect_right(self._begins, seconds), len(self._stretches)) - 1
        stretch, within = self._stretches[place], seconds - self._begins[place]
        slope = (stretch.rate_after - stretch.rate) / stretch.seconds
        return self._reached[place] + (stretch.rate + slope * within / 2) * within


def _seconds_until(stretch: Stretch, requests: float) -> float:
    """The root of ``rate * t + slope * t² / 2 = requests``, by the form of it that nothing cancels in."""
    slope = (stretch.rate_after - stretch.rate) / stretch.seconds
    root = math.sqrt(max(stretch.rate * stretch.rate + 2 * slope * requests, 0.0))
    return min(2 * requests / (stretch.rate + root), stretch.seconds)
