"""Edges: where columns are cut, and what is known of the training data there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.profile import ColumnProfile
from lading.bundles.tables.profiling import profile_of
from lading.bundles.tables.table import table_of
from lading.runtime.drift.columns import Numbers
from lading.runtime.drift.edges import Edges, edges_of

Values = np.ndarray[tuple[int], np.dtype[np.float64]]

columns = st.lists(st.floats(-1e4, 1e4) | st.integers(-3, 3).map(float), min_size=1, max_size=200)
"""Values within what each type of tensor holds, many of them several times."""


def profiled(values: object) -> ColumnProfile:
    return profile_of(table_of({"x": np.array(values, dtype=np.float64)})).columns[0]


def edges(values: object) -> Edges:
    found = edges_of(profiled(values).quantiles)
    assert found is not None
    return found


@given(columns, st.sampled_from(["float16", "float32", "float64"]))
def test_no_training_value_is_outside_whatever_it_is_rounded_to(values: list[float], dtype: str) -> None:
    sketch = Numbers("numbers", edges(values), dtype)
    below, above = sketch.outside(np.array(values).astype(dtype))
    assert not below.any()
    assert not above.any()


@given(columns)
def test_the_training_data_can_have_been_as_it_was(values: list[float]) -> None:
    found = edges(values)
    reached = np.searchsorted(np.sort(values), found.values, side="right") / len(values)
    assert np.all(np.diff(found.least) >= 0)
    assert np.all(found.least <= reached + 1e-9)
    assert np.all(found.training(reached) <= reached + 1e-9)


def test_what_is_just_outside_is_told_from_what_is_just_inside() -> None:
    sketch = Numbers("numbers", edges([0.1, 0.2, 0.7]), "float32")
    low, high = np.float32(0.1), np.float32(0.7)
    values = np.array([np.nextafter(low, -1), low, high, np.nextafter(high, 1)], dtype=np.float32)
    below, above = sketch.outside(values)
    assert below.tolist() == [True, False, False, False]
    assert above.tolist() == [False, False, False, True]


@pytest.mark.parametrize("value", [0.0, -5.0, 1e300])
def test_a_column_of_one_value_has_an_inside_too(value: float) -> None:
    sketch = Numbers("numbers", edges([value] * 20), "float64")
    below, above = sketch.outside(np.array([value, value - abs(value) - 1, value + abs(value) + 1]))
    assert below[0] == above[0] == False  # noqa: E712 - of NumPy
    assert below[1]
    assert above[2]


def test_infinite_values_are_outside_and_nan_is_missing() -> None:
    sketch = Numbers("numbers", edges(range(100)), "float64")
    bins = sketch.count(np.array([np.inf, -np.inf, np.nan, 5.0]))
    assert bins.sum() == 4
    assert bins[-1] == 1
    assert bins[0] == 1
    assert bins[-2] == 1


def test_the_widest_column_has_edges_too() -> None:
    most = np.finfo(np.float64).max
    sketch = Numbers("numbers", edges([-most, *range(20), most]), "float64")
    assert sketch.count(np.array([-most, 0.0, most])).sum() == 3
    assert not sketch.outside(np.array([-most, most]))[0].any()


def test_nothing_is_known_of_a_column_without_values() -> None:
    assert edges_of(()) is None


@pytest.mark.parametrize("distinct", [2, 3, 6, 12, 31, 72, 500])
def test_whole_numbers_that_repeat_are_at_no_distance_from_themselves(distinct: int) -> None:
    values = np.arange(6000) % distinct
    sketch = Numbers("numbers", edges(values), "float64")
    live = np.cumsum(sketch.count(values.astype(float))[:-1])[:-1] / 6000
    apart = np.abs(sketch.edges.training(live) - live)
    assert apart.max() < 0.02
