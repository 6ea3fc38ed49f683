"""The disturbance: what else kept the machine busy while a server was measured on it."""

from collections.abc import Iterable, Sequence
from statistics import mean

from lading.loadtests.measuring.step import MachineSample, Step

MOST = 0.25
"""The share of the machine's processors that other programs may take on average before it is told."""


def disturbance(steps: Iterable[Step], processors: float) -> str | None:
    """What other programs took, in words; None where that was little, or is not known as of a server elsewhere."""
    at_once: dict[float, list[Step]] = {}
    for step in steps:
        at_once.setdefault(step.start, []).append(step)
    taken = [
        _others(samples) for same in at_once.values() for samples in zip(*(step.machine for step in same), strict=False)
    ]
    others = [one for one in taken if one is not None]
    if not others or mean(others) <= MOST * processors:
        return None
    return (
        f"other programs kept {mean(others):.1f} of {processors:g} processors busy on average, so that the server may be "
        "faster than it looks; measure on a machine that is left alone"
    )


def _others(samples: Sequence[MachineSample]) -> float | None:
    """Processors that were busy with neither the servers nor the load generators, of which each has a sample."""
    own = [(one.server_cpu, one.generator_cpu or 0.0) for one in samples if one.server_cpu is not None]
    machine = samples[0].machine_cpu
    if machine is None or len(own) < len(samples):
        return None
    return max(0.0, machine - sum(server + generator for server, generator in own))
