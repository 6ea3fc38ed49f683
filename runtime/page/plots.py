"""Plots: the shape of one column of the training data, small enough to stand beside its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lading.bundles.outline import scalar
from lading.bundles.profile import ColumnProfile, Quantile
from lading.runtime.page.words import share

WIDTH, HEIGHT = 120, 32
"""Of a histogram's view box."""

BINS = 24
SHOWN_CATEGORIES = 6


@dataclass(frozen=True)
class Histogram:
    """A distribution of numbers as one SVG path in a box of 120 by 32."""

    path: str
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Overlay:
    """Two distributions of the same numbers on one scale: the first as a shape, the second as a line around its own."""

    path: str
    line: str


@dataclass(frozen=True)
class Bar:
    """One category: its text, its share in percent for reading, and its length from 0 to 100."""

    text: str
    share: str
    length: float


def histogram(column: ColumnProfile) -> Histogram | None:
    """The distribution of a numeric column's finite values; None where there is nothing to draw."""
    if len(column.quantiles) < 2 or column.type not in ("number", "integer"):
        return None
    shares = shares_in_bins(column.quantiles)
    tallest = max(shares)
    if tallest <= 0:
        return None
    step = WIDTH / len(shares)
    bars = [_bar(index * step, step, HEIGHT * value / tallest) for index, value in enumerate(shares) if value > 0]
    return Histogram("".join(bars), column.quantiles[0].value, column.quantiles[-1].value)


def overlay(shape: Sequence[Quantile], line: Sequence[Quantile]) -> Overlay:
    """The distributions over the same values that these quantiles tell; the second need not reach from 0 to 1."""
    first, second = shares_in_bins(shape), shares_in_bins(line)
    tallest = max(*first, *second)
    step, scale = WIDTH / BINS, HEIGHT / tallest if tallest > 0 else 0.0
    bars = [_bar(index * step, step, scale * value) for index, value in enumerate(first) if value > 0]
    tops = [f"V{HEIGHT - scale * value:.1f}H{(index + 1) * step:.1f}" for index, value in enumerate(second)]
    return Overlay("".join(bars), f"M0 {HEIGHT}{''.join(tops)}V{HEIGHT}")


def shares_in_bins(quantiles: Sequence[Quantile], bins: int = BINS) -> list[float]:
    """The share of values in each of ``bins`` equally wide bins between the first and the last quantile.

    Between two quantiles values are taken as evenly spread; equal quantiles are that much weight on one value.
    """
    low, high = quantiles[0].value, quantiles[-1].value
    width = (high - low) / bins
    found = [0.0] * bins
    for left, right in pairwise(quantiles):
        weight = right.share - left.share
        if width <= 0 or right.value <= left.value:
            found[_bin(left.value, low, width, bins)] += weight
            continue
        first, last = _bin(left.value, low, width, bins), _bin(right.value, low, width, bins)
        for index in range(first, last + 1):
            start = max(left.value, low + index * width)
            end = min(right.value, low + (index + 1) * width) if index < last else right.value
            found[index] += weight * max(0.0, end - start) / (right.value - left.value)
    return found


def bars(column: ColumnProfile) -> list[Bar]:
    """The most frequent categories of a column, and all others together."""
    present = column.count - column.missing
    shown = column.categories[:SHOWN_CATEGORIES]
    counts = [(scalar(category.value), category.count) for category in shown]
    rest = present - sum(count for _, count in counts)
    if counts and rest > 0:
        counts.append(("all others", rest))
    most = max((count for _, count in counts), default=0)
    return [Bar(text, share(count, present), 100 * count / most) for text, count in counts if most]


def _bin(value: float, low: float, width: float, bins: int) -> int:
    return min(bins - 1, max(0, int((value - low) / width))) if width > 0 else bins // 2


def _bar(x: float, step: float, height: float) -> str:
    drawn = max(height, 0.75)
    return f"M{x + 0.4:.1f} {HEIGHT}v-{drawn:.1f}h{step - 0.8:.1f}v{drawn:.1f}z"
