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
from tests.converters.verdicts import Case

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


def _fitted(rows: Any, target: Any, made: Any = xgboost.XGBClassifier, **settings: Any) -> tuple[Any, Any]:
    return made(**{**SMALL, **settings}).fit(rows, target), rows


def _classifiers() -> Iterator[Case]:
    def case(what: str, rows: Any, target: Any, **settings: Any) -> Case:
        return Case("XGBClassifier", what, partial(_fitted, rows, target, **settings))

    rows, gaps, narrow = of.ROWS, of.GAPS, of.ROWS.astype(np.float32)
    yield case("binary:logistic", rows, of.TWO)
    yield case("binary:logistic, missing values", gaps, of.TWO)
    yield case("binary:logistic, missing=0", of.ZEROS, of.TWO, missing=0.0)
    yield case("binary:logistic, base_score=0.9", rows, of.TWO, base_score=0.9)
    yield case("binary:hinge", rows, of.TWO, objective="binary:hinge")
    yield case("binary:logitraw", rows, of.TWO, objective="binary:logitraw")
    yield case("multi:softprob", gaps, of.CLASSES)
    yield case("multi:softmax", rows, of.CLASSES, objective="multi:softmax")
    yield case("multi:softprob, float32 rows", narrow, of.CLASSES)
    yield Case("XGBClassifier", "early stopping", _stopped)
    yield case("custom objective", rows, of.TWO, objective=_ours)
    yield case("booster=dart", gaps, of.CLASSES, booster="dart", rate_drop=0.3)
    yield case("booster=gblinear", rows, of.CLASSES, booster="gblinear", max_depth=None)
    yield case("several labels", rows, np.eye(3, dtype=int)[of.CLASSES][:, :2])
    yield case("categories", of.KINDS, of.LEVEL, enable_categorical=True)
    yield case("categories, one by one", of.KINDS, of.CHOICE, enable_categorical=True, max_cat_to_onehot=100)
    yield case("monotone constraints", rows, of.TWO, monotone_constraints=(1, 0, 0, -1, *[0] * 9))
    yield case("grow_policy=lossguide", rows, of.TWO, grow_policy="lossguide", max_leaves=9, max_depth=0)
    yield case("tree_method=exact", gaps, of.TWO, tree_method="exact")
    yield Case("XGBRFClassifier", "binary:logistic", partial(_fitted, rows, of.TWO, xgboost.XGBRFClassifier))
    yield Case("XGBRFClassifier", "multi:softprob", partial(_fitted, rows, of.CLASSES, xgboost.XGBRFClassifier))


def _stopped() -> tuple[Any, Any]:
    model = xgboost.XGBClassifier(**{**SMALL, "n_estimators": 200}, early_stopping_rounds=3)
    rows, classes = of.ROWS, of.CLASSES
    return model.fit(rows[::2], classes[::2], eval_set=[(rows[1::2], classes[1::2])], verbose=False), rows


def _regressors() -> Iterator[Case]:
    def case(what: str, target: Any, **settings: Any) -> Case:
        return Case("XGBRegressor", what, partial(_fitted, of.PATIENTS, target, xgboost.XGBRegressor, **settings))

    progress, quantiles = of.PROGRESS, [0.1, 0.5, 0.9]
    positive = ("reg:squarederror", "reg:pseudohubererror", "reg:absoluteerror", "reg:gamma", "survival:cox")
    for objective in positive:
        yield case(objective, progress, objective=objective)
    for objective in ("reg:squaredlogerror", "count:poisson", "reg:tweedie"):
        yield case(objective, of.COUNTS, objective=objective)
    yield case("reg:logistic", of.SHARES, objective="reg:logistic")
    yield case("reg:quantileerror", progress, objective="reg:quantileerror", quantile_alpha=0.9)
    yield case(
        "reg:quantileerror, several quantiles", progress, objective="reg:quantileerror", quantile_alpha=quantiles
    )
    yield case("several targets", of.PAIR)
    yield case("several targets, multi_strategy=multi_output_tree", of.PAIR, multi_strategy="multi_output_tree")
    yield case("booster=dart", progress, booster="dart", rate_drop=0.3)
    yield case("booster=gblinear", progress, booster="gblinear", max_depth=None)
    yield case("custom objective", progress, objective=_ours)
    yield case("num_parallel_tree=3", progress, num_parallel_tree=3, subsample=0.5)
    categories = partial(_fitted, of.KINDS, of.SCORE, xgboost.XGBRegressor, enable_categorical=True)
    yield Case("XGBRegressor", "categories", categories)
    yield Case("XGBRFRegressor", "reg:squarederror", partial(_fitted, of.PATIENTS, progress, xgboost.XGBRFRegressor))
    for objective in ("rank:ndcg", "rank:map", "rank:pairwise"):
        yield Case("XGBRanker", objective, partial(_ranked, objective))


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


def _one() -> Any:
    return xgboost.XGBClassifier(**SMALL)


def _number() -> Any:
    return xgboost.XGBRegressor(**SMALL)


def _within() -> Iterator[Case]:
    rows = of.ROWS

    yield Case(
        "Pipeline",
        "StandardScaler, XGBClassifier",
        lambda: (make_pipeline(StandardScaler(), _one()).fit(of.GAPS, of.CLASSES), of.GAPS),
    )
    yield Case(
        "Pipeline",
        "OneHotEncoder, XGBClassifier",
        lambda: (make_pipeline(of.encoded(), _one()).fit(of.KINDS, of.LEVEL), of.KINDS),
    )
    yield Case(
        "VotingClassifier",
        "XGBClassifier and others",
        lambda: (
            VotingClassifier([("a", _one()), ("b", LogisticRegression(max_iter=5000))], voting="soft").fit(
                rows, of.CLASSES
            ),
            rows,
        ),
    )
    yield Case(
        "VotingRegressor",
        "XGBRegressor and others",
        lambda: (VotingRegressor([("a", _number()), ("b", Ridge())]).fit(of.PATIENTS, of.PROGRESS), of.PATIENTS),
    )
    yield Case(
        "StackingClassifier",
        "XGBClassifier and others",
        lambda: (
            StackingClassifier([("a", _one()), ("b", make_pipeline(StandardScaler(), LogisticRegression()))], cv=2).fit(
                rows, of.CLASSES
            ),
            rows,
        ),
    )
    yield Case(
        "StackingClassifier",
        "XGBClassifier at the end",
        lambda: (
            StackingClassifier([("a", make_pipeline(StandardScaler(), LogisticRegression()))], _one(), cv=2).fit(
                rows, of.CLASSES
            ),
            rows,
        ),
    )
    yield Case(
        "StackingRegressor",
        "XGBRegressor and others",
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
        "XGBClassifier, sigmoid",
        lambda: (CalibratedClassifierCV(_one(), cv=2).fit(rows, of.CLASSES), rows),
    )
    yield Case(
        "CalibratedClassifierCV",
        "XGBClassifier, isotonic",
        lambda: (CalibratedClassifierCV(_one(), method="isotonic", cv=2).fit(rows, of.TWO), rows),
    )
    yield Case(
        "GridSearchCV",
        "XGBClassifier",
        lambda: (GridSearchCV(_one(), {"max_depth": [2, 3]}, cv=2).fit(rows, of.TWO), rows),
    )
    yield Case(
        "MultiOutputRegressor",
        "XGBRegressor",
        lambda: (MultiOutputRegressor(_number()).fit(of.PATIENTS, of.PAIR), of.PATIENTS),
    )
