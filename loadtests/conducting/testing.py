"""Testing: the steps that a plan asks for, in their order, until there is enough to say what came of it."""

from collections.abc import Callable

from lading.loadtests.conducting.conductor import Conductor
from lading.loadtests.conducting.search import Probed, search
from lading.loadtests.conducting.shapes import constant, stretches
from lading.loadtests.judging.judgement import judge, meets, settled
from lading.loadtests.measuring.step import Role, Step
from lading.loadtests.plan import Plan
from lading.loadtests.result import Capacity

Limit = Callable[[Step], str | None]
"""Why the load generator was the limit of a step; None where it was not."""

ORDER: tuple[tuple[Role, Role], ...] = (("candidate", "baseline"), ("baseline", "candidate"))
"""Of the two steps of each round, in turns, so that a machine that gets slower, or faster, is to neither's good."""
BACKLOG_SHARE = 0.02
"""Of all requests that were due: so many more than usual may be unanswered when the last is due."""


def conduct(plan: Plan, conductor: Conductor, limit: Limit) -> Capacity | None:
    """Drive the steps of ``plan``; the capacity where it is a search for that.

    Raises ``HaltedError``; the conductor has what was measured until then.
    """
    if plan.warm_up:
        for role in conductor.roles:
            conductor.drive(role, "warm-up", [constant(plan.rate, plan.warm_up)])
    if plan.shape == "capacity":
        return _capacity(plan, conductor, limit)
    if any(objective.relative for objective in plan.objectives):
        _compare(plan, conductor)
    else:
        conductor.drive("candidate", "load", stretches(plan))
    return None


def _compare(plan: Plan, conductor: Conductor) -> None:
    """Rounds of both servers until every comparison is decided, for as long as the plan has time."""
    rounds, begun, longest = 0, conductor.elapsed, 0.0
    while True:
        started = conductor.elapsed
        for role in ORDER[rounds % 2]:
            conductor.drive(role, "load", [constant(plan.rate, plan.round_seconds)])
        rounds += 1
        longest = max(longest, conductor.elapsed - started)
        passed = conductor.elapsed - begun
        if passed >= plan.seconds and settled(judge(plan.objectives, conductor.steps, plan.confidence)):
            return
        if passed + longest > plan.most_seconds:
            return


def _capacity(plan: Plan, conductor: Conductor, limit: Limit) -> Capacity | None:
    def probe(rate: float) -> Probed:
        step = conductor.drive("candidate", "search", [constant(rate, plan.seconds)])
        if limit(step) is not None:
            return "generator"
        return "met" if meets(plan.objectives, [step]) and keeps_up(step) else "missed"

    return search(plan.rate, probe)


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
