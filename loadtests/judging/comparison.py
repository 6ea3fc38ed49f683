"""The comparison: how much slower the candidate is than the baseline, from short rounds of both in turns on one machine.

The two rounds of the same time make a pair, whose logarithm of the ratio of a measure is free of what slowed both. The
interval is Tukey's around the Hodges-Lehmann estimate: the Walsh averages that Wilcoxon's signed-rank test does not
refuse (Hollander and Wolfe, Nonparametric Statistical Methods, 3.2 and 3.3). It is exact for any noise that is
symmetric between the two of a pair, heavy tails included.

It may be asked after each pair. What it may err is spent in equal parts at the counts of pairs in ``LOOKS`` and for
each comparison (Bonferroni; group-sequential tests: Jennison and Turnbull 1999), so that looking again adds no error.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lading.loadtests.judging.distributions import signed_rank_shares
from lading.loadtests.judging.objective import QUANTILES, Measure
from lading.loadtests.measuring.step import Step

LOOKS = (12, 15, 18, 22, 27, 34, 42, 52, 65, 80, 100)
"""The counts of pairs at which a comparison may be decided."""


@dataclass(frozen=True)
class Look:
    """What the first so many pairs tell of the ratio, candidate over baseline."""

    pairs: int
    ratio: float
    interval: tuple[float, float] | None
    """None where so few pairs cannot exclude anything."""


def measured(measure: Measure, step: Step) -> float | None:
    """One measure of one step: seconds, or requests a second; None where nothing was answered rightly."""
    if not step.answered:
        return None
    if measure == "rps":
        return step.throughput
    return step.latencies.mean if measure == "mean" else step.latencies.quantile(QUANTILES[measure])


def log_ratios(measure: Measure, steps: Iterable[Step]) -> list[float]:
    """The logarithm of candidate over baseline of each pair of rounds.

    What was interrupted, and a pair in which nothing was answered, is left out.
    """
    rounds = sorted((step for step in steps if step.purpose == "comparison" and step.ended is None), key=_start)
    found: list[float] = []
    before: Step | None = None
    for step in rounds:
        if before is None or before.role == step.role:
            before = step
            continue
        one, other = measured(measure, before), measured(measure, step)
        if one and other:
            found.append(math.log(one / other) * (1 if before.role == "candidate" else -1))
        before = None
    return found


def looks(ratios: Sequence[float], comparisons: int, confidence: float) -> list[Look]:
    """What is known at each of ``LOOKS`` that was reached, and, last, of all pairs where none was reached."""
    spent = (1 - confidence) / (len(LOOKS) * comparisons)
    reached = [count for count in LOOKS if count <= len(ratios)]
    return [_look(ratios[:count], spent) for count in reached or [len(ratios)] if count]


def _look(ratios: Sequence[float], spent: float) -> Look:
    averages = _walsh(ratios)
    refused = int(np.searchsorted(signed_rank_shares(len(ratios)), spent, side="right"))
    ratio = math.exp(float(np.median(averages)))
    if not refused:
        return Look(len(ratios), ratio, None)
    low, high = averages[refused - 1], averages[-refused]
    return Look(len(ratios), ratio, (math.exp(low), math.exp(high)))


def _walsh(values: Sequence[float]) -> NDArray[np.float64]:
    """The averages of all pairs of ``values``, each with itself too, ascending."""
    array = np.asarray(values)
    one, other = np.triu_indices(len(array))
    return np.sort((array[one] + array[other]) / 2)


def _start(step: Step) -> float:
    return step.start
