"""Objectives are read as they are written, and what is no objective is refused with help."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.core.errors import UsageError
from lading.loadtests.judging.grammar import (
    GRAMMAR,
    ObjectiveError,
    RegressionError,
    compared,
    parse_objective,
    parse_regression,
)
from lading.loadtests.judging.objective import Measure, Objective


@pytest.mark.parametrize(
    ("text", "measure", "bound", "relative"),
    [
        pytest.param("p99=50ms", "p99", 0.05, False, id="milliseconds"),
        pytest.param("p99<50ms", "p99", 0.05, False, id="less than"),
        pytest.param("p99 <= 50 ms", "p99", 0.05, False, id="spaces"),
        pytest.param("p99≤50ms", "p99", 0.05, False, id="a sign of its own"),
        pytest.param("P50=800us", "p50", 0.0008, False, id="microseconds"),
        pytest.param("p50=800µs", "p50", 0.0008, False, id="microseconds as people write them"),
        pytest.param("p99.9=1.5s", "p99.9", 1.5, False, id="seconds"),
        pytest.param("p999=1s", "p99.9", 1.0, False, id="another name"),
        pytest.param("median=.5ms", "p50", 0.0005, False, id="the median"),
        pytest.param("mean=7ms", "mean", 0.007, False, id="the mean"),
        pytest.param("errors=0.1%", "errors", 0.001, False, id="errors"),
        pytest.param("errors=0", "errors", 0.0, False, id="no errors"),
        pytest.param("rps=500", "rps", 500.0, False, id="requests a second"),
        pytest.param("rps>=500/s", "rps", 500.0, False, id="at least"),
        pytest.param("p99=baseline+10%", "p99", 0.1, True, id="against the baseline"),
        pytest.param("mean <= baseline + 2.5 %", "mean", 0.025, True, id="against the baseline, with spaces"),
        pytest.param("rps=baseline-10%", "rps", 0.1, True, id="a rate against the baseline"),
    ],
)
def test_an_objective_is_read(text: str, measure: Measure, bound: float, relative: bool) -> None:
    assert parse_objective(text) == Objective(measure=measure, bound=bound, relative=relative)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "no measure, an equals sign and a bound", id="nothing"),
        pytest.param("p99", "no measure, an equals sign and a bound", id="no bound"),
        pytest.param("p98=50ms", "no measure 'p98'", id="no such quantile"),
        pytest.param("p99=50", "in us, ms or s", id="no unit"),
        pytest.param("p99=50m", "in us, ms or s", id="minutes"),
        pytest.param("p99=-50ms", "does not begin with a number", id="negative"),
        pytest.param("p99=0ms", "above 0", id="zero"),
        pytest.param("p99=nanms", "does not begin with a number", id="not a number"),
        pytest.param("p99=" + "9" * 400 + "ms", "no finite number", id="infinite"),
        pytest.param("p99>50ms", "bounded from above", id="the wrong side"),
        pytest.param("rps<500", "bounded from below", id="the wrong side of a rate"),
        pytest.param("rps=0", "above 0", id="no rate"),
        pytest.param("rps=500ms", "without a unit", id="a rate in time"),
        pytest.param("errors=1", "percent sign", id="one error, or all"),
        pytest.param("errors=100%", "below 100", id="all may fail"),
        pytest.param("errors=baseline+10%", "a bound of its own", id="errors against the baseline"),
        pytest.param("p99=baseline", "baseline+10%", id="no share"),
        pytest.param("p99=baseline-10%", "p99=baseline+10%", id="better than the baseline"),
        pytest.param("rps=baseline+10%", "rps=baseline-10%", id="a higher rate than the baseline"),
        pytest.param("p99=baseline+0%", "may be worse by a share", id="nothing is ever the same"),
    ],
)
def test_what_is_no_objective_is_refused_with_the_grammar(text: str, problem: str) -> None:
    with pytest.raises(ObjectiveError) as caught:
        parse_objective(text)
    assert isinstance(caught.value, UsageError)
    assert problem in str(caught.value)
    assert GRAMMAR in str(caught.value)
    assert repr(text)[:40] in str(caught.value)


@given(
    st.sampled_from(("p50", "p90", "p95", "p99", "p99.9", "mean")),
    st.decimals(min_value="0.1", max_value="9999", places=1),
    st.sampled_from(("us", "ms", "s")),
)
def test_what_is_written_is_read_again(measure: str, number: object, unit: str) -> None:
    objective = parse_objective(f"{measure}={number}{unit}")
    assert parse_objective(str(objective)) == objective


@pytest.mark.parametrize("text", ["errors=0.1%", "errors=0%", "rps=500", "p95=baseline+2.5%", "rps=baseline-10%"])
def test_all_other_kinds_are_read_again_too(text: str) -> None:
    assert str(parse_objective(text)) == text


@pytest.mark.parametrize("text", ["", "10", "0%", "100%", "-5%", "ten%"])
def test_a_regression_is_a_share(text: str) -> None:
    with pytest.raises(RegressionError, match="as in 10%"):
        parse_regression(text)


def test_a_regression_is_asked_of_what_can_be_decided() -> None:
    assert [str(one) for one in compared(parse_regression("10%"))] == ["p50=baseline+10%", "p95=baseline+10%"]
