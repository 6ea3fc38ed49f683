"""Objectives are met, missed or undecided, and errors never pass as speed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lading.loadtests.generating.recorder import UNSENT
from lading.loadtests.judging.grammar import parse_objective
from lading.loadtests.judging.judgement import judge, meets, settled, verdict
from lading.loadtests.judging.objective import Objective
from lading.loadtests.judging.sample import counted, failures_by_kind, under_load
from lading.loadtests.judging.sustained import keeps_up
from lading.loadtests.measuring.step import GENERATOR_FAILED, INTERRUPTED, Generator, Step, Window
from lading.loadtests.result import Capacity, Judged
from tests.loadtests.results import Service, capacity_result, compared_steps, latencies_of, step_of

ENDED = "the server ended with exit code 1"
FAILED = f"{GENERATOR_FAILED}: a process of it ended with exit code -9"


def load(service: Service | None = None, **how: Any) -> Step:
    """A step at 200 requests a second for 30 s unless told otherwise."""
    return step_of(Service() if service is None else service, np.random.default_rng(1), **how)


def judged_as(text: str, *steps: Step, confidence: float = 0.99) -> Judged:
    """What becomes of one objective."""
    return judge([parse_objective(text)], steps, confidence)[0]


def test_what_lies_wholly_on_one_side_is_decided() -> None:
    assert judged_as("p99=50ms", load()).outcome == "met"
    assert judged_as("p99=10ms", load()).outcome == "missed"
    between = judged_as("p99=15ms", load())
    assert between.outcome == "undecided"
    assert between.interval is not None
    assert between.interval[0] < 0.015 < between.interval[1]
    assert "ask for longer" in between.why


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        pytest.param("p99=50ms", "undecided", id="forty requests know no p99"),
        pytest.param("p99=1ms", "missed", id="but that it is above what most of them took"),
        pytest.param("p50=50ms", "met", id="they know a median"),
        pytest.param("errors=0.1%", "undecided", id="and cannot show so small a share"),
        pytest.param("errors=20%", "met", id="but a larger one"),
    ],
)
def test_forty_requests(text: str, outcome: str) -> None:
    assert judged_as(text, load(rate=40.0, seconds=1.0)).outcome == outcome


def test_all_steps_of_load_count_and_no_warm_up() -> None:
    slow = load(Service(median=1.0), purpose="warm-up", seconds=5.0)
    other = load(Service(median=0.005), start=40.0)
    found = judged_as("p50=10ms", slow, load(), other)
    assert found.outcome == "met"
    assert found.measured is not None
    assert found.measured < 0.006
    assert f"{load().answered + other.answered:,} right answers" in found.why


def test_rounds_beside_a_baseline_count_for_errors_and_for_no_latency() -> None:
    beside = load(Service(median=1.0, failing={"503": 0.1}), start=40.0, purpose="comparison")
    failing = beside.model_copy(update={"role": "baseline"})
    assert judged_as("p50=20ms", load(), beside).outcome == "met"
    assert judged_as("errors=1%", load(), beside).outcome == "missed"
    assert judged_as("errors=1%", load(), failing).outcome == "met"


def test_a_stalled_server_shows_in_p99() -> None:
    """100 ms every 5 s are 2 % of the time."""
    stalled = load(Service(stall_every=5.0), seconds=60.0)
    assert judged_as("p99=20ms", stalled).outcome == "missed"
    assert judged_as("p50=20ms", stalled).outcome == "met"


@pytest.mark.parametrize(
    ("share", "outcome"),
    [
        pytest.param(0.0, "met", id="none"),
        pytest.param(0.0005, "met", id="fewer than are tolerated"),
        pytest.param(0.0012, "undecided", id="about as many"),
        pytest.param(0.02, "missed", id="more"),
        pytest.param(1.0, "missed", id="all"),
    ],
)
def test_errors_are_looked_at_unasked(share: float, outcome: str) -> None:
    judged = judge([parse_objective("p50=1s")], [load(Service(failing={"503": share}), seconds=60.0)], 0.99)
    implied = judged[-1]
    assert (implied.objective.measure, implied.objective.implied, implied.objective.bound) == ("errors", True, 0.001)
    assert implied.outcome == outcome


def test_what_was_asked_of_errors_takes_the_place_of_the_default() -> None:
    judged = judge([parse_objective("errors=5%")], [load(Service(failing={"503": 0.02}))], 0.99)
    assert [(str(one.objective), one.outcome) for one in judged] == [("errors=5%", "met")]


def test_a_run_of_errors_does_not_pass_as_speed() -> None:
    step = load(Service(median=0.0001, failing={"503": 1.0}))
    judged = judge([parse_objective("p99=50ms"), parse_objective("rps=100")], [step], 0.99)
    assert {one.outcome for one in judged} == {"missed"}
    assert verdict(judged, [step]) == ("failed", ("not one request was answered rightly",))
    assert not meets([parse_objective("p99=50ms")], [step])


def test_errors_that_come_quickly_do_not_make_a_latency_better() -> None:
    right, with_errors = load(), load(Service(failing={"503": 0.5}))
    one, other = judged_as("p50=10ms", right), judged_as("p50=10ms", with_errors)
    assert one.measured == pytest.approx(other.measured, rel=0.03)
    assert judged_as("rps=200", with_errors).outcome == "missed"


def test_requests_without_an_end_count_as_failed() -> None:
    """Those that nobody sent are failures already, and no others."""
    right = latencies_of([0.005] * 60)
    window = Window(second=0, form="V2 JSON, 1 row", due=100, latencies=right, failures={UNSENT: 10})
    step = Step(
        start=0,
        seconds=1,
        rate=100,
        rate_after=100,
        windows=(window,),
        generator=Generator(processes=1, busiest=0.1, unsent=10),
    )
    assert judged_as("errors=1%", step).measured == pytest.approx(40 / 100)
    assert failures_by_kind([step]) == {"no answer when the test ended": 30, UNSENT: 10}


@pytest.mark.parametrize(
    ("text", "how", "outcome"),
    [
        pytest.param("rps=200", {}, "met", id="it keeps up"),
        pytest.param("rps=150", {}, "met", id="with less than was asked"),
        pytest.param("rps=250", {}, "undecided", id="so many were not asked"),
        pytest.param("rps=1500", {"rate": 1500.0, "seconds": 10.0}, "missed", id="it does not keep up"),
        pytest.param("rps=300", {"rate": 100.0, "rate_after": 500.0}, "met", id="a ramp as a whole"),
    ],
)
def test_a_rate(text: str, how: dict[str, Any], outcome: str) -> None:
    assert judged_as(text, load(**how)).outcome == outcome


def test_a_rate_that_never_came_due_is_not_met() -> None:
    assert (
        judged_as("rps=500", load(rate=300.0).model_copy(update={"rate": 500.0, "rate_after": 500.0})).outcome
        == "undecided"
    )


def test_a_slow_service_that_keeps_up_meets_a_rate() -> None:
    """Its answers come two seconds after they are due: the last are not there when the time is over."""
    assert judged_as("rps=200", load(Service(median=2.0, spread=0.1), seconds=20.0)).outcome == "met"


@pytest.mark.parametrize(
    ("bound", "capacity", "outcome"),
    [
        pytest.param(1000, Capacity(rate=1200, above=1250), "met", id="more was found"),
        pytest.param(1300, Capacity(rate=1200, above=1250), "missed", id="less was missed"),
        pytest.param(1220, Capacity(rate=1200, above=1250), "undecided", id="between what was met and what was missed"),
        pytest.param(
            1300, Capacity(rate=1200, limit="generator"), "undecided", id="the generator could not ask for it"
        ),
        pytest.param(1000, Capacity(rate=1200, above=1250, confirmed=False), "undecided", id="asked for too short"),
        pytest.param(1300, Capacity(rate=1200, above=1250, confirmed=False), "missed", id="never near enough"),
    ],
)
def test_a_rate_is_asked_of_the_capacity_that_was_searched(bound: float, capacity: Capacity, outcome: str) -> None:
    steps = capacity_result().steps
    judged = judge([Objective(measure="rps", bound=bound), parse_objective("p99=50ms")], steps, 0.99, capacity)
    assert judged[0].outcome == outcome
    assert judged[1].outcome == "met"  # of the steps at 1,200 a second alone


@pytest.mark.parametrize(("rate", "seconds"), [(8.0, 10.0), (12.0, 8.0), (3.0, 10.0)])
def test_answers_that_come_when_all_is_over_do_not_keep_up(rate: float, seconds: float) -> None:
    """A server that answers a third of what comes due: the median comes when no request is due any more."""
    due = (np.arange(rate * seconds) + 0.5) / rate
    ended = 3 * (np.arange(rate * seconds) + 1) / rate
    windows = [
        Window(
            second=second,
            form="V2 JSON, 1 row",
            due=int((due.astype(int) == second).sum()),
            latencies=latencies_of((ended - due)[ended.astype(int) == second]),
        )
        for second in range(int(ended.max()) + 1)
    ]
    step = load().model_copy(update={"seconds": seconds, "rate": rate, "rate_after": rate, "windows": tuple(windows)})
    assert not keeps_up([step])
    assert judged_as(f"rps={rate:g}", step).outcome == "missed"


def test_a_search_that_found_nothing_tells_of_all_that_it_tried() -> None:
    tried = [load(Service(failing={"503": 1.0}), purpose="search"), load(purpose="warm-up")]
    assert under_load(tried, "candidate", None) == counted(tried, "candidate", None) == tried[:1]
    assert failures_by_kind(tried[:1]).keys() == {"503"}


def test_a_search_goes_by_what_was_measured() -> None:
    objectives = [parse_objective("p99=50ms"), parse_objective("rps=5000")]
    met = [meets(objectives, [step]) for step in capacity_result().steps]
    rates = [step.rate for step in capacity_result().steps]
    assert [rate for rate, fine in zip(rates, met, strict=True) if fine] == [200, 400, 800, 1200]


def test_a_comparison_without_a_baseline_is_undecided() -> None:
    found = judged_as("p50=baseline+10%", load())
    assert (found.outcome, found.measured) == ("undecided", None)
    assert not settled([found])


@pytest.mark.parametrize(
    ("steps", "limits", "expected", "said"),
    [
        pytest.param([load()], [], "passed", "every objective was met", id="met"),
        pytest.param([load(Service(median=0.1))], [], "failed", "p99=50ms", id="missed"),
        pytest.param([load(rate=5.0)], [], "undecided", "so few", id="undecided"),
        pytest.param(
            [load()], ["was late"], "passed", "every objective", id="the generator was late, and yet all is met"
        ),
        pytest.param([load(Service(median=0.1))], ["was late"], "none", "was late", id="which excuses a miss"),
        pytest.param([load(ended=INTERRUPTED)], [], "none", "interrupted", id="interrupted"),
        pytest.param([load(ended=ENDED)], [], "failed", ENDED, id="the server died"),
        pytest.param([load(ended=ENDED)], ["was late"], "failed", ENDED, id="whatever the generator did"),
        pytest.param(
            [load(), load(role="baseline", ended=ENDED)], [], "none", "baseline: the server", id="not the candidate"
        ),
        pytest.param([load(ended=FAILED)], [], "none", "exit code -9", id="nobody made the load any more"),
        pytest.param([], [], "failed", "not one request", id="nothing"),
    ],
)
def test_the_verdict(steps: Sequence[Step], limits: list[str], expected: str, said: str) -> None:
    judged = judge([parse_objective("p99=50ms")], steps, 0.99)
    comes_to, reasons = verdict(judged, steps, limits)
    assert comes_to == expected
    assert said in " ".join(reasons)


def test_only_comparisons_settle() -> None:
    """An absolute objective that is missed now may only have been unlucky until now."""
    objectives = [parse_objective("p99=1ms"), parse_objective("p50=baseline+10%")]
    few, many = compared_steps(1.2, 1, pairs=2), compared_steps(1.2, 1, pairs=30)
    assert not settled(judge(objectives, few, 0.99))
    assert settled(judge(objectives, many, 0.99))
    assert settled(judge(objectives[:1], few, 0.99))


def test_a_search_without_a_bound_on_latency_ends_where_answers_do_not_keep_up() -> None:
    met = [meets([], [step]) for step in capacity_result().steps]
    assert [step.rate for step, fine in zip(capacity_result().steps, met, strict=True) if fine] == [200, 400, 800, 1200]


def test_errors_that_are_allowed_do_not_end_a_search() -> None:
    step = load(Service(failing={"503": 0.03}))
    assert meets([parse_objective("errors=5%")], [step])
    assert not meets([parse_objective("errors=1%")], [step])


def test_what_was_under_way_when_somebody_broke_off_is_no_error() -> None:
    window = Window(second=0, form="V2 JSON, 1 row", due=100, latencies=latencies_of([0.005] * 60))
    generator = Generator(processes=1, busiest=0.1)
    step = Step(start=0, seconds=1, rate=100, rate_after=100, windows=(window,), generator=generator, ended=INTERRUPTED)
    assert judged_as("errors=1%", step).measured == 0
