"""The files that frameworks of boosted trees save their models in; reading one runs no code from it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Load = Callable[[Path], object]


def load_xgboost(path: Path) -> object:
    """The estimator that was saved, else the ``Booster``. Raises ``ModuleNotFoundError`` and what XGBoost raises."""
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(path)
    told = json.loads(booster.attr("scikit_learn") or "{}")  # which only estimators write
    kinds = {"classifier": xgboost.XGBClassifier, "regressor": xgboost.XGBRegressor, "ranker": xgboost.XGBRanker}
    kind = kinds.get(told.get("_estimator_type"))
    if kind is None:
        return booster
    model = kind()
    model.load_model(path)
    return model


def load_lightgbm(path: Path) -> object:
    """The ``Booster``. Raises ``ModuleNotFoundError`` and what LightGBM raises."""
    import lightgbm

    return lightgbm.Booster(model_file=path)


def load_catboost(path: Path) -> object:
    """The classifier where the model has classes, else the regressor, or what else it is.

    Raises ``ModuleNotFoundError`` and what CatBoost raises.
    """
    import catboost

    plain: Any = catboost.CatBoost().load_model(str(path), format="cbm")
    if len(plain.classes_):
        return catboost.CatBoostClassifier().load_model(str(path), format="cbm")
    loss = str(plain.get_params().get("loss_function"))
    ranks = catboost.CatBoost._is_ranking_objective(loss)
    return (catboost.CatBoostRanker if ranks else catboost.CatBoostRegressor)().load_model(str(path), format="cbm")


FILES: Mapping[str, tuple[str, Load]] = {
    ".ubj": ("xgboost", load_xgboost),
    ".json": ("xgboost", load_xgboost),
    ".txt": ("lightgbm", load_lightgbm),
    ".lgb": ("lightgbm", load_lightgbm),
    ".cbm": ("catboost", load_catboost),
    ".cb": ("catboost", load_catboost),
}
"""The framework that writes files of each suffix, and what reads them."""
