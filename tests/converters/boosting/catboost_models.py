"""CatBoost's losses and ways of training, each on data that suits it."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import catboost
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.converters.boosting import data as of
from tests.converters.verdicts import Case

SMALL: dict[str, Any] = {"iterations": 20, "depth": 4, "thread_count": 1, "random_seed": 0, "verbose": False, "allow_writing_files": False}  # fmt: skip
WORDS = np.array(["red", "rosé", "white"])[of.CLASSES]
KINDS = of.KINDS.assign(town=of.KINDS.town.astype(object).fillna("none"), grade=of.KINDS.grade.astype(int))
"""CatBoost takes no categories that are missing."""
NAMED = {"cat_features": ["town", "grade"]}


def cases() -> Iterator[Case]:
    """Every case, each fitted when it is asked for."""
    yield from _classifiers()
    yield from _regressors()
    yield from _within()


def _classifiers() -> Iterator[Case]:
    rows, gaps = of.ROWS, of.GAPS

    def fitted(fed: Any, target: Any, **settings: Any) -> tuple[Any, Any]:
        return catboost.CatBoostClassifier(**{**SMALL, **settings}).fit(fed, target), fed

    yield Case("CatBoostClassifier", "Logloss", lambda: fitted(rows, of.TWO))
    yield Case("CatBoostClassifier", "Logloss, missing values", lambda: fitted(gaps, of.TWO))
    yield Case("CatBoostClassifier", "Logloss, nan_mode=Max", lambda: fitted(gaps, of.TWO, nan_mode="Max"))
    yield Case("CatBoostClassifier", "Logloss, true and false", lambda: fitted(rows, of.TWO == 1))
    yield Case("CatBoostClassifier", "Logloss, a threshold of 0.3", _threshold)
    yield Case(
        "CatBoostClassifier", "CrossEntropy", lambda: fitted(of.PATIENTS, of.SHARES, loss_function="CrossEntropy")
    )
    yield Case("CatBoostClassifier", "MultiClass", lambda: fitted(gaps, of.CLASSES))
    yield Case("CatBoostClassifier", "MultiClass, labels of text", lambda: fitted(rows, WORDS))
    yield Case(
        "CatBoostClassifier", "MultiClassOneVsAll", lambda: fitted(rows, of.CLASSES, loss_function="MultiClassOneVsAll")
    )
    yield Case(
        "CatBoostClassifier",
        "MultiLogloss",
        lambda: fitted(rows, np.eye(3, dtype=int)[of.CLASSES], loss_function="MultiLogloss"),
    )
    yield Case("CatBoostClassifier", "grow_policy=Lossguide", lambda: fitted(gaps, of.CLASSES, grow_policy="Lossguide"))
    yield Case("CatBoostClassifier", "grow_policy=Depthwise", lambda: fitted(gaps, of.TWO, grow_policy="Depthwise"))
    yield Case("CatBoostClassifier", "boosting_type=Ordered", lambda: fitted(rows, of.TWO, boosting_type="Ordered"))
    yield Case("CatBoostClassifier", "early stopping", _stopped)
    yield Case("CatBoostClassifier", "categories", lambda: fitted(KINDS, of.CHOICE, **NAMED))
    yield Case("CatBoostClassifier", "categories, three classes", lambda: fitted(KINDS, of.LEVEL, **NAMED))
    yield Case(
        "CatBoostClassifier", "categories, one by one", lambda: fitted(KINDS, of.CHOICE, **NAMED, one_hot_max_size=64)
    )
    yield Case(
        "CatBoostClassifier",
        "categories, every counter",
        lambda: fitted(
            KINDS,
            of.LEVEL,
            **NAMED,
            depth=6,
            max_ctr_complexity=4,
            one_hot_max_size=2,
            simple_ctr=["BinarizedTargetMeanValue", "Buckets", "Borders", "Counter"],
            combinations_ctr=["Buckets", "Counter", "BinarizedTargetMeanValue"],
        ),
    )


def _threshold() -> tuple[Any, Any]:
    model = catboost.CatBoostClassifier(**SMALL).fit(of.ROWS, of.TWO)
    model.set_probability_threshold(0.3)
    return model, of.ROWS


def _stopped() -> tuple[Any, Any]:
    model = catboost.CatBoostClassifier(**{**SMALL, "iterations": 300}, early_stopping_rounds=3)
    return model.fit(of.ROWS[::2], of.CLASSES[::2], eval_set=(of.ROWS[1::2], of.CLASSES[1::2])), of.ROWS


def _regressors() -> Iterator[Case]:
    rows = of.PATIENTS

    def fitted(fed: Any, target: Any, made: Any = catboost.CatBoostRegressor, **settings: Any) -> tuple[Any, Any]:
        chosen = {**SMALL, **settings}
        model = made(chosen) if made is catboost.CatBoost else made(**chosen)
        return model.fit(fed, target), fed

    targets = {
        "RMSE": of.PROGRESS,
        "MAE": of.PROGRESS,
        "MAPE": of.PROGRESS,
        "Quantile:alpha=0.9": of.PROGRESS,
        "LogLinQuantile": of.PROGRESS,
        "Huber:delta=10": of.PROGRESS,
        "Expectile:alpha=0.3": of.PROGRESS,
        "Lq:q=3": of.COUNTS,
        "Poisson": of.COUNTS,
        "Tweedie:variance_power=1.5": of.COUNTS,
        "LogCosh": of.COUNTS,
        "RMSEWithUncertainty": of.PROGRESS,
        "MultiQuantile:alpha=0.1,0.5,0.9": of.PROGRESS,
        "MultiRMSE": of.PAIR,
    }
    for loss, target in targets.items():
        yield Case("CatBoostRegressor", loss, partial(fitted, rows, target, loss_function=loss))
    yield Case("CatBoostRegressor", "RMSE, missing values", lambda: fitted(of.GAPS, of.ROWS[:, 0]))
    yield Case(
        "CatBoostRegressor", "RMSE, grow_policy=Lossguide", lambda: fitted(rows, of.PROGRESS, grow_policy="Lossguide")
    )
    yield Case(
        "CatBoostRegressor",
        "RMSE, monotone constraints",
        lambda: fitted(rows, of.PROGRESS, monotone_constraints=[0, 0, 1] + [0] * 7),
    )
    yield Case("CatBoostRegressor", "categories", lambda: fitted(KINDS, of.SCORE, **NAMED))
    yield Case(
        "CatBoostRegressor",
        "categories, combined",
        lambda: fitted(
            KINDS.assign(member=KINDS.member.map({True: "yes", False: "no"})),
            of.SCORE,
            cat_features=["town", "grade", "member"],
            one_hot_max_size=1,
            iterations=60,
        ),
    )
    yield Case(
        "CatBoostRegressor",
        "categories of whole numbers",
        lambda: fitted(KINDS[["grade", "visits"]].to_numpy(), of.SCORE, cat_features=[0, 1]),
    )
    for loss in ("YetiRank", "QueryRMSE", "PairLogit"):
        yield Case(
            "CatBoostRanker",
            loss,
            partial(_ranked, loss),
        )
    yield Case("CatBoost", "Logloss", lambda: fitted(of.GAPS, of.TWO, catboost.CatBoost, loss_function="Logloss"))
    yield Case("CatBoost", "Poisson", lambda: fitted(rows, of.COUNTS, catboost.CatBoost, loss_function="Poisson"))


def _ranked(loss: str) -> tuple[Any, Any]:
    return catboost.CatBoostRanker(**SMALL, loss_function=loss).fit(of.ROWS, of.TWO, group_id=of.QUERIES), of.ROWS


def _within() -> Iterator[Case]:
    rows = of.ROWS

    def one() -> Any:
        return catboost.CatBoostClassifier(**SMALL)

    def number() -> Any:
        return catboost.CatBoostRegressor(**SMALL)

    def linear() -> Any:
        return make_pipeline(StandardScaler(), LogisticRegression())

    yield Case(
        "Pipeline",
        "StandardScaler, CatBoostClassifier",
        lambda: (make_pipeline(StandardScaler(), one()).fit(of.GAPS, of.CLASSES), of.GAPS),
    )
    yield Case(
        "Pipeline",
        "OneHotEncoder, CatBoostClassifier",
        lambda: (make_pipeline(of.encoded(), one()).fit(of.KINDS, of.LEVEL), of.KINDS),
    )
    yield Case(
        "VotingClassifier",
        "CatBoostClassifier and others",
        lambda: (VotingClassifier([("a", one()), ("b", linear())], voting="soft").fit(rows, of.CLASSES), rows),
    )
    yield Case(
        "VotingRegressor",
        "CatBoostRegressor and others",
        lambda: (VotingRegressor([("a", number()), ("b", Ridge())]).fit(of.PATIENTS, of.PROGRESS), of.PATIENTS),
    )
    yield Case(
        "StackingClassifier",
        "CatBoostClassifier and others",
        lambda: (StackingClassifier([("a", one()), ("b", linear())], cv=2).fit(rows, of.CLASSES), rows),
    )
    yield Case(
        "StackingRegressor",
        "CatBoostRegressor and others",
        lambda: (StackingRegressor([("a", number()), ("b", Ridge())], cv=2).fit(of.PATIENTS, of.PROGRESS), of.PATIENTS),
    )
    yield Case(
        "CalibratedClassifierCV",
        "CatBoostClassifier, sigmoid",
        lambda: (CalibratedClassifierCV(one(), cv=2).fit(rows, of.TWO), rows),
    )
    yield Case(
        "GridSearchCV",
        "CatBoostClassifier",
        lambda: (GridSearchCV(one(), {"depth": [2, 3]}, cv=2).fit(rows, of.TWO), rows),
    )
