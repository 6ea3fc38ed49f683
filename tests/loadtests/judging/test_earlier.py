"""The report of an earlier run can be the baseline, where machine and plan are the same."""

import numpy as np
import pytest

from lading.loadtests.judging.earlier import as_baseline, incomparable
from lading.loadtests.judging.grammar import parse_objective
from lading.loadtests.judging.judgement import judge
from lading.loadtests.reporting.page import html
from tests.loadtests.results import BASELINE, MACHINE, Service, plain_result, result_of, step_of

BEFORE = plain_result()


@pytest.mark.parametrize(
    ("text", "median", "outcome"),
    [
        pytest.param("p50=baseline+10%", 0.005, "met", id="as quick"),
        pytest.param("p50=baseline+10%", 0.006, "missed", id="slower"),
        pytest.param("p50=baseline+10%", 0.0055, "undecided", id="as much slower as it may be"),
        pytest.param("mean=baseline+10%", 0.006, "missed", id="the mean"),
        pytest.param("p99.9=baseline+10%", 0.005, "undecided", id="too few requests for so rare a quantile"),
        pytest.param("rps=baseline-10%", 0.005, "met", id="a rate"),
    ],
)
def test_an_earlier_run_is_compared(text: str, median: float, outcome: str) -> None:
    step = step_of(Service(median=median), np.random.default_rng(2), seconds=60.0)
    judged = judge([parse_objective(text)], [step], 0.99, earlier=as_baseline(BEFORE))
    assert judged[0].outcome == outcome
    assert "earlier run" in judged[0].why


def test_without_right_answers_nothing_is_said() -> None:
    step = step_of(Service(failing={"503": 1.0}), np.random.default_rng(2), seconds=5.0)
    judged = judge([parse_objective("p50=baseline+10%")], [step], 0.99, earlier=as_baseline(BEFORE))
    assert [one.outcome for one in judged] == ["undecided", "missed"]


@pytest.mark.parametrize(
    ("plan", "machine", "words"),
    [
        pytest.param({}, {}, [], id="the same"),
        pytest.param({"rate": 300.0}, {}, ["the rate of the plan"], id="another rate"),
        pytest.param({}, {"processors": 4.0}, ["its processors is 4.0, the report has 2.0"], id="another machine"),
    ],
)
def test_another_plan_or_machine_cannot_be_compared(
    plan: dict[str, float], machine: dict[str, float], words: list[str]
) -> None:
    found = incomparable(BEFORE, BEFORE.plan.model_copy(update=plan), MACHINE.model_copy(update=machine))
    assert len(found) == len(words)
    assert all(word in " ".join(found) for word in words)
    assert incomparable(BEFORE.model_copy(update={"complete": False}), BEFORE.plan, MACHINE)


def test_it_is_beside_the_candidate_in_the_report() -> None:
    steps = [step_of(Service(), np.random.default_rng(2), seconds=60.0)]
    result = result_of(steps, baseline=BASELINE).model_copy(update={"earlier": as_baseline(BEFORE)})
    page = html(result).decode()
    assert page.count('<svg class="plot"') == 9
    assert page.count(f"baseline {BASELINE.version}") > 5
