"""Intervals hold what they should as often as they say, for requests that are alike and for seconds that are not."""

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from lading.loadtests.judging.intervals import (
    effective_size,
    errors_interval,
    mean_interval,
    quantile_interval,
)
from lading.loadtests.judging.sample import Sample, Second
from lading.loadtests.measuring.latencies import together
from tests.loadtests.results import latencies_of

WIDTH = 1.0051
"""A bucket stands for seconds that are at most this many times more, or fewer."""


def sample_of(seconds: list[NDArray[np.float64]], failed: list[int] | None = None) -> Sample:
    """A sample of which the latencies of each second are given."""
    wrong = [0] * len(seconds) if failed is None else failed
    found = tuple(Second(latencies_of(one), len(one) + other, other) for one, other in zip(seconds, wrong, strict=True))
    latencies = together(one.latencies for one in found)
    return Sample(found, latencies, sum(one.ended for one in found), sum(one.failed for one in found))


@pytest.mark.parametrize(("failed", "ended"), [(0, 500), (3, 500), (500, 500), (1, 12000)])
def test_errors_of_one_second_have_the_interval_of_clopper_and_pearson(failed: int, ended: int) -> None:
    found = sample_of([np.full(ended - failed, 0.005)], [failed])
    expected = stats.binomtest(failed, ended).proportion_ci(0.99, "exact")
    assert errors_interval(found, 0.99) == pytest.approx((expected.low, expected.high), rel=1e-6)


@pytest.mark.parametrize(("share", "count"), [(0.5, 41), (0.5, 1000), (0.99, 2000), (0.9, 300)])
def test_a_quantile_of_one_second_has_the_interval_of_scipy(share: float, count: int) -> None:
    latencies = np.random.default_rng(1).lognormal(-5, 0.4, count)
    found = quantile_interval(sample_of([latencies]), share, 0.99)
    ordered = np.sort(latencies)
    low = int(stats.binom.ppf(0.005, count, share))
    high = int(stats.binom.ppf(0.995, count, share)) + 1
    assert stats.binom.cdf(low - 1, count, share) <= 0.005 <= stats.binom.cdf(low, count, share)
    assert found[0] == pytest.approx(ordered[low - 1], rel=0.006)
    assert found[1] == pytest.approx(ordered[high - 1], rel=0.006)


@pytest.mark.parametrize(("count", "known"), [(40, False), (527, False), (528, True)])
def test_so_few_requests_have_no_upper_end(count: int, known: bool) -> None:
    """0.99 ** 528 is the first power below 0.005."""
    latencies = np.random.default_rng(1).lognormal(-5, 0.4, count)
    assert (quantile_interval(sample_of([latencies]), 0.99, 0.99)[1] is not None) is known


def test_requests_of_one_second_that_hang_together_count_for_less() -> None:
    rng = np.random.default_rng(1)
    alike = sample_of([rng.lognormal(-5, 0.4, 200) for _ in range(30)])
    levels = np.exp(rng.normal(0, 0.3, 30))
    unlike = sample_of([level * rng.lognormal(-5, 0.4, 200) for level in levels])
    widths = []
    for one in (alike, unlike):
        low, high = quantile_interval(one, 0.5, 0.99)
        assert high is not None
        widths.append(np.log(high / low))
    assert widths[1] > 2 * widths[0]


@pytest.mark.parametrize(
    ("hits", "size"),
    [
        pytest.param([5, 5, 5, 5], 400 * (2.5758 / 5.8409) ** 2, id="alike: only that four seconds tell little of it"),
        pytest.param([0, 0, 0, 0], 400, id="nothing"),
        pytest.param([100, 100, 100, 100], 400, id="everything"),
    ],
)
def test_the_effective_size(hits: list[int], size: float) -> None:
    assert effective_size([100] * 4, hits, 0.99) == pytest.approx(size, rel=1e-4)


def simulated(rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Thirty seconds, each with a level of its own."""
    return [np.exp(rng.normal(0, 0.1)) * rng.lognormal(-5, 0.4, 100) for _ in range(30)]


def test_intervals_of_seconds_that_differ_hold_the_truth_as_often_as_they_say() -> None:
    """At 95 %, of 150 samples each; three standard deviations of such a count are 8."""
    spread = np.hypot(0.1, 0.4)
    truth = {0.5: np.exp(-5), 0.95: np.exp(-5 + 1.6449 * spread)}
    mean = np.exp(-5 + spread**2 / 2)
    held: Counter[object] = Counter()
    for seed in range(150):
        found = sample_of(simulated(np.random.default_rng(seed)))
        for share, value in truth.items():
            low, high = quantile_interval(found, share, 0.95)
            held[share] += high is not None and low / WIDTH <= value <= high * WIDTH
        interval = mean_interval(found, 0.95)
        held["mean"] += interval is not None and interval[0] <= mean <= interval[1]
    assert min(held.values()) >= 0.95 * 150 - 8


def test_the_mean_of_one_second_has_no_interval() -> None:
    assert mean_interval(sample_of([np.full(100, 0.005)]), 0.99) is None
