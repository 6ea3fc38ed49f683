"""XGBoost's objectives and ways of training, each on data that suits it."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import xgboost
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.converters.boosting import data as of
from tests.converters.boosting.case import Case

SMALL: dict[str, Any] = {"n_estimators": 20, "max_depth": 4, "n_jobs": 1, "random_state": 0}
NATIVE: dict[str, Any] = {"max_depth": 4, "nthread": 1, "seed": 0}


def _squares(predicted: np.ndarray, matrix: Any) -> tuple[np.ndarray, np.ndarray]:
    return predicted - matrix.get_label(), np.ones_like(predicted)


def _ours(target: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return predicted - target, np.ones_like(predicted)


def cases() -> Iterator[Case]:
    """Every case, each fitted when it is asked for."""
    yield from _classifiers()
    yield from _regressors()
    yield from _boosters()
    yield from _within()


def _classifiers() -> Iterator[Case]:
    made, rows, gaps = xgboost.XGBClassifier, of.ROWS, of.GAPS
    yield Case("XGBClassifier", "binary:logistic", lambda: (made(**SMALL).fit(rows, of.TWO), rows))
    yield Case("XGBClassifier", "binary:logistic, missing values", lambda: (made(**SMALL).fit(gaps, of.TWO), gaps))
    yield Case(
        "XGBClassifier",
        "binary:logistic, missing=0",
        lambda: (made(**SMALL, missing=0.0).fit(of.ZEROS, of.TWO), of.ZEROS),
    )
    yield Case(
        "XGBClassifier",
        "binary:logistic, base_score=0.9",
        lambda: (made(**SMALL, base_score=0.9).fit(rows, of.TWO), rows),
    )
    yield Case(
        "XGBClassifier", "binary:hinge", lambda: (made(**SMALL, objective="binary:hinge").fit(rows, of.TWO), rows)
    )
    yield Case(
        "XGBClassifier", "binary:logitraw", lambda: (made(**SMALL, objective="binary:logitraw").fit(rows, of.TWO), rows)
    )
    yield Case("XGBClassifier", "multi:softprob", lambda: (made(**SMALL).fit(gaps, of.CLASSES), gaps))
    yield Case(
        "XGBClassifier", "multi:softmax", lambda: (made(**SMALL, objective="multi:softmax").fit(rows, of.CLASSES), rows)
    )
    yield Case(
        "XGBClassifier",
        "multi:softprob, float32 rows",
        lambda: (made(**SMALL).fit(rows.astype(np.float32), of.CLASSES), rows.astype(np.float32)),
    )
    yield Case(
        "XGBClassifier",
        "early stopping",
        lambda: (
            made(**{**SMALL, "n_estimators": 200}, early_stopping_rounds=3).fit(
                rows[::2], of.CLASSES[::2], eval_set=[(rows[1::2], of.CLASSES[1::2])], verbose=False
            ),
            rows,
        ),
    )
    yield Case("XGBClassifier", "custom objective", lambda: (made(**SMALL, objective=_ours).fit(rows, of.TWO), rows))
    yield Case(
        "XGBClassifier",
        "booster=dart",
        lambda: (made(**SMALL, booster="dart", rate_drop=0.3).fit(gaps, of.CLASSES), gaps),
    )
    yield Case(
        "XGBClassifier",
        "booster=gblinear",
        lambda: (made(n_estimators=20, n_jobs=1, booster="gblinear").fit(rows, of.CLASSES), rows),
    )
    yield Case(
        "XGBClassifier",
        "several labels",
        lambda: (made(**SMALL).fit(rows, np.eye(3, dtype=int)[of.CLASSES][:, :2]), rows),
    )
    yield Case(
        "XGBClassifier",
        "categories",
        lambda: (made(**SMALL, enable_categorical=True).fit(of.KINDS, of.LEVEL), of.KINDS),
    )
    yield Case(
        "XGBClassifier",
        "categories, one by one",
        lambda: (made(**SMALL, enable_categorical=True, max_cat_to_onehot=100).fit(of.KINDS, of.CHOICE), of.KINDS),
    )
    yield Case(
        "XGBClassifier",
        "monotone constraints",
        lambda: (made(**SMALL, monotone_constraints=tuple([1, 0, 0, -1] + [0] * 9)).fit(rows, of.TWO), rows),
    )
    yield Case(
        "XGBClassifier",
        "grow_policy=lossguide",
        lambda: (
            made(**{**SMALL, "max_depth": 0}, grow_policy="lossguide", max_leaves=9, tree_method="hist").fit(
                rows, of.TWO
            ),
            rows,
        ),
    )
    yield Case(
        "XGBClassifier", "tree_method=exact", lambda: (made(**SMALL, tree_method="exact").fit(gaps, of.TWO), gaps)
    )
    yield Case("XGBRFClassifier", "binary:logistic", lambda: (xgboost.XGBRFClassifier(**SMALL).fit(rows, of.TWO), rows))
    yield Case(
        "XGBRFClassifier", "multi:softprob", lambda: (xgboost.XGBRFClassifier(**SMALL).fit(rows, of.CLASSES), rows)
    )


def _regressors() -> Iterator[Case]:
    made, rows = xgboost.XGBRegressor, of.PATIENTS
    targets = {
        "reg:squarederror": of.PROGRESS,
        "reg:squaredlogerror": of.COUNTS,
        "reg:logistic": of.SHARES,
        "reg:pseudohubererror": of.PROGRESS,
        "reg:absoluteerror": of.PROGRESS,
        "count:poisson": of.COUNTS,
        "reg:gamma": of.PROGRESS,
        "reg:tweedie": of.COUNTS,
        "survival:cox": of.PROGRESS,
    }
    for objective, target in targets.items():
        yield Case(
            "XGBRegressor",
            objective,
            partial(_regressed, objective, target),
        )
    yield Case(
        "XGBRegressor",
        "reg:quantileerror",
        lambda: (made(**SMALL, objective="reg:quantileerror", quantile_alpha=0.9).fit(rows, of.PROGRESS), rows),
    )
    yield Case(
        "XGBRegressor",
        "reg:quantileerror, several quantiles",
        lambda: (
            made(**SMALL, objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9]).fit(rows, of.PROGRESS),
            rows,
        ),
    )
    yield Case("XGBRegressor", "several targets", lambda: (made(**SMALL).fit(rows, of.PAIR), rows))
    yield Case(
        "XGBRegressor",
        "several targets, multi_strategy=multi_output_tree",
        lambda: (made(**SMALL, multi_strategy="multi_output_tree").fit(rows, of.PAIR), rows),
    )
    yield Case(
        "XGBRegressor",
        "booster=dart",
        lambda: (made(**SMALL, booster="dart", rate_drop=0.3).fit(rows, of.PROGRESS), rows),
    )
    yield Case(
        "XGBRegressor",
        "booster=gblinear",
        lambda: (made(n_estimators=20, n_jobs=1, booster="gblinear").fit(rows, of.PROGRESS), rows),
    )
    yield Case(
        "XGBRegressor", "custom objective", lambda: (made(**SMALL, objective=_ours).fit(rows, of.PROGRESS), rows)
    )
    yield Case(
        "XGBRegressor", "categories", lambda: (made(**SMALL, enable_categorical=True).fit(of.KINDS, of.SCORE), of.KINDS)
    )
    yield Case(
        "XGBRegressor",
        "num_parallel_tree=3",
        lambda: (made(**SMALL, num_parallel_tree=3, subsample=0.5).fit(rows, of.PROGRESS), rows),
    )
    yield Case(
        "XGBRFRegressor", "reg:squarederror", lambda: (xgboost.XGBRFRegressor(**SMALL).fit(rows, of.PROGRESS), rows)
    )
    for objective in ("rank:ndcg", "rank:map", "rank:pairwise"):
        yield Case(
            "XGBRanker",
            objective,
            partial(_ranked, objective),
        )


def _regressed(objective: str, target: np.ndarray) -> tuple[Any, Any]:
    return xgboost.XGBRegressor(**SMALL, objective=objective).fit(of.PATIENTS, target), of.PATIENTS


def _ranked(objective: str) -> tuple[Any, Any]:
    return xgboost.XGBRanker(**SMALL, objective=objective).fit(of.ROWS, of.TWO, qid=of.QUERIES), of.ROWS


def _boosters() -> Iterator[Case]:
    def trained(rows: Any, target: Any, rounds: int = 20, obj: Any = None, **params: Any) -> tuple[Any, Any]:
        matrix = xgboost.DMatrix(rows, target, enable_categorical=True)
        return xgboost.train({**NATIVE, **params}, matrix, rounds, obj=obj), rows

    yield Case("Booster", "binary:logistic", lambda: trained(of.GAPS, of.TWO, objective="binary:logistic"))
    yield Case("Booster", "binary:logitraw", lambda: trained(of.ROWS, of.TWO, objective="binary:logitraw"))
    yield Case(
        "Booster", "multi:softprob", lambda: trained(of.ROWS, of.CLASSES, objective="multi:softprob", num_class=3)
    )
    yield Case("Booster", "multi:softmax", lambda: trained(of.ROWS, of.CLASSES, objective="multi:softmax", num_class=3))
    yield Case("Booster", "categories", lambda: trained(of.KINDS, of.SCORE))
    yield Case("Booster", "custom objective", lambda: trained(of.PATIENTS, of.PROGRESS, obj=_squares))
    yield Case("Booster", "booster=gblinear", lambda: trained(of.GAPS, of.TWO, booster="gblinear"))
    yield Case("Booster", "booster=dart", lambda: trained(of.GAPS, of.TWO, booster="dart", rate_drop=0.3))
    yield Case("Booster", "survival:aft", lambda: _aft())


def _aft() -> tuple[Any, Any]:
    matrix = xgboost.DMatrix(of.PATIENTS)
    matrix.set_float_info("label_lower_bound", of.PROGRESS)
    matrix.set_float_info("label_upper_bound", np.where(of.PROGRESS > 200, np.inf, of.PROGRESS))
    return xgboost.train({**NATIVE, "objective": "survival:aft"}, matrix, 20), of.PATIENTS


def _within() -> Iterator[Case]:
    rows = of.ROWS

    def one() -> Any:
        return xgboost.XGBClassifier(**SMALL)

    def number() -> Any:
        return xgboost.XGBRegressor(**SMALL)

    yield Case(
        "Pipeline",
        "StandardScaler, XGBClassifier",
        lambda: (make_pipeline(StandardScaler(), one()).fit(of.GAPS, of.CLASSES), of.GAPS),
    )
    yield Case(
        "VotingClassifier",
        "XGBClassifier and others",
        lambda: (
            VotingClassifier([("a", one()), ("b", LogisticRegression(max_iter=5000))], voting="soft").fit(
                rows, of.CLASSES
            ),
            rows,
        ),
    )
    yield Case(
        "VotingRegressor",
        "XGBRegressor and others",
        lambda: (VotingRegressor([("a", number()), ("b", Ridge())]).fit(of.PATIENTS, of.PROGRESS), of.PATIENTS),
    )
    yield Case(
        "StackingClassifier",
        "XGBClassifier and others",
        lambda: (
            StackingClassifier([("a", one()), ("b", make_pipeline(StandardScaler(), LogisticRegression()))], cv=2).fit(
                rows, of.CLASSES
            ),
            rows,
        ),
    )
    yield Case(
        "StackingClassifier",
        "XGBClassifier at the end",
        lambda: (
            StackingClassifier([("a", make_pipeline(StandardScaler(), LogisticRegression()))], one(), cv=2).fit(
                rows, of.CLASSES
            ),
            rows,
        ),
    )
    yield Case(
        "StackingRegressor",
        "XGBRegressor and others",
        lambda: (StackingRegressor([("a", number()), ("b", Ridge())], cv=2).fit(of.PATIENTS, of.PROGRESS), of.PATIENTS),
    )
    yield Case(
        "CalibratedClassifierCV",
        "XGBClassifier, sigmoid",
        lambda: (CalibratedClassifierCV(one(), cv=2).fit(rows, of.CLASSES), rows),
    )
    yield Case(
        "CalibratedClassifierCV",
        "XGBClassifier, isotonic",
        lambda: (CalibratedClassifierCV(one(), method="isotonic", cv=2).fit(rows, of.TWO), rows),
    )
    yield Case(
        "GridSearchCV",
        "XGBClassifier",
        lambda: (GridSearchCV(one(), {"max_depth": [2, 3]}, cv=2).fit(rows, of.TWO), rows),
    )
    yield Case(
        "MultiOutputRegressor",
        "XGBRegressor",
        lambda: (MultiOutputRegressor(number()).fit(of.PATIENTS, of.PAIR), of.PATIENTS),
    )
