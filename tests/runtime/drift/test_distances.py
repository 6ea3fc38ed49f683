"""Distances: by hand, by their laws, and what chance makes of them."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.runtime.drift.distances import chance_index, stability_index, transport

counts = st.lists(st.integers(0, 10_000), min_size=2, max_size=20).filter(any)


def psi(training: Sequence[float], live: Sequence[float]) -> float:
    return stability_index(np.array(training, float), np.array(live, float))


def test_the_index_is_what_it_is_by_hand() -> None:
    # Half a count more in each of two bins: 50.5 and 50.5 of 101, 80.5 and 20.5 of 101.
    expected = (80.5 - 50.5) / 101 * math.log(80.5 / 50.5) + (20.5 - 50.5) / 101 * math.log(20.5 / 50.5)
    assert math.isclose(psi([50, 50], [80, 20]), expected)


@given(counts)
def test_a_distribution_is_at_no_distance_from_itself(found: list[int]) -> None:
    assert psi(found, found) == 0
    assert transport(np.arange(len(found), dtype=float), np.array(found, float), np.array(found, float)) == 0


@given(st.data(), counts)
def test_the_index_is_never_negative_and_the_same_both_ways(data: st.DataObject, found: list[int]) -> None:
    other = data.draw(st.lists(st.integers(0, 10_000), min_size=len(found), max_size=len(found)).filter(any))
    assert psi(found, other) >= 0
    assert math.isclose(psi(found, other), psi(other, found), rel_tol=1e-9, abs_tol=1e-12)


def test_a_bin_that_became_empty_counts_and_one_that_always_was_does_not() -> None:
    assert math.isfinite(psi([50, 50], [100, 0]))
    assert psi([50, 50], [100, 0]) > 1
    assert psi([50, 50, 0], [80, 20, 0]) == psi([50, 50], [80, 20])


@pytest.mark.parametrize(
    ("bins", "quantile"), [(3, 5.991), (10, 16.919), (20, 30.144), (50, 66.339)]
)  # of chi-squared, from the tables
def test_what_chance_makes_is_the_quantile_of_the_tables(bins: int, quantile: float) -> None:
    even = np.full(bins, 1000.0)
    assert math.isclose(chance_index(even, even), quantile * 2 / (1000 * bins), rel_tol=0.01)


def test_nineteen_of_twenty_samples_of_one_distribution_stay_below_what_chance_makes() -> None:
    rng = np.random.default_rng(7)
    below = 0
    for _ in range(1000):
        training, live = (rng.multinomial(size, [0.1] * 10).astype(float) for size in (500, 300))
        below += stability_index(training, live) <= chance_index(training, live)
    assert 930 <= below <= 980


@given(st.floats(0, 1))
def test_what_moves_by_some_way_is_that_far_away(way: float) -> None:
    edges = np.linspace(0, 2, 401)
    before, after = np.clip(edges, 0, 1), np.clip(edges - way, 0, 1)
    assert math.isclose(transport(edges, before, after), way, abs_tol=0.01)
