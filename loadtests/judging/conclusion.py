"""The conclusion: the verdict of a whole load test, why, and what a reader of its figures should know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from lading.loadtests.judging.judgement import judge, verdict
from lading.loadtests.judging.sample import under_load
from lading.loadtests.measuring.disturbance import disturbance
from lading.loadtests.measuring.latencies import together
from lading.loadtests.measuring.limit import limit_of
from lading.loadtests.measuring.step import Role, Step, worked
from lading.loadtests.plan import Plan
from lading.loadtests.result import Capacity, Judged, Verdict

CROWDED = 0.8
"""The share of the users who wait for answers on average above which there may be too few of them."""
UNCONFIRMED = (
    "the capacity is not confirmed: each rate that was asked for longer missed the objectives, and the capacity is said"
    " to be just below the last of them; leave the machine alone, or give each step more time with --seconds"
)


@dataclass(frozen=True)
class Conclusion:
    """What all of a load test comes to; its members are those of a result."""

    judged: tuple[Judged, ...]
    verdict: Verdict
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def conclude(
    plan: Plan,
    steps: Sequence[Step],
    capacity: Capacity | None,
    *,
    complete: bool,
    processors: float,
    earlier: Sequence[Step] = (),
) -> Conclusion:
    """What ``steps`` come to on a machine of so many ``processors``; ``earlier`` are those of a baseline's report."""
    judged = judge(plan.objectives, steps, plan.confidence, capacity, earlier)
    loads = [step for step in steps if step.purpose in ("load", "comparison")]
    limits = [why for role in get_args(Role) if (why := _limit(role, loads)) is not None]
    comes_to, reasons = verdict(judged, steps, limits)
    if plan.shape == "capacity" and complete:
        comes_to, reasons = _searched(judged, steps, capacity) or (comes_to, reasons)
    warnings = (
        *(limits if comes_to == "passed" else ()),
        disturbance(loads, processors),
        UNCONFIRMED if capacity is not None and not capacity.confirmed else None,
        _crowded(under_load(steps, "candidate", capacity), plan.traffic.users),
    )
    return Conclusion(judged, comes_to, reasons, tuple(one for one in warnings if one is not None))


def limit_of_step(step: Step) -> str | None:
    """Why the load generator was the limit of a step; None where it was not."""
    return limit_of(step.generator, step.latencies)


def _limit(role: Role, loads: Sequence[Step]) -> str | None:
    """Why it was the limit of all steps of one server together."""
    own = [step for step in loads if step.role == role]
    if not own:
        return None
    return limit_of(worked([step.generator for step in own]), together(step.latencies for step in own))


def _searched(
    judged: Sequence[Judged], steps: Sequence[Step], capacity: Capacity | None
) -> tuple[Verdict, tuple[str, ...]] | None:
    """What a search comes to that found no capacity, or none of the server's; None where the objectives decide.

    Where the load generator was the limit, what it could make is enough for a bound on ``rps`` alone.
    """
    tried = [step for step in steps if step.purpose == "search"]
    if capacity is None:
        limit = limit_of_step(tried[-1])
        failed = f"not even {tried[-1].rate:,.3g} requests a second met the objectives"
        return ("failed", (failed,)) if limit is None else ("none", (limit,))
    if capacity.limit != "generator" or any(one.objective.measure == "rps" for one in judged):
        return None
    limits = [why for step in tried if step.rate > capacity.rate and (why := limit_of_step(step)) is not None]
    made = f"the load generator could make no more than {capacity.rate:,.6g} requests a second: the capacity is that or more"
    return "none", (made, *limits[-1:])


def _crowded(steps: Sequence[Step], users: int) -> str | None:
    """That there may be too few users for a server that can answer more at a time; None where there are enough."""
    service = together(window.service for step in steps for window in step.windows)
    asked = sum(step.asked for step in steps)
    under_way = service.count * (service.mean or 0.0) / asked if asked else 0.0  # Little's law
    if under_way < CROWDED * users:
        return None
    return (
        f"of {users} users {min(under_way, users):.0f} waited for an answer on average: a server that can answer more at a "
        "time was not asked to; let more be under way with --users"
    )
