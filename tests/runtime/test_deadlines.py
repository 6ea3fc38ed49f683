import pytest

from lading.core.settings import Settings
from lading.runtime.deadlines import Deadlines, UnknownDeadlineError

SETTINGS = Settings(request_seconds=10, deadlines={"churn": 2.5, "slow": 60})


def test_a_deployment_has_its_own_deadline_or_that_of_all() -> None:
    deadlines = Deadlines.read(SETTINGS)
    assert [deadlines.of(name) for name in ("churn", "slow", "other")] == [2.5, 60, 10]
    assert deadlines.longest == 60
    assert Deadlines().longest == Deadlines().of("any") == 30


def test_a_deadline_for_what_is_not_deployed_is_refused() -> None:
    Deadlines.read(SETTINGS).check(("churn", "slow", "other"))
    with pytest.raises(UnknownDeadlineError, match="'slow', which is not deployed; deployed are churn"):
        Deadlines.read(SETTINGS).check(("churn",))
