"""LightGBM's objectives and ways of training, each on data that suits it."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import lightgbm
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.converters.boosting import data as of
from tests.converters.verdicts import Case

SMALL: dict[str, Any] = {"n_estimators": 20, "num_leaves": 12, "n_jobs": 1, "random_state": 0, "verbose": -1}
NATIVE: dict[str, Any] = {"num_leaves": 12, "num_threads": 1, "seed": 0, "verbose": -1}
FOREST: dict[str, Any] = {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}
WORDS = np.array(["red", "rosé", "white"])[of.CLASSES]


def _ours(target: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return predicted - target, np.ones_like(predicted)


def _squares(predicted: np.ndarray, rows: Any) -> tuple[np.ndarray, np.ndarray]:
    return predicted - rows.get_label(), np.ones_like(predicted)


def cases() -> Iterator[Case]:
    """Every case, each fitted when it is asked for."""
    yield from _classifiers()
    yield from _regressors()
    yield from _boosters()
    yield from _within()


def _classifiers() -> Iterator[Case]:
    rows, gaps = of.ROWS, of.GAPS

    def fitted(fed: Any, target: Any, **settings: Any) -> tuple[Any, Any]:
        return lightgbm.LGBMClassifier(**{**SMALL, **settings}).fit(fed, target), fed

    yield Case("LGBMClassifier", "binary", lambda: fitted(rows, of.TWO))
    yield Case("LGBMClassifier", "binary, missing values", lambda: fitted(gaps, of.TWO))
    yield Case("LGBMClassifier", "binary, sigmoid=2", lambda: fitted(rows, of.TWO, sigmoid=2.0))
    yield Case(
        "LGBMClassifier",
        "binary, zero_as_missing",
        lambda: fitted(np.where(np.isnan(gaps), 0.0, gaps), of.TWO, zero_as_missing=True),
    )
    yield Case("LGBMClassifier", "binary, use_missing=False", lambda: fitted(gaps, of.TWO, use_missing=False))
    yield Case("LGBMClassifier", "multiclass", lambda: fitted(gaps, of.CLASSES))
    yield Case("LGBMClassifier", "multiclass, labels of text", lambda: fitted(rows, WORDS))
    yield Case("LGBMClassifier", "multiclassova", lambda: fitted(rows, of.CLASSES, objective="multiclassova"))
    yield Case("LGBMClassifier", "cross_entropy", lambda: fitted(rows, of.TWO, objective="cross_entropy"))
    yield Case("LGBMClassifier", "is_unbalance", lambda: fitted(rows, of.TWO, is_unbalance=True))
    yield Case("LGBMClassifier", "boosting_type=rf", lambda: fitted(rows, of.CLASSES, **FOREST))
    yield Case("LGBMClassifier", "boosting_type=rf, two classes", lambda: fitted(rows, of.TWO, **FOREST))
    yield Case(
        "LGBMClassifier", "boosting_type=dart", lambda: fitted(gaps, of.CLASSES, boosting_type="dart", drop_rate=0.5)
    )
    yield Case(
        "LGBMClassifier", "data_sample_strategy=goss", lambda: fitted(gaps, of.CLASSES, data_sample_strategy="goss")
    )
    yield Case("LGBMClassifier", "linear_tree", lambda: fitted(gaps, of.CLASSES, linear_tree=True))
    yield Case(
        "LGBMClassifier",
        "extra_trees, monotone constraints",
        lambda: fitted(rows, of.TWO, extra_trees=True, monotone_constraints=[1, -1] + [0] * 11),
    )
    yield Case("LGBMClassifier", "categories", lambda: fitted(of.KINDS, of.LEVEL))
    yield Case("LGBMClassifier", "categories, one by one", lambda: fitted(of.KINDS, of.CHOICE, max_cat_to_onehot=100))
    yield Case("LGBMClassifier", "whole numbers", lambda: fitted(np.nan_to_num(rows).astype(np.int64), of.CLASSES))
    yield Case("LGBMClassifier", "custom objective", lambda: fitted(rows, of.TWO, objective=_ours))
    yield Case("LGBMClassifier", "pred_early_stop", lambda: fitted(rows, of.TWO, pred_early_stop=True))
    yield Case("LGBMClassifier", "early stopping", _stopped)


def _stopped() -> tuple[Any, Any]:
    model = lightgbm.LGBMClassifier(**{**SMALL, "n_estimators": 200})
    rows, classes = of.ROWS, of.CLASSES
    stop = lightgbm.early_stopping(3, verbose=False)
    return model.fit(rows[::2], classes[::2], eval_set=[(rows[1::2], classes[1::2])], callbacks=[stop]), rows


def _regressors() -> Iterator[Case]:
    rows = of.PATIENTS

    def fitted(fed: Any, target: Any, **settings: Any) -> tuple[Any, Any]:
        return lightgbm.LGBMRegressor(**{**SMALL, **settings}).fit(fed, target), fed

    targets = {
        "regression": of.PROGRESS,
        "regression_l1": of.PROGRESS,
        "huber": of.PROGRESS,
        "fair": of.PROGRESS,
        "mape": of.PROGRESS,
        "poisson": of.COUNTS,
        "gamma": of.PROGRESS,
        "tweedie": of.COUNTS,
        "cross_entropy": of.SHARES,
        "cross_entropy_lambda": of.SHARES,
    }
    for objective, target in targets.items():
        yield Case(
            "LGBMRegressor",
            objective,
            partial(fitted, rows, target, objective=objective),
        )
    yield Case("LGBMRegressor", "quantile", lambda: fitted(rows, of.PROGRESS, objective="quantile", alpha=0.9))
    yield Case("LGBMRegressor", "regression, reg_sqrt", lambda: fitted(rows, of.PROGRESS, reg_sqrt=True))
    yield Case("LGBMRegressor", "linear_tree", lambda: fitted(rows, of.PROGRESS, linear_tree=True))
    yield Case("LGBMRegressor", "linear_tree, missing values", lambda: fitted(of.GAPS, of.ROWS[:, 0], linear_tree=True))
    yield Case("LGBMRegressor", "boosting_type=rf", lambda: fitted(rows, of.PROGRESS, **FOREST))
    yield Case("LGBMRegressor", "boosting_type=dart", lambda: fitted(rows, of.PROGRESS, boosting_type="dart"))
    yield Case("LGBMRegressor", "categories", lambda: fitted(of.KINDS, of.SCORE))
    yield Case("LGBMRegressor", "custom objective", lambda: fitted(rows, of.PROGRESS, objective=_ours))
    yield Case("LGBMRegressor", "no splits", lambda: fitted(rows, of.PROGRESS, min_child_samples=1000))
    for objective in ("lambdarank", "rank_xendcg"):
        yield Case(
            "LGBMRanker",
            objective,
            partial(_ranked, objective),
        )


def _boosters() -> Iterator[Case]:
    def trained(rows: Any, target: Any, **params: Any) -> tuple[Any, Any]:
        return lightgbm.train({**NATIVE, **params}, lightgbm.Dataset(rows, target), 20), rows

    codes = of.KINDS[["age", "visits"]].to_numpy()
    yield Case("Booster", "binary", lambda: trained(of.GAPS, of.TWO, objective="binary"))
    yield Case("Booster", "multiclass", lambda: trained(of.GAPS, of.CLASSES, objective="multiclass", num_class=3))
    yield Case("Booster", "poisson", lambda: trained(of.PATIENTS, of.COUNTS, objective="poisson"))
    yield Case("Booster", "categories", lambda: trained(of.KINDS, of.SCORE))
    yield Case("Booster", "categories as codes", lambda: trained(codes, of.SCORE, categorical_feature=[1]))
    yield Case("Booster", "custom objective", lambda: trained(of.PATIENTS, of.PROGRESS, objective=_squares))


def _ranked(objective: str) -> tuple[Any, Any]:
    groups = np.unique(of.QUERIES, return_counts=True)[1]
    return lightgbm.LGBMRanker(**SMALL, objective=objective).fit(of.ROWS, of.TWO, group=groups), of.ROWS


def _one(**settings: Any) -> Any:
    return lightgbm.LGBMClassifier(**SMALL, **settings)


def _number() -> Any:
    return lightgbm.LGBMRegressor(**SMALL)


def _linear() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression())


def _within() -> Iterator[Case]:
    rows = of.ROWS

    yield Case(
        "Pipeline",
        "StandardScaler, LGBMClassifier",
        lambda: (make_pipeline(StandardScaler(), _one()).fit(of.GAPS, of.CLASSES), of.GAPS),
    )
    yield Case(
        "Pipeline",
        "OneHotEncoder, LGBMClassifier",
        lambda: (make_pipeline(of.encoded(), _one()).fit(of.KINDS, of.LEVEL), of.KINDS),
    )
    yield Case(
        "VotingClassifier",
        "LGBMClassifier and others",
        lambda: (VotingClassifier([("a", _one()), ("b", _linear())], voting="soft").fit(rows, WORDS), rows),
    )
    yield Case(
        "VotingRegressor",
        "LGBMRegressor and others",
        lambda: (VotingRegressor([("a", _number()), ("b", Ridge())]).fit(of.PATIENTS, of.PROGRESS), of.PATIENTS),
    )
    yield Case(
        "StackingClassifier",
        "LGBMClassifier and others",
        lambda: (StackingClassifier([("a", _one()), ("b", _linear())], cv=2).fit(rows, of.CLASSES), rows),
    )
    yield Case(
        "StackingClassifier",
        "LGBMClassifier at the end",
        lambda: (StackingClassifier([("a", _linear())], _one(), cv=2).fit(rows, of.CLASSES), rows),
    )
    yield Case(
        "StackingRegressor",
        "LGBMRegressor and others",
        lambda: (
            StackingRegressor([("a", _number()), ("b", Ridge())], cv=2).fit(of.PATIENTS, of.PROGRESS),
            of.PATIENTS,
        ),
    )
    yield from _calibrated()


def _calibrated() -> Iterator[Case]:
    rows = of.ROWS
    yield Case(
        "CalibratedClassifierCV",
        "LGBMClassifier, sigmoid",
        lambda: (CalibratedClassifierCV(_one(), cv=2).fit(rows, of.TWO), rows),
    )
    yield Case(
        "CalibratedClassifierCV",
        "LGBMClassifier, three classes",
        lambda: (CalibratedClassifierCV(_one(), cv=2).fit(rows, of.CLASSES), rows),
    )
    yield Case(
        "CalibratedClassifierCV",
        "LGBMClassifier, isotonic",
        lambda: (CalibratedClassifierCV(_one(), method="isotonic", cv=2).fit(rows, of.TWO), rows),
    )
    yield Case(
        "CalibratedClassifierCV",
        "StandardScaler, LGBMClassifier",
        lambda: (CalibratedClassifierCV(make_pipeline(StandardScaler(), _one()), cv=2).fit(rows, of.TWO), rows),
    )
    yield Case(
        "GridSearchCV",
        "LGBMClassifier",
        lambda: (GridSearchCV(_one(), {"num_leaves": [4, 8]}, cv=2).fit(rows, of.TWO), rows),
    )
    yield Case(
        "MultiOutputRegressor",
        "LGBMRegressor",
        lambda: (MultiOutputRegressor(_number()).fit(of.PATIENTS, of.PAIR), of.PATIENTS),
    )
