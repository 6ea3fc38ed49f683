"""The disturbance: what else kept the machine busy while a server was measured on it."""

from collections.abc import Iterable
from statistics import mean

from lading.loadtests.measuring.step import Step

MOST = 0.25
"""The share of the machine's processors that other programs may take on average before it is told."""


def disturbance(steps: Iterable[Step], processors: float) -> str | None:
    """What other programs took, in words; None where that was little, or is not known as of a server elsewhere."""
    others = [
        max(0.0, sample.machine_cpu - sample.server_cpu - (sample.generator_cpu or 0.0))
        for step in steps
        for sample in step.machine
        if sample.machine_cpu is not None and sample.server_cpu is not None
    ]
    if not others or mean(others) <= MOST * processors:
        return None
    return (
        f"other programs kept {mean(others):.1f} of {processors:g} processors busy on average, so that the server may be "
        "faster than it looks; measure on a machine that is left alone"
    )
