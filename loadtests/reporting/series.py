"""The series: what one side of a load test did over time, second by second or, of long tests, in wider bins."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lading.loadtests.measuring.latencies import Latencies, together
from lading.loadtests.measuring.step import INVALID, MachineSample, Role, Step, Window

MOST_BINS = 600
"""Points that a line has at most; more cannot be told apart."""


@dataclass(frozen=True)
class Bin:
    """What happened in one bin of one step."""

    at: float
    """Its begin, in seconds since the load test began."""
    seconds: float
    warm_up: bool
    latencies: Latencies
    due: float | None
    """Requests a second, as the two below, breaks left out; None where no more became due."""
    answered: float | None
    """None in the second after the last was due, which is never whole."""
    failed: float


@dataclass(frozen=True)
class Series:
    """One side of a load test over time, in stretches that hang together: one for each step."""

    stretches: tuple[tuple[Bin, ...], ...]
    machine: tuple[tuple[MachineSample, ...], ...]
    """With ``at`` counted from the begin of the load test."""


def series(steps: Sequence[Step], role: Role) -> Series:
    """What the steps of one ``role`` did."""
    own = sorted((step for step in steps if step.role == role), key=lambda step: step.start)
    width = bin_width(steps)
    return Series(
        tuple(stretch for step in own if (stretch := _bins(step, width))),
        tuple(samples for step in own if (samples := _samples(step, width))),
    )


def bin_width(steps: Iterable[Step]) -> int:
    """Whole seconds of a bin: one, or so many that a line has no more than ``MOST_BINS`` points."""
    return max(1, math.ceil(sum(step.seconds for step in steps) / MOST_BINS))


def _bins(step: Step, width: int) -> tuple[Bin, ...]:
    grouped: dict[int, list[Window]] = {}
    for window in step.windows:
        grouped.setdefault(window.second // width, []).append(window)
    return tuple(_bin(step, number * width, width, grouped[number]) for number in sorted(grouped))


def _bin(step: Step, second: int, width: int, windows: Sequence[Window]) -> Bin:
    inside = min(width, step.seconds - second)  # what becomes due stops there; what ends may end later
    cut_off = 0 >= inside > -1
    asked = inside * step.asked / step.seconds
    return Bin(
        at=step.start + second,
        seconds=width,
        warm_up=step.purpose == "warm-up",
        latencies=together(window.latencies for window in windows if window.form != INVALID),
        due=sum(window.due for window in windows) / asked if inside > 0 else None,
        answered=None
        if cut_off
        else sum(window.latencies.count for window in windows) / (asked if inside > 0 else width),
        failed=sum(sum(window.failures.values()) for window in windows) / width,
    )


def _samples(step: Step, width: int) -> tuple[MachineSample, ...]:
    return tuple(
        sample.model_copy(update={"at": step.start + sample.at})
        for place, sample in enumerate(step.machine)
        if place % width == 0
    )
