"""The search for the capacity: the highest rate at which what is asked of the service still holds."""

import math
from collections.abc import Callable
from typing import Literal

from lading.loadtests.result import Capacity

Probed = Literal["met", "missed", "generator"]
"""What came of one step at one rate; the load generator may have been the limit."""
Probe = Callable[[float], Probed]

CLOSE = 1.04
"""The search ends where the lowest rate that is too high is at most this many times the highest that is not."""
LOWEST, HIGHEST = 0.1, 1e6
"""Requests a second between which it is looked for."""


def search(first: float, probe: Probe) -> Capacity | None:
    """The capacity, from a ``first`` rate on; None where even the lowest rate is too high.

    The rate is doubled, or halved, until one step holds and one does not; then the geometric mean of both is tried.
    A step that does not hold is tried again, so that one disturbance does not decide.
    """
    low, high, limit = _bracketed(first, probe)
    while low is not None and high is not None and high / low > CLOSE:
        rate = math.sqrt(low * high)
        found = _twice(rate, probe)
        if found == "met":
            low = rate
        else:
            high, limit = rate, "generator" if found == "generator" else "objectives"
    if low is None:
        return None
    return Capacity(rate=low, above=high, limit="range" if high is None else limit)


def _bracketed(first: float, probe: Probe) -> tuple[float | None, float | None, Literal["objectives", "generator"]]:
    """A rate that holds and one that does not, the one twice the other where there are both, and what was in the way."""
    rate, low, high = first, None, None
    limit: Literal["objectives", "generator"] = "objectives"
    while LOWEST <= rate <= HIGHEST and (low is None or high is None):
        found = _twice(rate, probe)
        if found == "met":
            low = rate
            rate *= 2
        else:
            high, limit = rate, "generator" if found == "generator" else "objectives"
            rate /= 2
    return low, high, limit


def _twice(rate: float, probe: Probe) -> Probed:
    found = probe(rate)
    return probe(rate) if found == "missed" else found
