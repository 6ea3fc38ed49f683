"""Testing: the steps that a plan asks for, in their order, until there is enough to say what came of it."""

from collections.abc import Callable, Sequence

from lading.loadtests.conducting.conductor import Conductor
from lading.loadtests.conducting.search import CLOSE, Probed, search
from lading.loadtests.conducting.shapes import constant, stretches
from lading.loadtests.conducting.taking_turns import PAIR, pair, turns_of_round
from lading.loadtests.judging.comparison import LOOKS
from lading.loadtests.judging.judgement import meets, settled, wanting
from lading.loadtests.judging.sustained import keeps_up
from lading.loadtests.judging.turns import turns
from lading.loadtests.measuring.step import Step
from lading.loadtests.plan import Plan
from lading.loadtests.result import Capacity, Judged

Judge = Callable[[Sequence[Step]], Sequence[Judged]]
"""What becomes of the objectives by some steps."""
Limit = Callable[[Step], str | None]
"""Why the load generator was the limit of a step; None where it was not."""

CONFIRMATIONS = 5
"""How often the capacity that was found may be too high when it is asked for longer."""


def conduct(plan: Plan, conductor: Conductor, judge: Judge, limit: Limit) -> Capacity | None:
    """Drive the steps of ``plan``; the capacity where it is a search for that.

    Raises ``HaltedError``; the conductor has what was measured until then.
    """
    if plan.warm_up:
        for role in conductor.roles:
            conductor.drive(role, "warm-up", [constant(plan.rate, plan.warm_up)])
    if plan.shape == "capacity":
        return _capacity(plan, conductor, judge, limit)
    if "baseline" in conductor.roles:
        _compare(plan, conductor, judge)
    elif plan.shape == "constant":
        _settle(plan, conductor, judge, plan.rate)
    else:
        conductor.drive("candidate", "load", stretches(plan))
    return None


def _settle(plan: Plan, conductor: Conductor, judge: Judge, rate: float) -> Sequence[Judged]:
    """Ask at one rate until there are requests enough to decide, for as long as the plan has time; what came of it.

    What was asked is doubled before each further look, so that there are few of them: each may err.
    """
    steps, seconds = list[Step](), plan.seconds
    while True:
        steps.append(conductor.drive("candidate", "load", [constant(rate, seconds)]))
        judged = judge(steps)
        seconds = sum(step.seconds for step in steps)
        if not wanting(judged) or 2 * seconds > plan.most_seconds:
            return judged


def _compare(plan: Plan, conductor: Conductor, judge: Judge) -> None:
    """Both servers by themselves; then rounds of both, until everything is decided, for as long as the plan has time."""
    _settle(plan, conductor, lambda steps: [one for one in judge(steps) if not one.objective.relative], plan.rate)
    conductor.drive("baseline", "load", [constant(plan.rate, plan.seconds)])
    begun, order = conductor.elapsed, turns(plan.traffic.seed)
    count = turns_of_round(plan, conductor.steps)
    for _ in range(LOOKS[-1]):
        for schedules in pair(plan, count, order):
            conductor.drive_all("comparison", schedules)
        if settled(judge(conductor.steps)):
            return
        if conductor.elapsed - begun + PAIR * plan.round_seconds > plan.most_seconds:
            return


def _capacity(plan: Plan, conductor: Conductor, judge: Judge, limit: Limit) -> Capacity | None:
    def probe(rate: float) -> Probed:
        step = conductor.drive("candidate", "search", [constant(rate, plan.seconds)])
        if limit(step) is not None:
            return "generator"
        return "met" if meets(plan.objectives, [step]) else "objectives"

    found = search(plan.rate, probe)
    return None if found is None else _confirmed(plan, conductor, judge, found)


def _confirmed(plan: Plan, conductor: Conductor, judge: Judge, found: Capacity) -> Capacity:
    """The capacity when it is asked until there are requests enough to judge it; a little less where that is missed."""
    for _ in range(CONFIRMATIONS):
        judged = _settle(plan, conductor, judge, found.rate)
        if not any(one.outcome == "missed" for one in judged) and keeps_up(conductor.steps[-1:]):
            return found
        found = found.model_copy(update={"rate": found.rate / CLOSE, "above": found.rate, "limit": "objectives"})
    return found.model_copy(update={"confirmed": False})
