"""Turns: both servers are asked as much as a whole round, never at the same time, and in whole rounds where that is due."""

from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.loadtests.conducting.shapes import constant
from lading.loadtests.conducting.taking_turns import PAIR, pair, turns_of_round
from lading.loadtests.generating.schedule import Timetable
from lading.loadtests.judging.grammar import parse_objective
from lading.loadtests.judging.turns import turns
from lading.loadtests.measuring.step import Role, Step
from lading.loadtests.plan import Plan
from tests.loadtests.results import Service, step_of


def loads(median: float, other: float) -> list[Step]:
    """Both servers under load without a break."""
    medians: dict[Role, float] = {"candidate": median, "baseline": other}
    rng = np.random.default_rng(1)
    return [step_of(Service(median=one), rng, rate=100.0, seconds=5.0, role=role) for role, one in medians.items()]


@given(
    rate=st.floats(0.5, 2000),
    seconds=st.floats(0.2, 10),
    slower=st.sampled_from([0.0005, 0.01, 0.04, 0.3]),
    seed=st.integers(0, 100),
)
def test_both_are_asked_a_whole_round_and_one_at_a_time(rate: float, seconds: float, slower: float, seed: int) -> None:
    plan = Plan(rate=rate, round_seconds=seconds)
    found = pair(plan, turns_of_round(plan, loads(0.0005, slower)), turns(seed))
    if len(found) == PAIR:  # one after the other
        assert [list(one.values()) for one in found] == [[[constant(rate, seconds)]]] * PAIR
        assert {role for one in found for role in one} == {"candidate", "baseline"}
        return
    [schedules] = found
    assert set(schedules) == {"candidate", "baseline"}
    for schedule in schedules.values():
        asked = [one for one in schedule if one.rate]
        assert sum(one.seconds for one in asked) == pytest.approx(seconds)
        assert sum(one.seconds for one in schedule) == pytest.approx(2 * seconds)
        assert {(one.rate, one.rate_after) for one in asked} == {(rate, rate)}
        assert Timetable(schedule).count == pytest.approx(rate * seconds, abs=1)
    times = [list(accumulate(one.seconds for one in schedule)) for schedule in schedules.values()]
    assert times[0] == pytest.approx(times[1])
    assert [bool(one.rate) for one in schedules["candidate"]] == [not one.rate for one in schedules["baseline"]]
    assert all(bool(one.rate) != bool(other.rate) for one, other in pairwise(schedules["candidate"]))


@pytest.mark.parametrize(
    ("plan", "medians", "count"),
    [
        pytest.param(Plan(rate=100), (0.002, 0.002), 40, id="quick"),
        pytest.param(Plan(rate=100), (0.002, 0.036), 6, id="as long as the slower one wants"),
        pytest.param(Plan(rate=10), (0.002, 0.002), 10, id="few requests"),
        pytest.param(Plan(rate=20), (0.002, 0.04), 20, id="each has an answer before the next is due"),
        pytest.param(Plan(rate=100), (0.002, 0.4), 1, id="one that does not keep up"),
        pytest.param(Plan(rate=1), (0.002, 0.002), 1, id="too few requests"),
        pytest.param(Plan(rate=100, objectives=(parse_objective("rps=baseline-10%"),)), (0.002, 0.002), 1, id="a rate"),
    ],
)
def test_a_turn_is_short_where_it_can_be(plan: Plan, medians: tuple[float, float], count: int) -> None:
    assert turns_of_round(plan, loads(*medians)) == count


def test_without_a_right_answer_rounds_are_whole() -> None:
    assert turns_of_round(Plan(rate=100), []) == 1
