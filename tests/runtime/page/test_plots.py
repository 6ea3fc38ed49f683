"""The small distributions."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.profile import CategoryCount, ColumnProfile, Quantile
from lading.runtime.page.plots import BINS, bars, histogram, shares_in_bins

values = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


def quantiles(found: list[float]) -> tuple[Quantile, ...]:
    ordered = sorted(found)
    return tuple(Quantile(share=place / (len(ordered) - 1), value=value) for place, value in enumerate(ordered))


def column(**facts: object) -> ColumnProfile:
    return ColumnProfile.model_validate(
        {"name": "x", "type": "number", "dtype": "f", "count": 10, "missing": 0, **facts}
    )


@given(st.lists(values, min_size=2, max_size=20))
def test_every_row_is_in_a_bin(found: list[float]) -> None:
    shares = shares_in_bins(quantiles(found))
    assert len(shares) == BINS
    assert min(shares) >= 0
    assert math.isclose(sum(shares), 1, abs_tol=1e-6)


def test_evenly_spread_values_fill_all_bins_alike() -> None:
    shares = shares_in_bins(quantiles([0.0, 1.0, 2.0, 3.0, 4.0]))
    assert all(math.isclose(one, other, rel_tol=1e-9) for one, other in pairwise(shares))


def test_weight_on_one_value_stands_in_its_bin() -> None:
    shares = shares_in_bins(
        (
            Quantile(share=0, value=0),
            Quantile(share=0.1, value=1),
            Quantile(share=0.9, value=1),
            Quantile(share=1, value=2),
        )
    )
    assert shares.index(max(shares)) == BINS // 2
    assert max(shares) > 0.8


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="no quantiles"),
        pytest.param({"quantiles": quantiles([1.0, 2.0]), "type": "category"}, id="not a number"),
        pytest.param({"quantiles": (Quantile(share=0, value=1), Quantile(share=0, value=2))}, id="no rows"),
    ],
)
def test_nothing_to_draw(facts: dict[str, object]) -> None:
    assert histogram(column(**facts)) is None


def test_a_constant_is_drawn_as_one_bar() -> None:
    drawn = histogram(column(quantiles=quantiles([5.0, 5.0, 5.0])))
    assert drawn is not None
    assert drawn.path.count("M") == 1


def test_categories_end_with_all_others() -> None:
    counts = tuple(CategoryCount(value=name, count=10 - place) for place, name in enumerate("abcdefgh"))
    found = bars(column(type="category", count=60, missing=2, categories=counts))
    assert [bar.text for bar in found] == [*"abcdef", "all others"]
    assert (found[0].share, found[-1].share) == ("17.2 %", "22.4 %")
    assert max(bar.length for bar in found) == 100
    assert bars(column(type="string")) == []
