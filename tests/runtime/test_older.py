"""Older versions: what takes the place of a newer one by mistake is refused, and what is meant is not."""

import pytest

from lading.core.errors import PolicyError
from lading.core.settings import PolicyMode
from lading.runtime.older import OlderVersionError, check_age


def check(version: str, last: str, mode: PolicyMode = "enforce") -> list[str]:
    """What is told of it."""
    told: list[str] = []
    check_age("churn", version, last, mode, told.append)
    return told


@pytest.mark.parametrize("fresh", ["1.10.0", "1.9.0", "1.9", "2.0rc1"])
def test_what_is_no_older_passes(fresh: str) -> None:
    assert check(fresh, "1.9.0") == []


@pytest.mark.parametrize("old", ["1.0.0", "1.9.0rc1", "1.8.99"])
def test_what_is_older_is_refused_and_says_how_to_go_back(old: str) -> None:
    with pytest.raises(OlderVersionError, match=r"is older than 1\.9\.0") as caught:
        check(old, "1.9.0")
    assert isinstance(caught.value, PolicyError)
    assert "--allow-older" in str(caught.value)


def test_what_has_no_order_is_not_taken_for_newer() -> None:
    with pytest.raises(OlderVersionError, match="cannot be told to be newer"):
        check("winter", "1.9.0")
    assert check("winter", "winter") == []


def test_a_warning_says_the_same_and_nothing_is_said_where_nothing_is_asked() -> None:
    (told,) = check("1.0.0", "1.9.0", "warn")
    assert told.startswith("the policy warns: version 1.0.0 is older than 1.9.0")
    assert check("1.0.0", "1.9.0", "off") == []
