"""The conclusion: a search says whose limit it met, and a reader hears what the figures do not show."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lading.loadtests.judging.conclusion import UNCONFIRMED, Conclusion, conclude
from lading.loadtests.judging.grammar import parse_objective
from lading.loadtests.measuring.step import Generator, Step
from lading.loadtests.plan import Plan, Shape, Traffic
from lading.loadtests.result import Capacity
from tests.loadtests.results import Service, capacity_result, latencies_of, step_of

LATE = Generator(processes=1, busiest=0.4, lag=latencies_of([0.05] * 100))


def concluded(
    steps: Sequence[Step], *slo: str, shape: Shape = "capacity", capacity: Capacity | None = None, **how: Any
) -> Conclusion:
    traffic = how.pop("traffic", Traffic())
    plan = Plan(shape=shape, objectives=tuple(map(parse_objective, slo)), traffic=traffic)
    return conclude(plan, steps, capacity, complete=how.pop("complete", True), processors=2.0)


def searched(rate: float, *, late: bool = False, **how: Any) -> Step:
    made = step_of(Service(**how), np.random.default_rng(1), rate=rate, seconds=8.0, purpose="search")
    return made.model_copy(update={"generator": LATE}) if late else made


def test_a_search_whose_every_step_failed_for_the_generator_is_no_verdict_on_the_server() -> None:
    found = concluded([searched(rate, late=True) for rate in (50, 25, 12.5)], "p99=50ms")
    assert found.verdict == "none"
    assert "was handed out 50.1 ms late" in found.reasons[0]


def test_a_search_in_which_the_server_missed_all_has_failed_at_the_lowest_that_was_tried() -> None:
    found = concluded([searched(rate, median=1.0) for rate in (4, 2, 1)], "p99=50ms")
    assert (found.verdict, found.reasons) == ("failed", ("not even 1 requests a second met the objectives",))


@pytest.mark.parametrize(
    ("slo", "verdict", "said"),
    [
        pytest.param([], "none", "the capacity is that or more", id="how much it is, nobody knows"),
        pytest.param(["rps=1000"], "passed", "every objective was met", id="but it is enough"),
        pytest.param(["rps=1300"], "undecided", "without having tried", id="or may be"),
    ],
)
def test_a_capacity_that_the_generator_limited(slo: list[str], verdict: str, said: str) -> None:
    steps = [*capacity_result().steps[:3], searched(1200.0), searched(1250.0, late=True)]
    found = concluded(steps, "p99=50ms", *slo, capacity=Capacity(rate=1200, above=1250, limit="generator"))
    assert found.verdict == verdict
    assert said in " ".join(found.reasons)


def test_an_unconfirmed_capacity_is_said() -> None:
    capacity = Capacity(rate=1200, above=1250, confirmed=False)
    assert concluded(capacity_result().steps, "p99=50ms", capacity=capacity).warnings == (UNCONFIRMED,)


@pytest.mark.parametrize(("users", "few"), [(16, True), (64, False)])
def test_users_who_are_all_busy_are_said(users: int, few: bool) -> None:
    """Two hundred requests a second of 90 ms keep eighteen users waiting."""
    step = step_of(Service(median=0.09, spread=0.01), np.random.default_rng(1), rate=200.0)
    found = concluded([step], "p99=500ms", shape="constant", traffic=Traffic(users=users))
    assert found.verdict == "passed"
    assert [f"of {users} users" in warning for warning in found.warnings] == ([True] if few else [])
