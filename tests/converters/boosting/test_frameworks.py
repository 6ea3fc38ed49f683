"""Frameworks: known by the class, told of by name, and asked for only when a model needs them."""

import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lading.converters import package
from lading.converters.boosting import BOOSTED
from lading.converters.boosting.frameworks import FRAMEWORKS, framework_of, frameworks_in
from lading.converters.converter import converter_for
from tests.converters.boosting import data as of
from tests.converters.boosting.asking import problems

MODEL = xgboost.XGBClassifier(n_estimators=3, n_jobs=1)


class Derived(xgboost.XGBClassifier):
    """May answer anything."""


def test_every_framework_has_a_converter_and_an_extra() -> None:
    assert set(FRAMEWORKS) == set(BOOSTED)


def test_a_framework_inside_of_an_imputer_takes_part() -> None:
    imputer = IterativeImputer(xgboost.XGBRegressor(n_estimators=2, n_jobs=1), max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        imputer.fit(of.GAPS[:60, :3])
    assert set(frameworks_in(make_pipeline(imputer, LogisticRegression()))) == {"xgboost"}


def test_a_derived_class_is_refused_by_name() -> None:
    model = Derived(n_estimators=3).fit(of.ROWS, of.TWO)
    assert framework_of(model) is None
    (problem,) = problems(model, of.ROWS)
    assert "Derived) has no ONNX converter" in problem


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), MODEL),
        VotingClassifier([("a", MODEL), ("b", LogisticRegression(max_iter=5000))]),
        CalibratedClassifierCV(make_pipeline(StandardScaler(), MODEL), cv=2),
    ],
    ids=lambda model: type(model).__name__,
)
def test_frameworks_inside_others_are_found(model: Any) -> None:
    assert list(frameworks_in(model.fit(of.ROWS, of.TWO))) == ["xgboost"]


def test_a_version_that_was_not_tested_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = replace(FRAMEWORKS["xgboost"], tested=("1.0", "1.1"))
    monkeypatch.setitem(FRAMEWORKS, "xgboost", older)
    model = make_pipeline(StandardScaler(), MODEL).fit(of.ROWS, of.TWO)
    made = package(model, of.ROWS, name="wine", path=tmp_path / "wine.lading")
    assert made.notes == (
        f"xgboost {xgboost.__version__} was not tested, only 1.0 and later ones below 1.1; "
        "the proof holds for the rows that it compared",
    )


def test_a_framework_is_imported_only_when_a_model_needs_it() -> None:
    asked = (
        "import sys\nfrom lading.converters.converter import converter_for\nfrom sklearn.linear_model import Ridge\n"
    )
    asked += "from lading.converters import package\nimport lading.converters.sklearn.conversion\n"
    asked += f"converter_for(Ridge())\nprint([name for name in {BOOSTED!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=100)
    assert said.stdout.strip() == "[]"


def test_each_model_has_one_converter() -> None:
    booster = xgboost.train({}, xgboost.DMatrix(np.eye(3), np.arange(3)), 1)
    assert [converter_for(model).name for model in (MODEL, booster, LogisticRegression())] == [
        "xgboost",
        "xgboost",
        "sklearn",
    ]
