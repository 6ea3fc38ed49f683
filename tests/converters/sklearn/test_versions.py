"""Versions: what others convert than those that were tested is packaged with a note."""

import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.requirements import Requirement
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lading.converters.sklearn import conversion

ROWS = np.arange(12.0).reshape(6, 2) % 5
INSTALLED = version("scikit-learn")


def test_nothing_is_said_of_versions_that_were_tested(convert: Any) -> None:
    assert convert(make_pipeline(StandardScaler(), Ridge()).fit(ROWS, ROWS[:, 0]), ROWS).notes == ()


def test_other_versions_than_the_tested_ones_are_told(convert: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(conversion.TESTED, "scikit-learn", "<1.5")
    (note,) = convert(LinearRegression().fit(ROWS, ROWS[:, 0]), ROWS).notes
    assert note == f"scikit-learn {INSTALLED} is installed, and conversion was tested with scikit-learn<1.5 only"


def test_the_tested_versions_are_those_that_the_extra_takes() -> None:
    told = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    taken = [Requirement(line) for line in told["project"]["optional-dependencies"]["sklearn"]]
    kept = {one.name: one.specifier for one in taken if one.name in conversion.TESTED}
    assert {name: set(str(found).split(",")) for name, found in kept.items()} == {
        name: set(found.split(",")) for name, found in conversion.TESTED.items()
    }
