"""Scales: where on an axis a value lies, and which values are written beside it."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

WIDE = 20.0
"""From this ratio of the largest to the smallest value on, a logarithmic axis shows more than a linear one."""

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Scale:
    """An axis from ``low`` to ``high``; ``ticks`` are the values that are written."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where ``value`` lies: 0 at the low end, 1 at the high one; what lies beyond is put at the end."""
        if self.logarithmic:
            found = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            found = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, found))


def linear(values: Iterable[float], *, zero: bool = True, ticks: int = 5) -> Scale:
    """A linear axis whose ends are round, from zero unless told otherwise."""
    found = list(values)
    low = min([0.0, *found]) if zero else min(found, default=0.0)
    high = max(found, default=1.0)
    if high <= low:
        high = low + 1.0
    step = _round_step((high - low) / ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    marks = tuple(float(f"{number * step:.12g}") for number in range(first, last + 1))
    return Scale(marks[0], marks[-1], marks)


def linear_bytes(values: Iterable[float]) -> Scale:
    """A linear axis of bytes from zero, whose marks are round in MiB."""
    found = linear(value / MEBIBYTE for value in values)
    return Scale(found.low * MEBIBYTE, found.high * MEBIBYTE, tuple(tick * MEBIBYTE for tick in found.ticks))


def logarithmic(values: Iterable[float]) -> Scale:
    """A logarithmic axis; its marks are 1, 2 and 5 of each decade, fewer where there are many decades."""
    found = [value for value in values if value > 0]
    low, high = min(found, default=1.0), max(found, default=10.0)
    decades = math.log10(high / low)
    heads = (1, 2, 5) if decades < 2.2 else (1, 3) if decades < 3.4 else (1,)
    marks = [float(f"{head}e{power}") for power in range(_power(low) - 1, _power(high) + 2) for head in heads]
    first = max(place for place, mark in enumerate(marks) if mark <= low * 1.0001)
    last = min(place for place, mark in enumerate(marks) if mark >= high * 0.9999)
    last = max(last, first + 1)
    return Scale(marks[first], marks[last], tuple(marks[first : last + 1]), logarithmic=True)


def fitting(values: Iterable[float]) -> Scale:
    """A linear axis from zero, or a logarithmic one where the values reach far."""
    found = [value for value in values if value > 0]
    wide = bool(found) and max(found) / min(found) > WIDE
    return logarithmic(found) if wide else linear(found)


def shares(rarest: float) -> Scale:
    """An axis of quantiles on which each further nine is as wide as the one before; from one half to ``1 - rarest``.

    Its values are 1 over the share that takes longer: 2, 10, 100, …
    """
    ends = [2.0, 10.0]
    while ends[-1] < 1 / rarest * 0.999 and len(ends) < 7:
        ends.append(ends[-1] * 10)
    return Scale(ends[0], ends[-1], tuple(ends), logarithmic=True)


def clock(seconds: float) -> Callable[[float], str]:
    """How moments of a test that took so many ``seconds`` are written.

    >>> clock(90)(30.0), clock(600)(150.0), clock(7200)(5400.0)
    ('30 s', '2:30', '1:30 h')
    """
    if seconds <= 180:
        return lambda at: f"{at:.6g} s"
    if seconds < 7200:
        return lambda at: f"{int(at) // 60}:{int(at) % 60:02d}"
    return lambda at: f"{int(at) // 3600}:{int(at) % 3600 // 60:02d} h"


def times(low: float, high: float) -> Scale:
    """An axis of time from ``low`` to ``high`` seconds exactly, with marks at round times."""
    high = max(high, low + 1)
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
    step = next((step for step in steps if (high - low) / step <= 7), 86400)
    marks = range(math.ceil(low / step), math.floor(high / step) + 1)
    return Scale(low, high, tuple(float(mark * step) for mark in marks))


def _power(value: float) -> int:
    return math.floor(math.log10(value))


def _round_step(step: float) -> float:
    size = 10.0 ** math.floor(math.log10(step))
    return next(size * head for head in (1, 2, 2.5, 5, 10) if size * head >= step * 0.999)
