"""Versions: which is the older one."""

import pytest

from lading.bundles.versions import is_older


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [
        pytest.param("1.9.0", "1.10.0", True, id="numbers are numbers"),
        pytest.param("1.10.0", "1.9.0", False, id="and the other way round"),
        pytest.param("1.0", "1.0.0", False, id="what is left out is nothing"),
        pytest.param("2.0.0-rc.1", "2.0.0", True, id="what comes before a release"),
        pytest.param("2.0.0+linux", "2.0.0+mac", False, id="how it was built counts for nothing"),
        pytest.param("2024.05.01", "2024.11.01", True, id="dates"),
        pytest.param("a1b2c3", "a1b2c3", False, id="the same, whatever it is"),
        pytest.param("a1b2c3", "d4e5f6", None, id="no order"),
        pytest.param("1.0.0", "d4e5f6", None, id="no order with one that has none"),
    ],
)
def test_is_older(version: str, than: str, older: bool | None) -> None:
    assert is_older(version, than) is older
