"""Scales hold all their values between round ends, with few enough marks to read."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.loadtests.reporting.scales import (
    Scale,
    fitting,
    linear,
    linear_bytes,
    logarithmic,
    shares,
    times,
)

SOME = st.lists(st.floats(min_value=1e-6, max_value=1e5), min_size=1, max_size=20)


@given(SOME, st.sampled_from((linear, logarithmic, fitting, linear_bytes)))
def test_all_values_lie_between_the_ends(values: list[float], kind: object) -> None:
    scale: Scale = kind(values)  # type: ignore[operator]
    assert scale.low <= min(values) * 1.001
    assert scale.high >= max(values) * 0.999
    assert 2 <= len(scale.ticks) <= 14
    assert list(scale.ticks) == sorted(set(scale.ticks))
    assert [scale.place(end) for end in (scale.low, scale.high)] == pytest.approx([0, 1])
    places = [scale.place(one) for one in sorted(values)]
    assert places == sorted(places)


@given(st.integers(0, 10**7).map(lambda one: one / 1000), st.floats(min_value=0, max_value=2e5))
def test_times_have_round_marks(low: float, lasted: float) -> None:
    scale = times(low, low + lasted)
    assert len(scale.ticks) <= 8
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks)
    assert scale.high >= low + lasted


def test_each_nine_is_as_wide_as_the_one_before() -> None:
    scale = shares(1e-4)
    places = [scale.place(1 / (1 - share)) for share in (0.9, 0.99, 0.999, 0.9999)]
    gaps = [other - one for one, other in pairwise(places)]
    assert gaps == pytest.approx([gaps[0]] * 3)
    assert places[-1] == pytest.approx(1)
    assert scale.place(2) == 0


@pytest.mark.parametrize("kind", [linear, logarithmic, fitting, linear_bytes])
def test_nothing_and_nought_have_a_scale_too(kind: object) -> None:
    for values in ([], [0.0], [0.0, 0.0]):
        scale: Scale = kind(values)  # type: ignore[operator]
        assert scale.low < scale.high
        assert math.isfinite(scale.place(1.0))
