"""The earlier result: objectives relative to it, where it was not measured in turns with the candidate."""

from lading.core.errors import UsageError
from lading.loadtests.judging.objective import QUANTILES, Objective
from lading.loadtests.measuring.latencies import together
from lading.loadtests.plan import Plan
from lading.loadtests.result import LoadTest


class OtherTestError(UsageError):
    """An earlier result is of another load test, so that its figures are no measure for this one."""

    def __init__(self, what: str, before: str, now: str) -> None:
        super().__init__(what, before, now)
        self.what, self.before, self.now = what, before, now

    def __str__(self) -> str:
        return (
            f"the report that is the baseline was made with {self.what} {self.before}, and this test has {self.now}; "
            "ask for the same, or name the bundle of the baseline, which is then measured in turns with this one"
        )


def bounds_of(plan: Plan, earlier: LoadTest) -> tuple[Objective, ...]:
    """The objectives of ``plan``, those that are relative bounded by what ``earlier`` measured of its candidate.

    Raises ``OtherTestError`` where that was asked something else.
    """
    for what in ("shape", "rate", "traffic"):
        before, now = getattr(earlier.plan, what), getattr(plan, what)
        if before != now:
            raise OtherTestError(f"the {what}", str(before), str(now))
    return tuple(_bounded(one, earlier) if one.relative else one for one in plan.objectives)


def _bounded(objective: Objective, earlier: LoadTest) -> Objective:
    steps = [step for step in earlier.steps if step.purpose == "load" and step.role == "candidate"]
    latencies = together(step.latencies for step in steps)
    if objective.measure == "rps":
        value = sum(step.answered for step in steps) / sum(step.seconds for step in steps) if steps else None
    else:
        value = latencies.mean if objective.measure == "mean" else latencies.quantile(QUANTILES[objective.measure])
    if not value:
        raise OtherTestError("right answers:", "none", "something to compare")
    factor = 1 - objective.bound if objective.measure == "rps" else 1 + objective.bound
    return Objective(measure=objective.measure, bound=value * factor)
