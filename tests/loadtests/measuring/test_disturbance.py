"""The disturbance: what is neither a server that is measured nor its load generator."""

import numpy as np
import pytest

from lading.loadtests.measuring.disturbance import disturbance
from lading.loadtests.measuring.step import MachineSample, Role, Step
from tests.loadtests.results import Service, step_of


def busy(machine: float, server: float, role: Role = "candidate", start: float = 0.0) -> Step:
    """A step during which so many processors were busy; the load generator has a tenth of one."""
    sample = MachineSample(at=1.0, server_cpu=server, generator_cpu=0.1, machine_cpu=machine)
    step = step_of(Service(), np.random.default_rng(1), seconds=2.0, role=role, start=start)
    return step.model_copy(update={"machine": (sample, sample)})


def test_what_the_server_takes_is_no_disturbance() -> None:
    assert disturbance([busy(1.5, 1.2)], 2) is None
    assert "1.4 of 2 processors" in str(disturbance([busy(2.0, 0.5)], 2))


def test_two_servers_at_once_do_not_disturb_each_other() -> None:
    assert disturbance([busy(1.6, 0.6), busy(1.6, 0.7, "baseline")], 2) is None
    assert "1.0 of 2 processors" in str(disturbance([busy(2.0, 0.4), busy(2.0, 0.4, "baseline")], 2))


def test_of_one_after_the_other_each_counts_by_itself() -> None:
    assert disturbance([busy(1.6, 0.6), busy(1.6, 0.7, "baseline", start=3.0)], 2) is not None


@pytest.mark.parametrize("steps", [[], [step_of(Service(), np.random.default_rng(1), seconds=2.0)]])
def test_of_a_server_elsewhere_nothing_is_known(steps: list[Step]) -> None:
    assert disturbance([step.model_copy(update={"machine": ()}) for step in steps], 2) is None
