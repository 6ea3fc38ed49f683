"""The sustained rate: whether right answers keep up with so many requests a second."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lading.loadtests.judging.objective import Objective
from lading.loadtests.measuring.step import Step
from lading.loadtests.result import Capacity, Judged

SLACK = 0.01
"""The share by which answers may fall short of what came due: what is under way when the time is over."""

CHANCE = 0.05
"""The share by which fewer requests may have come due than was planned."""


def judge_rate(objective: Objective, steps: Sequence[Step]) -> Judged:
    """Whether, of requests that came due at the bound's rate or a higher one, so many a second were answered rightly.

    The rate is a count over a known time, so that there is no interval. Nothing is said where fewer came due.
    """
    found = rates(steps)
    answered, due, planned = found.answered, found.due, found.planned
    if min(planned, due / (1 - CHANCE)) < objective.bound * (1 - 1e-9):
        why = f"only {min(planned, due):.6g} requests a second came due: ask for {objective.bound:.6g} or more"
        return Judged(objective=objective, outcome="undecided", measured=answered, why=why)
    met = answered >= min(objective.bound, due) * (1 - SLACK)
    why = f"{due:.6g} a second came due, {answered:.6g} were answered rightly in the time"
    return Judged(objective=objective, outcome="met" if met else "missed", measured=answered, why=why)


def keeps_up(steps: Sequence[Step]) -> bool:
    """Whether requests ended, in whatever way, as quickly as they came due."""
    found = rates(steps)
    # One more or less may end in the first second and in the last.
    around = 2 * len(steps) / sum(step.seconds for step in steps)
    return found.answered + found.failed + around >= found.due * (1 - SLACK)


def judge_capacity(objective: Objective, capacity: Capacity) -> Judged:
    """Whether the capacity that was found is as large as the bound."""
    rate, above = capacity.rate, capacity.above
    if rate >= objective.bound and not capacity.confirmed:
        why = f"{rate:.6g} requests a second is below all that was asked for longer, which missed the other objectives"
        return Judged(objective=objective, outcome="undecided", measured=rate, why=why)
    if rate >= objective.bound:
        why = f"{rate:.6g} requests a second met the other objectives"
        return Judged(objective=objective, outcome="met", measured=rate, why=why)
    if above is not None and above <= objective.bound and capacity.limit == "objectives":
        why = f"{above:.6g} requests a second missed the other objectives already"
        return Judged(objective=objective, outcome="missed", measured=rate, why=why)
    why = f"the search ended at {rate:.6g} requests a second without having tried {objective.bound:.6g}"
    return Judged(objective=objective, outcome="undecided", measured=rate, why=why)


@dataclass(frozen=True)
class Rates:
    """Requests a second of some steps together."""

    answered: float
    """As they should be, while they came due."""
    failed: float
    """The same of those that ended otherwise."""
    due: float
    planned: float


def rates(steps: Sequence[Step]) -> Rates:
    """How many requests a second there were; there must be a step."""
    seconds = sum(step.seconds for step in steps)
    ended = [(step.seconds, *_ended(step)) for step in steps]
    return Rates(
        answered=sum(lasted * answered for lasted, answered, _ in ended) / seconds,
        failed=sum(lasted * failed for lasted, _, failed in ended) / seconds,
        due=sum(step.due for step in steps) / seconds,
        planned=sum((step.rate + step.rate_after) / 2 * step.seconds for step in steps) / seconds,
    )


def _ended(step: Step) -> tuple[float, float]:
    """Requests a second that were answered as they should be, and that were not, while requests came due.

    They count from when the first answer can be expected, which is the median latency later.
    """
    median = step.latencies.quantile(0.5) or 0.0
    first, end = math.ceil(median) if median > 0.05 else 0, math.floor(step.seconds)
    windows, seconds = step.windows, step.seconds
    if end - first >= 1:
        windows, seconds = tuple(one for one in windows if first <= one.second < end), float(end - first)
    elif median > 1:  # what came after the end says nothing of how many are answered in a second
        windows = tuple(one for one in windows if one.second < end)
    answered = sum(window.latencies.count for window in windows)
    return answered / seconds, sum(sum(window.failures.values()) for window in windows) / seconds
