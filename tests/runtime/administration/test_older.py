"""Older versions: what takes the place of a newer one by mistake is refused, and what is meant is not."""

import pytest

from lading.core.errors import PolicyError
from lading.runtime.administration.older import OlderVersionError, check_age
from lading.runtime.administration.state import Author, State, Version

BY = Author(who="ada", time="2026-01-01T00:00:00+00:00")


def version(text: str) -> Version:
    return Version(version=text, digest="sha256:" + format(abs(hash(text)) % 16**8, "064x"))


def deployed(*versions: str) -> State:
    state = State()
    for one in versions:
        state = state.deploy("churn", version(one), BY)
    return state


@pytest.mark.parametrize("fresh", ["1.10.0", "1.9.0", "1.9", "2.0rc1"])
def test_what_is_no_older_passes(fresh: str) -> None:
    check_age(deployed("1.0.0", "1.9.0"), "churn", version(fresh))


@pytest.mark.parametrize("old", ["1.0.0", "1.9.0rc1", "1.8.99"])
def test_what_is_older_is_refused_and_says_how_to_go_back(old: str) -> None:
    with pytest.raises(OlderVersionError, match=r"is older than 1\.9\.0") as caught:
        check_age(deployed("1.9.0"), "churn", version(old))
    assert isinstance(caught.value, PolicyError)
    assert "--allow-older" in str(caught.value)


def test_what_has_no_order_is_not_taken_for_newer() -> None:
    with pytest.raises(OlderVersionError, match="cannot be told to be newer"):
        check_age(deployed("1.9.0"), "churn", version("winter"))
    check_age(deployed("winter"), "churn", version("winter"))


def test_each_name_has_its_own() -> None:
    check_age(deployed("1.9.0"), "churn-eu", version("1.0.0"))


def test_what_was_undeployed_counts_still() -> None:
    state = deployed("1.9.0").undeploy("churn", BY)
    with pytest.raises(OlderVersionError):
        check_age(state, "churn", version("1.0.0"))


def test_after_a_rollback_what_answers_counts() -> None:
    check_age(deployed("1.0.0", "1.9.0").rollback("churn", BY), "churn", version("1.5.0"))
