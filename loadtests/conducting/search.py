"""The search for the capacity: the highest rate at which what is asked of the service still holds."""

import math
from collections.abc import Callable
from typing import Literal

from lading.loadtests.result import Capacity

Limit = Literal["objectives", "generator"]
"""What was in the way of a step that did not hold: an objective that was missed, or the load generator itself."""
Probed = Literal["met"] | Limit
"""What came of one step at one rate."""
Probe = Callable[[float], Probed]

CLOSE = 1.04
"""The search ends where the lowest rate that is too high is at most this many times the highest that is not."""
LOWEST, HIGHEST = 0.1, 1e6
"""Requests a second between which it is looked for."""


def search(first: float, probe: Probe) -> Capacity | None:
    """The capacity, from a ``first`` rate on; None where even the lowest rate is too high.

    The rate, which is between ``LOWEST`` and ``HIGHEST``, is doubled, or halved, until one step holds and one does not;
    then the geometric mean of both is tried. A step that does not hold, whoever was the limit, is tried again, so that
    one disturbance does not decide.
    """
    low, high, limit = _bracketed(first, probe)
    while low is not None and high is not None and high / low > CLOSE:
        rate = math.sqrt(low * high)
        found = _twice(rate, probe)
        if found == "met":
            low = rate
        else:
            high, limit = rate, found
    if low is None:
        return None
    return Capacity(rate=low, above=high, limit="range" if high is None else limit)


def _bracketed(first: float, probe: Probe) -> tuple[float | None, float | None, Limit]:
    """A rate that holds and one that does not, the one twice the other where there are both, and what was in the way."""
    rate, low, high = first, None, None
    limit: Limit = "objectives"
    while LOWEST <= rate <= HIGHEST and (low is None or high is None):
        found = _twice(rate, probe)
        if found == "met":
            low = rate
            rate *= 2
        else:
            high, limit = rate, found
            rate /= 2
    return low, high, limit


def _twice(rate: float, probe: Probe) -> Probed:
    return "met" if probe(rate) == "met" else probe(rate)
