"""Taking turns: how two servers are asked over the same time, each while the other rests.

A machine that others share changes its pace within a tenth of a second. What changes slower than the servers
take turns falls on both alike, and out of their ratio (decision 127).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import get_args

from lading.loadtests.conducting.shapes import constant
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.measuring.latencies import together
from lading.loadtests.measuring.step import Role, Step
from lading.loadtests.plan import Plan

PAIR = 2
"""Rounds of a pair: one of each server."""
SHORTEST = 0.05
"""Seconds of a turn at least."""
REQUESTS = 2
"""Requests that become due in a turn at least."""
LATENCIES = 8
"""How many times the median latency a turn lasts at least where that is longer than from one request to the next: then
some are still under way when it ends, and they should be few."""

Schedules = Mapping[Role, Sequence[Stretch]]


def turns_of_round(plan: Plan, steps: Sequence[Step]) -> int:
    """How many turns make up the round of one server: an even number, or 1 where a turn cannot be shorter than that.

    It cannot where a server does not keep up, or answers slowly, by what ``steps`` measured of load without a break; and
    where a rate of answers is compared, which breaks would leave time to catch up.
    """
    if any(one.relative and one.measure == "rps" for one in plan.objectives):
        return 1
    medians = [
        together(step.latencies for step in steps if (step.role, step.purpose) == (role, "load")).quantile(0.5)
        for role in get_args(Role)
    ]
    slowest = max((median for median in medians if median is not None), default=plan.round_seconds)
    turn = max(SHORTEST, REQUESTS / plan.rate, LATENCIES * slowest if slowest * plan.rate > 1 else 0.0)
    return PAIR * int(plan.round_seconds / turn / PAIR) or 1


def pair(plan: Plan, count: int, order: Iterator[Role]) -> Sequence[Schedules]:
    """What is driven for a pair of rounds of ``count`` turns: both servers at once in turns, or one after the other."""
    turn = plan.round_seconds / count
    if count == 1:
        return [{role: [constant(plan.rate, turn)]} for role in islice(order, PAIR)]
    whose = list(islice(order, PAIR * count))
    roles: tuple[Role, ...] = get_args(Role)
    return [{role: _schedule(plan.rate, turn, [one == role for one in whose]) for role in roles}]


def _schedule(rate: float, turn: float, own: Sequence[bool]) -> Sequence[Stretch]:
    return [constant(rate if asked else 0.0, turn * len(list(turns))) for asked, turns in groupby(own)]
