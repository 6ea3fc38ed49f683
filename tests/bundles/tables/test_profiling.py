import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.canonical import canonical_json
from lading.bundles.profile import ColumnProfile, Profile
from lading.bundles.signature import Field, Range
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.observing import CATEGORIES, CATEGORY_CHARACTERS, SAMPLE, Sample
from lading.bundles.tables.profiling import SHARES, TOP_CATEGORIES, profile_of
from lading.bundles.tables.table import BATCH_ROWS, table_of


def column(values: Any) -> ColumnProfile:
    (found,) = profile_of(table_of(pd.DataFrame({"x": values}))).columns
    return found


def field(values: Any) -> Field:
    (found,) = fields_of(table_of(pd.DataFrame({"x": values})))
    return found


def quantile(found: ColumnProfile, share: float) -> float:
    return next(one.value for one in found.quantiles if one.share == share)


def test_numbers_are_measured() -> None:
    found = column([4.0, np.nan, 1.0, np.inf, 2.0, -np.inf, 3.0])
    assert (found.count, found.missing, found.infinite) == (7, 1, 2)
    assert (found.minimum, found.maximum, found.mean) == (1, 4, 2.5)
    assert [one.share for one in found.quantiles] == list(SHARES)
    assert (quantile(found, 0.0), quantile(found, 0.5), quantile(found, 1.0)) == (1, 2, 4)
    assert (found.categories, found.lengths, found.distinct) == ((), (), None)


def test_moments_are_measured_in_seconds() -> None:
    found = column(pd.to_datetime(["1970-01-01T00:00:01.5", "NaT", "1970-01-01T00:00:03"], format="ISO8601"))
    assert (found.type, found.missing, found.minimum, found.maximum, found.mean) == ("datetime", 1, 1.5, 3, 2.25)


@pytest.mark.parametrize("values", [[np.nan, np.nan], np.array([], dtype=np.float64), [np.inf, np.nan]])
def test_nothing_finite_has_no_figures(values: Any) -> None:
    found = column(values)
    assert (found.minimum, found.maximum, found.mean, found.quantiles) == (None, None, None, ())
    assert field(values).range is None


def test_nothing_but_missing_text_has_no_lengths() -> None:
    found = column([None, None])
    assert (found.count, found.missing, found.lengths, found.categories) == (2, 2, (), ())


def test_a_sum_beyond_a_double_has_no_mean() -> None:
    found = column([1.7e308, 1.7e308])
    assert (found.mean, found.maximum) == (None, 1.7e308)


def test_long_integers_lie_within_what_is_stated() -> None:
    low, high = -(2**60) - 1, 2**60 + 1
    found = field(np.array([low, high]))
    assert found.range is not None
    assert found.range.minimum < low
    assert found.range.maximum > high
    assert field(np.array([2**53, 5])).range == Range(minimum=5, maximum=2**53)


def test_categories_are_counted_the_most_frequent_first() -> None:
    found = column(pd.Categorical(["b", "a", "c", None, "c", "a"], categories=["c", "b", "a", "unseen"]))
    assert [(one.value, one.count) for one in found.categories] == [("a", 2), ("c", 2), ("b", 1)]
    assert (found.count, found.missing, found.distinct, found.lengths) == (6, 1, 3, ())


@pytest.mark.parametrize(
    ("values", "categories", "kind"),
    [
        pytest.param(["b", "a", "b", "a", None], ("a", "b"), None, id="repeated text"),
        pytest.param(["b", "a", "c"], None, None, id="text that never repeats"),
        pytest.param([None, None], None, None, id="nothing"),
        pytest.param(["x" * CATEGORY_CHARACTERS] * 2, ("x" * CATEGORY_CHARACTERS,), None, id="the longest category"),
        pytest.param(["x" * (CATEGORY_CHARACTERS + 1)] * 2, None, None, id="a text too long"),
        pytest.param(pd.Categorical(["b", "a"]), ("a", "b"), "string", id="declared"),
        pytest.param(pd.Categorical([10, 9, None]), (9, 10), "integer", id="integers"),
        pytest.param(pd.Categorical([1.0, 0.5]), (0.5, 1.0), "number", id="numbers"),
        pytest.param(pd.Categorical([True, False]), (False, True), "boolean", id="booleans"),
        pytest.param(pd.Categorical([1, 2**60]), None, "integer", id="integers that JSON does not hold"),
        pytest.param(pd.Categorical([1.0, np.inf]), None, "number", id="numbers that JSON does not hold"),
        pytest.param([str(i) for i in range(CATEGORIES)] * 2, "all", None, id="as many as are counted"),
        pytest.param([str(i) for i in range(CATEGORIES + 1)] * 2, None, None, id="too many"),
        pytest.param([0.5, 0.5], None, None, id="numbers have none"),
        pytest.param([True, False], None, None, id="booleans have none"),
    ],
)
def test_what_counts_as_categories(values: Any, categories: Any, kind: str | None) -> None:
    found = field(values)
    assert found.categories == (tuple(sorted(set(values))) if categories == "all" else categories)
    assert found.category_type == kind
    if found.categories is not None:
        assert set(map(type, found.categories)) == {type(found.categories[0])}


def test_free_text_leaves_only_its_lengths() -> None:
    names = [f"Person {number} of Dunedin" for number in range(300)]
    found = column([*names, None, "é"])
    assert (found.missing, found.categories, found.distinct, found.quantiles) == (1, (), None, ())
    assert (found.lengths[0].value, found.lengths[-1].value) == (1, 21)
    written = canonical_json(profile_of(table_of(pd.DataFrame({"x": names}))))
    assert b"Dunedin" not in written


def test_categories_of_numbers_that_are_too_many_have_no_lengths() -> None:
    found = column(pd.Categorical(range(CATEGORIES + 1)))
    assert (found.categories, found.distinct, found.lengths) == ((), None, ())


def test_a_category_of_floats_may_be_nan() -> None:
    dictionary = pa.DictionaryArray.from_arrays(pa.array([0, 1, 1]), pa.array([0.5, float("nan")]))
    (found,) = profile_of(table_of(pa.table({"x": dictionary}))).columns
    assert (found.missing, found.distinct) == (2, 1)


def test_booleans_are_counted() -> None:
    found = column(pd.array([True, False, None, True], dtype="boolean"))
    assert [(one.value, one.count) for one in found.categories] == [(True, 2), (False, 1)]
    assert (found.distinct, found.missing) == (2, 1)


def test_only_the_most_frequent_are_named() -> None:
    found = column([f"{number:04}" for number in range(CATEGORIES)] * 2 + ["0007"])
    assert len(found.categories) == TOP_CATEGORIES
    assert (found.categories[0].value, found.categories[0].count, found.distinct) == ("0007", 3, CATEGORIES)


@pytest.mark.parametrize(
    ("values", "nullable"),
    [
        pytest.param([1.0, np.nan], True, id="NaN"),
        pytest.param(pd.array([1, None], dtype="Int64"), True, id="NA"),
        pytest.param(["a", None], True, id="None"),
        pytest.param([True, False], False, id="nothing missing"),
    ],
)
def test_a_field_is_nullable_when_something_was_missing(values: Any, nullable: bool) -> None:
    assert field(values).nullable is nullable


def test_tensors_are_one_column_of_elements() -> None:
    table = table_of({"image": np.arange(12, dtype=np.float32).reshape(3, 2, 2)})
    (found,) = profile_of(table).columns
    assert (found.count, found.minimum, found.maximum) == (12, 0, 11)
    (one,) = fields_of(table)
    assert (one.shape, one.range, one.feed) == ((2, 2), Range(minimum=0, maximum=11), None)


def long_frame() -> pd.DataFrame:
    rows = 2 * BATCH_ROWS + 1000
    draw = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "x": np.where(draw.random(rows) < 0.1, np.nan, draw.normal(size=rows)),
            "n": draw.integers(0, 2**62, rows),
            "s": draw.choice(np.array(["a", "bb", None], dtype=object), rows),
            "t": [f"{number:x}" for number in draw.integers(0, 2**62, rows)],
            "c": pd.Categorical(draw.choice(list("vwxyz"), rows)).set_categories(list("zyxw")),
        }
    )


LONG = long_frame()


def stripped(profile: Profile) -> Profile:
    """Without the dtypes, which are each library's own words."""
    columns = (one.model_copy(update={"dtype": ""}) for one in profile.columns)
    return profile.model_copy(update={"columns": tuple(columns)})


@pytest.mark.parametrize(
    "container",
    [
        pytest.param(lambda frame: pa.Table.from_pandas(frame), id="arrow"),
        pytest.param(
            lambda frame: pa.Table.from_batches(pa.Table.from_pandas(frame).to_batches(max_chunksize=999)), id="chunks"
        ),
        pytest.param(pl.from_pandas, id="polars"),
    ],
)
def test_the_profile_depends_on_neither_chunks_nor_library(container: Callable[[pd.DataFrame], object]) -> None:
    table, expected = table_of(container(LONG)), table_of(LONG)
    assert stripped(profile_of(table)) == stripped(profile_of(expected))
    assert [one.range for one in fields_of(table)] == [one.range for one in fields_of(expected)]
    assert [one.categories for one in fields_of(table)] == [one.categories for one in fields_of(expected)]


def test_quantiles_of_a_long_column_are_near_the_true_ones() -> None:
    found = profile_of(table_of(LONG)).columns[0]
    ordered = np.sort(LONG["x"].dropna().to_numpy())
    assert (quantile(found, 0.0), quantile(found, 1.0)) == (ordered[0], ordered[-1])
    for one in found.quantiles[1:-1]:
        assert abs(np.searchsorted(ordered, one.value) / len(ordered) - one.share) < 0.006
    assert found.mean == pytest.approx(ordered.mean(), rel=1e-12)


PROGRAM = """
import sys
import numpy as np, pandas as pd
from lading.bundles.canonical import canonical_json
from lading.bundles.digest import digest_of
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.profiling import profile_of
from lading.bundles.tables.table import table_of
draw = np.random.default_rng(1)
table = table_of(pd.DataFrame({"x": draw.normal(size=70_000), "s": draw.choice(list("abcdef"), 70_000)}))
sys.stdout.write(digest_of(canonical_json(profile_of(table)) + repr(fields_of(table)).encode()))
"""


def test_the_profile_is_the_same_to_the_byte_in_every_process() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(found) == 1


def test_a_profile_is_small_whatever_the_data() -> None:
    assert len(canonical_json(profile_of(table_of(LONG)))) < 10_000


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1), st.data())
def test_quantiles_of_a_short_column_are_exact(values: list[float], data: st.DataObject) -> None:
    ordered = sorted(values)
    found = column(data.draw(st.permutations(values)))
    for one in found.quantiles:
        assert one.value == ordered[max(0, math.ceil(one.share * len(ordered)) - 1)]
    assert found.mean == math.fsum(values) / len(values)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 50))
def test_a_sample_does_not_depend_on_how_values_arrive(lengths: list[int], size: int) -> None:
    total = sum(lengths)
    values, positions = np.arange(total) * 1.5, np.arange(total)
    whole, parts = Sample(size), Sample(size)
    whole.see(values, positions)
    for part in np.split(np.arange(total), np.cumsum(lengths)[:-1]):
        parts.see(values[part], positions[part])
    shares = [(place + 0.5) / size for place in range(size)]
    assert whole.quantiles(shares) == parts.quantiles(shares)
    assert len(set(whole.quantiles(shares))) == min(size, total)


def test_an_empty_sample_has_no_quantiles() -> None:
    assert Sample().quantiles([0.0, 0.5]) == []


def test_a_sample_holds_a_bounded_number_of_values() -> None:
    sample = Sample()
    for start in range(0, 4 * SAMPLE, SAMPLE):
        sample.see(np.arange(start, start + SAMPLE), np.arange(start, start + SAMPLE))
    assert len(set(sample.quantiles(np.linspace(0, 1, 2 * SAMPLE).tolist()))) == SAMPLE
