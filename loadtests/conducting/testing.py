"""Testing: the steps that a plan asks for, in their order, until there is enough to say what came of it."""

from collections.abc import Callable, Sequence

from lading.loadtests.conducting.conductor import Conductor
from lading.loadtests.conducting.search import CLOSE, Probed, search
from lading.loadtests.conducting.shapes import constant, stretches
from lading.loadtests.judging.judgement import meets, settled
from lading.loadtests.judging.turns import turns
from lading.loadtests.measuring.step import Step
from lading.loadtests.plan import Plan
from lading.loadtests.result import Capacity, Judged

Judge = Callable[[Sequence[Step]], Sequence[Judged]]
"""What becomes of the objectives by some steps."""
Limit = Callable[[Step], str | None]
"""Why the load generator was the limit of a step; None where it was not."""

PAIR = 2
"""Rounds after which both have been asked as often."""
CONFIRMATIONS = 5
"""How often the capacity that was found may be too high when it is asked for longer."""
BACKLOG_SHARE = 0.02
"""Of all requests that were due: so many more than usual may be unanswered when the last is due."""


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
    """Ask at one rate until there are requests enough to decide, for as long as the plan has time; what came of it."""
    begun, steps = conductor.elapsed, list[Step]()
    while True:
        steps.append(conductor.drive("candidate", "load", [constant(rate, plan.seconds)]))
        judged = judge(steps)
        if settled(judged) or conductor.elapsed - begun + plan.seconds > plan.most_seconds:
            return judged


def _compare(plan: Plan, conductor: Conductor, judge: Judge) -> None:
    """Rounds of both servers in turns until everything is decided, for as long as the plan has time."""
    begun, order = conductor.elapsed, turns(plan.traffic.seed)
    while True:
        for _ in range(PAIR):
            conductor.drive(next(order), "load", [constant(plan.rate, plan.round_seconds)])
        passed = conductor.elapsed - begun
        if passed >= plan.seconds and settled(judge(conductor.steps)):
            return
        if passed + PAIR * plan.round_seconds > plan.most_seconds:
            return


def _capacity(plan: Plan, conductor: Conductor, judge: Judge, limit: Limit) -> Capacity | None:
    def probe(rate: float) -> Probed:
        step = conductor.drive("candidate", "search", [constant(rate, plan.seconds)])
        if limit(step) is not None:
            return "generator"
        return "met" if meets(plan.objectives, [step]) and keeps_up(step) else "missed"

    found = search(plan.rate, probe)
    return None if found is None else _confirmed(plan, conductor, judge, found)


def _confirmed(plan: Plan, conductor: Conductor, judge: Judge, found: Capacity) -> Capacity:
    """The capacity when it is asked until there are requests enough to judge it; a little less where that is missed."""
    for _ in range(CONFIRMATIONS):
        judged = _settle(plan, conductor, judge, found.rate)
        if not any(one.outcome == "missed" for one in judged) and keeps_up(conductor.steps[-1]):
            break
        found = found.model_copy(update={"rate": found.rate / CLOSE, "above": found.rate})
    return found


def keeps_up(step: Step) -> bool:
    """Whether the server answered as fast as requests were due.

    It did not where more are unanswered at the end than were under way on average in the first third (Little's law:
    rate times latency), by more than 2 % of all.
    """
    inside = [window for window in step.windows if window.second < step.seconds]
    ended = sum(window.latencies.count + sum(window.failures.values()) for window in inside)
    early = [window for window in inside if window.second < step.seconds / 3]
    answered = sum(window.latencies.count for window in early)
    latency = sum((window.latencies.mean or 0.0) * window.latencies.count for window in early)
    usual = step.rate * latency / answered if answered else 0.0
    return step.due - ended <= usual + BACKLOG_SHARE * step.due + 1
