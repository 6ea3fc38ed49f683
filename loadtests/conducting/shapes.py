"""The shapes: how the rate changes over the time of a load test."""

from collections.abc import Sequence

from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.plan import Plan

RAMP_FROM = 0.1
"""Of the highest rate: where a ramp begins."""
BESIDE_SPIKE = 0.2
"""Of the highest rate: what there is before and after a spike."""
SPIKE = 0.2
"""Of the time: how long it lasts."""


def stretches(plan: Plan) -> Sequence[Stretch]:
    """The schedule of a plan that is no search; a comparison repeats it."""
    rate, seconds = plan.rate, plan.seconds
    match plan.shape:
        case "ramp":
            return [Stretch(seconds=seconds, rate=rate * RAMP_FROM, rate_after=rate)]
        case "spike":
            beside = constant(rate * BESIDE_SPIKE, seconds * (1 - SPIKE) / 2)
            return [beside, constant(rate, seconds * SPIKE), beside]
        case _:
            return [constant(rate, seconds)]


def constant(rate: float, seconds: float) -> Stretch:
    """Requests at one rate."""
    return Stretch(seconds=seconds, rate=rate, rate_after=rate)
