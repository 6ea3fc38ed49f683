"""Testing by a plan: a capacity counts when it held for longer than a step of the search."""

from collections.abc import Sequence

import numpy as np
import pytest

from lading.loadtests.conducting.conductor import Conductor
from lading.loadtests.conducting.testing import CONFIRMATIONS, conduct
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.judging.grammar import parse_objective
from lading.loadtests.judging.judgement import judge
from lading.loadtests.measuring.step import Purpose, Role, Step
from lading.loadtests.plan import Plan
from lading.loadtests.result import Judged
from tests.loadtests.results import Service, step_of
from tests.loadtests.silent import Silent

PLAN = Plan(shape="capacity", rate=100, seconds=5, warm_up=0, objectives=(parse_objective("p50=20ms"),))
CAPACITY = 350.0


class Simulated(Conductor):
    """Of a service that becomes too slow at some rate: at another one where it is asked for longer."""

    def __init__(self, longer: float) -> None:
        super().__init__({}, Silent())
        self._longer, self._chance = longer, np.random.default_rng(1)

    def drive(self, role: Role, purpose: Purpose, schedule: Sequence[Stretch]) -> Step:
        """A step in which it was asked."""
        [asked] = schedule
        holds = asked.rate <= (CAPACITY if purpose == "search" else self._longer)
        service = Service(median=0.005 if holds else 0.1)
        self.steps.append(
            step_of(service, self._chance, rate=asked.rate, seconds=asked.seconds, role=role, purpose=purpose)
        )
        return self.steps[-1]


def judged(steps: Sequence[Step]) -> Sequence[Judged]:
    return judge(PLAN.objectives, steps, PLAN.confidence)


@pytest.mark.parametrize(
    ("longer", "confirmed"),
    [
        pytest.param(CAPACITY, True, id="at once"),
        pytest.param(0.9 * CAPACITY, True, id="after it was lowered"),
        pytest.param(0.0, False, id="never"),
    ],
)
def test_a_capacity_is_confirmed_when_it_holds_for_longer(longer: float, confirmed: bool) -> None:
    conductor = Simulated(longer)
    found = conduct(PLAN, conductor, judged, lambda _: None)
    assert found is not None
    asked = [step.rate for step in conductor.steps if step.purpose == "load"]
    assert found.confirmed == confirmed
    if confirmed:
        assert found.rate == asked[-1] <= longer
        assert found.rate == pytest.approx(longer, rel=0.05)
    else:
        assert len(set(asked)) == CONFIRMATIONS
        assert found.rate < min(asked) == found.above
