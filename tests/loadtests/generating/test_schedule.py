"""The schedule: arrivals where the integral of the rate says."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lading.loadtests.generating.schedule import Stretch, Timetable

RATES = st.floats(0, 1000)
STRETCHES = st.lists(
    st.builds(Stretch, seconds=st.floats(0.01, 100), rate=RATES, rate_after=RATES), min_size=1, max_size=4
)


@given(STRETCHES, st.data())
def test_arrivals_are_the_inverse_of_the_integrated_rate(stretches: list[Stretch], data: st.DataObject) -> None:
    timetable = Timetable(stretches)
    assume(timetable.count > 0)
    number = data.draw(st.integers(0, timetable.count - 1))
    due = timetable.due(number)
    assert 0 <= due <= timetable.seconds
    assert timetable.reached(due) == pytest.approx(number + 0.5, rel=1e-6, abs=1e-6)


@given(STRETCHES)
def test_they_are_in_order_and_as_many_as_the_rate_says(stretches: list[Stretch]) -> None:
    timetable = Timetable(stretches)
    total = sum((one.rate + one.rate_after) / 2 * one.seconds for one in stretches)
    assert abs(timetable.count - total) <= 0.5 + 1e-6
    dues = [timetable.due(number) for number in range(min(timetable.count, 200))]
    assert dues == sorted(dues)
    assert timetable.due(timetable.count) == math.inf


def test_a_constant_rate_is_evenly_spaced() -> None:
    timetable = Timetable([Stretch(seconds=2, rate=4, rate_after=4)])
    assert [timetable.due(number) for number in range(8)] == pytest.approx(
        [0.125 + 0.25 * number for number in range(8)]
    )


def test_nothing_is_due_while_the_rate_is_zero() -> None:
    quiet = Stretch(seconds=5, rate=0, rate_after=0)
    timetable = Timetable([quiet, Stretch(seconds=1, rate=2, rate_after=2), quiet])
    assert [timetable.due(number) for number in range(3)] == pytest.approx([5.25, 5.75, math.inf])
