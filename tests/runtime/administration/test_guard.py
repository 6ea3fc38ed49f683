"""The guard: when a canary is worse than it may be."""

import pytest

from lading.runtime.administration.figures import Figures
from lading.runtime.administration.guard import FEWEST, fault
from lading.runtime.administration.state import Limits

GOOD = Figures(answered=990, failed=10, seconds=1.0)


@pytest.mark.parametrize(
    ("limits", "canary", "said"),
    [
        pytest.param(Limits(), Figures(answered=0, failed=1000), None, id="nothing is looked at"),
        pytest.param(Limits(failures=0.02), Figures(answered=970, failed=30), None, id="as many more as are allowed"),
        pytest.param(Limits(failures=0.02), Figures(answered=960, failed=40), "4.0% of its 1000", id="more failures"),
        pytest.param(Limits(failures=0.02), Figures(failed=FEWEST - 1), None, id="too few to say"),
        pytest.param(Limits(slowdown=2), Figures(answered=100, seconds=0.19), None, id="not so slow"),
        pytest.param(Limits(slowdown=2), Figures(answered=100, seconds=0.3), "3.0 times as long", id="slow"),
        pytest.param(Limits(drift=0.25), Figures(answered=100, psi=0.2, field="age"), None, id="hardly drifted"),
        pytest.param(Limits(drift=0.25), Figures(answered=100, psi=0.31, field="age"), "'age'", id="drifted"),
    ],
)
def test_what_is_wrong_with_a_canary(limits: Limits, canary: Figures, said: str | None) -> None:
    found = fault(limits, canary, GOOD)
    assert (found is None) == (said is None)
    assert said is None or said in str(found)


def test_nothing_is_said_before_the_others_were_asked_too() -> None:
    assert fault(Limits(failures=0.0), Figures(failed=1000), Figures()) is None
