"""The files of boosted trees: loaded as what was saved, without trust, and refused in words."""

import sys
from pathlib import Path
from typing import Any

import catboost
import joblib
import lightgbm
import mlflow
import numpy as np
import pytest
import skops.io
import xgboost

from lading.converters.boosting.files import FILES
from lading.converters.loading import (
    MissingFrameworkError,
    ModelUnpickleError,
    UntrustedTypesError,
    load_model,
)
from tests.converters.boosting import data as of

# What MLflow says to itself when its modules are imported.
pytestmark = pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning")

QUIET: dict[str, Any] = {"iterations": 3, "verbose": False, "allow_writing_files": False, "thread_count": 1}
XGBOOST = xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(of.ROWS, of.CLASSES)
LIGHTGBM = lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1).fit(of.ROWS, of.CLASSES)
CATBOOST = catboost.CatBoostClassifier(**QUIET).fit(of.ROWS, of.CLASSES)


@pytest.mark.parametrize("suffix", [".json", ".ubj"])
def test_what_an_estimator_of_xgboost_saved_is_that_estimator(suffix: str, tmp_path: Path) -> None:
    for model in (XGBOOST, xgboost.XGBRegressor(n_estimators=3).fit(of.ROWS, of.TWO)):
        model.save_model(tmp_path / f"model{suffix}")
        loaded: Any = load_model(tmp_path / f"model{suffix}")
        assert type(loaded) is type(model)
        assert loaded.predict(of.ROWS).tolist() == model.predict(of.ROWS).tolist()


def test_a_booster_is_a_booster(tmp_path: Path) -> None:
    matrix = xgboost.DMatrix(of.ROWS, of.TWO)
    xgboost.train({}, matrix, 3).save_model(tmp_path / "model.ubj")
    LIGHTGBM.booster_.save_model(tmp_path / "model.txt")
    assert isinstance(load_model(tmp_path / "model.ubj"), xgboost.Booster)
    loaded: Any = load_model(tmp_path / "model.txt")
    assert np.allclose(loaded.predict(of.ROWS), LIGHTGBM.predict_proba(of.ROWS))


@pytest.mark.parametrize(
    "model",
    [
        CATBOOST,
        catboost.CatBoostRegressor(**QUIET, loss_function="Poisson").fit(of.ROWS, of.TWO),
        catboost.CatBoostRanker(**QUIET).fit(of.ROWS, of.TWO, group_id=of.QUERIES),
    ],
    ids=lambda model: type(model).__name__,
)
def test_models_of_catboost_are_what_their_loss_says(model: Any, tmp_path: Path) -> None:
    model.save_model(str(tmp_path / "model.cbm"))
    loaded: Any = load_model(tmp_path / "model.cbm")
    assert type(loaded) is type(model)
    assert loaded.predict(of.ROWS).tolist() == model.predict(of.ROWS).tolist()


@pytest.mark.parametrize("suffix", FILES)
def test_a_file_of_something_else_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_text("something else\nof two lines")
    with pytest.raises(ModelUnpickleError, match=r"cannot be loaded: \w+Error: [^\n]*; load it with"):
        load_model(path)


@pytest.mark.parametrize(("suffix", "framework"), [(suffix, framework) for suffix, (framework, _) in FILES.items()])
def test_a_framework_that_is_not_installed_is_named_with_the_line_that_installs_it(
    suffix: str, framework: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_text("")
    monkeypatch.setitem(sys.modules, framework, None)
    with pytest.raises(MissingFrameworkError, match=rf"pip install 'lading\[{framework}\]'$"):
        load_model(path)


def test_a_pickle_of_a_framework_that_is_not_installed_says_so_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joblib.dump(LIGHTGBM, tmp_path / "model.joblib")
    for name in [name for name in sys.modules if name.split(".")[0] == "lightgbm"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingFrameworkError, match=r"pip install 'lading\[lightgbm\]'$"):
        load_model(tmp_path / "model.joblib", trust=True)


@pytest.mark.parametrize("model", [XGBOOST, LIGHTGBM, CATBOOST], ids=lambda model: type(model).__name__)
def test_skops_files_of_them_need_trust(model: Any, tmp_path: Path) -> None:
    skops.io.dump(model, tmp_path / "model.skops")
    with pytest.raises(UntrustedTypesError, match=type(model).__name__):
        load_model(tmp_path / "model.skops")
    loaded: Any = load_model(tmp_path / "model.skops", trust=True)
    assert loaded.predict(of.ROWS).tolist() == model.predict(of.ROWS).tolist()


@pytest.mark.parametrize(
    ("flavour", "model"),
    [
        pytest.param("xgboost", XGBOOST, id="xgboost"),
        pytest.param("lightgbm", LIGHTGBM.booster_, id="lightgbm"),
        pytest.param("catboost", CATBOOST, id="catboost"),
    ],
)
def test_folders_that_mlflow_saved_are_loaded(flavour: str, model: Any, tmp_path: Path) -> None:
    getattr(mlflow, flavour).save_model(model, tmp_path / "model", pip_requirements=[])
    loaded: Any = load_model(tmp_path / "model")
    assert type(loaded) is type(model)
    assert np.allclose(loaded.predict(of.ROWS), model.predict(of.ROWS))
