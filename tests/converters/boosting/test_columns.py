"""Columns and classes of boosted trees: names of any kind, in files too, and classes that no row has."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost

from lading.bundles.bundle import open_bundle
from lading.converters import package
from lading.converters.loading import load_model
from tests.converters.boosting import data as of

QUIET: dict[str, Any] = {"iterations": 5, "verbose": False, "allow_writing_files": False, "thread_count": 1}
SMALL: dict[str, Any] = {"n_estimators": 5, "n_jobs": 1}
NAMES = ["bill length (mm)", "größe", "年 齢", "a b", "A_b", "x-y", "half;", "1+1=2"]
FRAME = pd.DataFrame(of.ROWS[:, : len(NAMES)], columns=NAMES)
TOWNS = FRAME.iloc[:, :3].assign(
    **{"stadt größe": pd.Categorical(np.array(["münchen köln", "東京", "a b"])[of.CLASSES])}
)
PLAIN = TOWNS.astype({"stadt größe": object})


def _lightgbm(frame: Any) -> Any:
    return lightgbm.LGBMClassifier(**SMALL, verbose=-1).fit(frame, of.TWO)


def _xgboost(frame: Any, **more: Any) -> Any:
    return xgboost.XGBClassifier(**SMALL, **more).fit(frame, of.TWO)


def _catboost(frame: Any, **more: Any) -> Any:
    return catboost.CatBoostClassifier(**QUIET, **more).fit(frame, of.TWO)


NAMED: dict[str, tuple[Callable[[], Any], Any]] = {
    "LGBMClassifier": (lambda: _lightgbm(FRAME), FRAME),
    "LightGBM's Booster": (lambda: _lightgbm(FRAME).booster_, FRAME),
    "LightGBM, categories": (lambda: _lightgbm(TOWNS), TOWNS),
    "XGBClassifier": (lambda: _xgboost(FRAME), FRAME),
    "XGBoost's Booster": (lambda: _xgboost(FRAME).get_booster(), FRAME),
    "XGBoost, categories": (lambda: _xgboost(TOWNS, enable_categorical=True), TOWNS),
    "CatBoostClassifier": (lambda: _catboost(FRAME), FRAME),
    "CatBoost, categories": (lambda: _catboost(PLAIN, cat_features=["stadt größe"]), PLAIN),
}


@pytest.mark.parametrize(("make", "frame"), NAMED.values(), ids=NAMED)
def test_columns_keep_the_names_that_the_data_has(make: Callable[[], Any], frame: Any, tmp_path: Path) -> None:
    made = package(make(), frame, name="wine", path=tmp_path / "wine.lading", datasets={"test": frame.iloc[:20]})
    with open_bundle(made.path) as bundle:
        assert [field.name for field in bundle.manifest.signature.fields] == list(frame.columns)
    assert made.notes == ()


@pytest.mark.parametrize(
    ("file", "save"),
    [
        ("model.txt", lambda path: _lightgbm(FRAME).booster_.save_model(path)),
        ("model.ubj", lambda path: _xgboost(FRAME).save_model(path)),
        ("model.cbm", lambda path: _catboost(FRAME).save_model(str(path))),
    ],
    ids=["LightGBM", "XGBoost", "CatBoost"],
)
@pytest.mark.parametrize("named", [True, False], ids=["a frame", "an array"])
def test_files_are_packaged_with_the_rows_that_they_were_trained_on(
    file: str, save: Callable[[Path], Any], named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not named:
        monkeypatch.setattr(f"{__name__}.FRAME", FRAME.to_numpy())
    save(tmp_path / file)
    made = package(load_model(tmp_path / file), FRAME, name="wine", path=tmp_path / "wine.lading")
    assert made.parity.label_flips == 0


def test_columns_that_differ_by_more_than_spaces_are_refused(tmp_path: Path) -> None:
    from lading.converters.training_data import WrongColumnsError

    with pytest.raises(WrongColumnsError, match="missing: 'größe'; extra: 'groesse'"):
        package(_lightgbm(FRAME), FRAME.rename(columns={"größe": "groesse"}), name="wine", path=tmp_path / "a.lading")


NATIVE: dict[str, Any] = {"num_class": 5}
UNSEEN: dict[str, Callable[[], Any]] = {
    "XGBoost, num_class=5": lambda: xgboost.train({**NATIVE, "objective": "multi:softprob"}, xgboost.DMatrix(of.ROWS, of.CLASSES), 5),
    "LightGBM, num_class=5": lambda: lightgbm.train({**NATIVE, "objective": "multiclass", "verbose": -1, "num_threads": 1}, lightgbm.Dataset(of.ROWS, of.CLASSES), 5),
    "CatBoost, MultiClass": lambda: catboost.CatBoostClassifier(**QUIET, loss_function="MultiClass", class_names=[3, 0, 1, 2]).fit(of.ROWS, of.CLASSES),
    "CatBoost, MultiClassOneVsAll": lambda: catboost.CatBoostClassifier(**QUIET, loss_function="MultiClassOneVsAll", class_names=[0, 1, 9, 2]).fit(of.ROWS, of.CLASSES),
}  # fmt: skip


@pytest.mark.parametrize("make", UNSEEN.values(), ids=UNSEEN)
def test_classes_that_no_row_has_are_answered_as_the_model_does(make: Callable[[], Any], tmp_path: Path) -> None:
    model = make()
    made = package(model, of.ROWS, name="wine", path=tmp_path / "wine.lading")
    with open_bundle(made.path) as bundle:
        *_, last = bundle.manifest.signature.outputs
        assert last.tensor.shape[1] == len(getattr(model, "classes_", range(5)))


@pytest.mark.parametrize("make", [_lightgbm, _xgboost, _catboost])
def test_rows_of_one_class_alone_are_enough(make: Callable[[Any], Any], tmp_path: Path) -> None:
    made = package(make(of.ROWS), of.ROWS[of.TWO == 0], name="wine", path=tmp_path / "wine.lading")
    with open_bundle(made.path) as bundle:
        assert bundle.manifest.signature.outputs[0].classes == (0, 1)
