"""An earlier run as the baseline: its report beside what is measured now, between which the machine may have changed.

Nothing cancels here, as it does between rounds in turn: the interval of the ratio is that of two runs that know nothing
of each other, and is only worth something where the machine and the plan are the same.
"""

from collections.abc import Sequence

from lading.loadtests.judging.intervals import mean_interval, quantile_interval
from lading.loadtests.judging.objective import QUANTILES, Measure
from lading.loadtests.judging.sample import Sample, sample
from lading.loadtests.judging.sustained import rates
from lading.loadtests.measuring.step import Step
from lading.loadtests.plan import Plan
from lading.loadtests.result import LoadTest, Machine

Known = tuple[float, tuple[float, float] | None]
"""A value, and the interval in which it lies; None where too little was measured to know one."""


def as_baseline(report: LoadTest) -> tuple[Step, ...]:
    """The steps of the candidate of an earlier run, as those of a baseline."""
    return tuple(step.model_copy(update={"role": "baseline"}) for step in report.steps if step.role == "candidate")


def incomparable(report: LoadTest, plan: Plan, machine: Machine) -> tuple[str, ...]:
    """Why an earlier run says nothing of this one: what differs between them; nothing where they can be compared."""
    plans = [name for name in ("shape", "rate", "traffic") if getattr(report.plan, name) != getattr(plan, name)]
    machines = [
        (name, getattr(machine, name), getattr(report.machine, name))
        for name in ("processor", "processors")
        if getattr(machine, name) != getattr(report.machine, name)
    ]
    return (
        *(() if report.complete else ("the baseline's report is partial",)),
        *(() if report.verdict != "none" else (f"the baseline's report has no verdict ({'; '.join(report.reasons)})",)),
        *(f"the {name} of the plan is another one than the baseline's report has" for name in plans),
        *(f"the machine is another one: its {name} is {own}, the report has {other}" for name, own, other in machines),
    )


def against_earlier(
    measure: Measure, steps: Sequence[Step], earlier: Sequence[Step], comparisons: int, confidence: float
) -> Known | None:
    """The ratio of a measure to that of an earlier run, and its interval; None where one of them measured nothing.

    Each of the two lies in its own interval with half of what may be erred, so that the ratio lies between those of
    their ends (Bonferroni).
    """
    each = 1 - (1 - confidence) / (2 * comparisons)
    one, other = _known(measure, steps, each), _known(measure, earlier, each)
    if one is None or other is None or not other[0]:
        return None
    ratio = one[0] / other[0]
    if one[1] is None or other[1] is None or other[1][0] <= 0:
        return ratio, None
    return ratio, (one[1][0] / other[1][1], one[1][1] / other[1][0])


def _known(measure: Measure, steps: Sequence[Step], confidence: float) -> Known | None:
    found = sample(steps)
    if not found.latencies.count:
        return None
    if measure == "rps":
        answered = rates(steps).answered
        return answered, (answered, answered)
    return _latency(measure, found, confidence)


def _latency(measure: Measure, found: Sample, confidence: float) -> Known:
    if measure == "mean":
        return found.latencies.mean or 0.0, mean_interval(found, confidence)
    low, high = quantile_interval(found, QUANTILES[measure], confidence)
    value = found.latencies.quantile(QUANTILES[measure]) or 0.0
    return value, None if high is None else (low, high)
