"""Silent errors: what stock converters turn into a graph that answers wrongly is right here, or refused.

One place for all that is known of: each is proved, or refused in words; those of scikit-learn on unseen rows too.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, SplineTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from lading.bundles.session import BrokenRuntimeError
from lading.converters import package
from tests.converters.boosting.coverage import MODELS, cases
from tests.converters.verdicts import Case, verdict

LOGISTIC = LogisticRegression(max_iter=5000)
ROWS, CLASSES = load_wine(return_X_y=True)
ROWS = ROWS[:, :5]
GAPS = np.where(np.random.default_rng(0).random(ROWS.shape) < 0.2, np.nan, ROWS)
HISTOGRAM = HistGradientBoostingClassifier(max_iter=5)
FOREST = RandomForestClassifier(10, random_state=0)
TEXTS = pd.DataFrame(
    {"text": ["Ünïcode wörds a b a b b", "dry red red red wine", "a dry white wine a", "Ωμέγα 漢字 end"] * 10}
)


def _frame(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Numbers and categories, some of them missing."""
    random = np.random.default_rng(seed)

    def names(count: int) -> Any:
        drawn = np.array(list("abcdefgh"), dtype=object)[random.integers(0, count, rows)]
        drawn[random.random(rows) < 0.1] = None
        return pd.Categorical(drawn, categories=list("abcdefgh")[:count])

    frame = pd.DataFrame(
        {
            "size": random.normal(size=rows),
            "kind": names(8),
            "code": pd.Categorical(random.integers(0, 5, rows), categories=range(5)),
            "grade": names(3),
            "weight": random.normal(size=rows),
        }
    )
    frame.loc[::9, "weight"] = np.nan
    return frame


def _answers(frame: pd.DataFrame) -> Any:
    odd = frame["kind"].isin(list("aceg")).astype(int) + frame["code"].isin([1, 3]).astype(int)
    return (odd + (frame["size"] > 0)).to_numpy()


def _over_categories(model: Any) -> Any:
    return model.fit(_frame(), _answers(_frame())), _frame(), _frame(seed=1)


def _over(model: Any, rows: Any, answers: Any = CLASSES) -> Any:
    return model.fit(rows[::2], answers[::2]), rows[::2], rows[1::2]


def _over_codes(model: Any) -> Any:
    rows = np.column_stack([ROWS, np.arange(len(ROWS)) % 7, np.arange(len(ROWS)) % 3])
    rows[::11, 5] = np.nan
    return _over(model, rows, (CLASSES + np.arange(len(ROWS)) % 7 % 2) % 3)


def _integers_beside_floats() -> Any:
    frame = pd.DataFrame({"count": np.arange(90), "share": np.linspace(0, 2.9, 90)})
    return _over(LogisticRegression(C=100), frame, (frame["share"] % 1 > 0.4).to_numpy())


def _missing_text() -> Any:
    frame = _frame()[["grade", "size"]].astype({"grade": object})
    text = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder())
    return _over(make_pipeline(ColumnTransformer([("t", text, ["grade"]), ("n", "passthrough", ["size"])]), LOGISTIC), frame, _answers(_frame()))  # fmt: skip


def _over_text(vectorizer: Any) -> Any:
    model = make_pipeline(vectorizer, LOGISTIC).fit(TEXTS["text"], np.arange(40) % 4)
    return model, TEXTS, pd.DataFrame({"text": ["red a a b", "wörds Ωμέγα", "", "unknown"]})


CATEGORICAL = HistGradientBoostingClassifier(max_iter=5, categorical_features=[5, 6])

Row = Mapping[str, Callable[[], Any]]
"""The cases of one row of the table, each a fitted model, its rows and others."""

PROVED: Mapping[str, Row] = {
    "TunedThresholdClassifierCV": {
        "a tuned threshold": lambda: _over(TunedThresholdClassifierCV(LOGISTIC, cv=3), ROWS, CLASSES == 1),
        "a fixed threshold": lambda: _over(FixedThresholdClassifier(LOGISTIC, threshold=0.9), ROWS, CLASSES == 1),
    },
    "trees fed NaN": {
        "a forest": lambda: _over(RandomForestClassifier(10, random_state=0), GAPS),
        "extra trees": lambda: _over(ExtraTreesClassifier(10, random_state=0), GAPS),
        "a tree": lambda: _over(DecisionTreeClassifier(random_state=0), GAPS),
        "bags": lambda: _over(BaggingClassifier(n_estimators=5, random_state=0), GAPS),
    },
    "HistGradientBoosting categorical_features": {
        "categories": lambda: _over_categories(HistGradientBoostingClassifier(max_iter=10)),
        "in a regression": lambda: _over_categories(HistGradientBoostingRegressor(max_iter=10)),
        "in a pipeline": lambda: _over_categories(make_pipeline(HistGradientBoostingClassifier(max_iter=5))),
        "in a vote": lambda: _over_categories(VotingClassifier([("a", HISTOGRAM), ("b", HISTOGRAM)], voting="soft")),
        "as numbers": lambda: _over_codes(CATEGORICAL),
        "one class against the rest": lambda: _over_codes(OneVsRestClassifier(CATEGORICAL)),
        "in bags": lambda: _over_codes(BaggingClassifier(CATEGORICAL, n_estimators=2, random_state=0)),
    },
    "HistGradientBoostingRegressor with a logarithmic link": {
        "poisson": lambda: _over(HistGradientBoostingRegressor(loss="poisson", max_iter=5), *load_diabetes(return_X_y=True)),
        "gamma": lambda: _over(HistGradientBoostingRegressor(loss="gamma", max_iter=5), *load_diabetes(return_X_y=True)),
    },
    "int64 beside float": {"without a ColumnTransformer": _integers_beside_floats},
    "missing strings": {"imputed and encoded": _missing_text},
    "a scaler or PCA before trees": {
        "a scaler": lambda: _over(make_pipeline(StandardScaler(), FOREST), ROWS),
        "components": lambda: _over(make_pipeline(PCA(3), HISTOGRAM), ROWS),
    },
    "TfidfVectorizer": {
        "sublinear_tf": lambda: _over_text(TfidfVectorizer(sublinear_tf=True)),
        "sublinear_tf of pairs, unscaled": lambda: _over_text(TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), norm=None)),
        "accents": lambda: _over_text(TfidfVectorizer()),
        "pairs beside one letter": lambda: _over_text(TfidfVectorizer(ngram_range=(1, 2))),
    },
    "our own steps as members": {
        "in bags": lambda: _over(BaggingClassifier(make_pipeline(SplineTransformer(), LOGISTIC), n_estimators=2, random_state=0), ROWS),
        "one class against the rest": lambda: _over(OneVsRestClassifier(make_pipeline(SplineTransformer(), LOGISTIC)), ROWS),
        "one class against another": lambda: _over(OneVsOneClassifier(make_pipeline(SplineTransformer(), LOGISTIC)), ROWS),
        "estimators in bags": lambda: _over(BaggingClassifier(NearestCentroid(), n_estimators=2, random_state=0), ROWS),
    },
}  # fmt: skip
"""What scikit-learn's stock converters turn into a graph that answers wrongly."""

BOOSTED: Mapping[str, tuple[str, str, Sequence[str]]] = {
    "XGBRegressor reg:logistic": ("xgboost", "XGBRegressor", ["reg:logistic"]),
    "XGBRegressor with 2+ targets": (
        "xgboost",
        "XGBRegressor",
        ["several targets", "several targets, multi_strategy=multi_output_tree"],
    ),
    "LightGBM boosting_type rf": ("lightgbm", "LGBMClassifier", ["boosting_type=rf", "boosting_type=rf, two classes"]),
    "LightGBM multiclassova": ("lightgbm", "LGBMClassifier", ["multiclassova"]),
    "LightGBM zero_as_missing": ("lightgbm", "LGBMClassifier", ["binary, zero_as_missing"]),
    "LightGBM linear_tree": ("lightgbm", "LGBMRegressor", ["linear_tree", "linear_tree, missing values"]),
    "CalibratedClassifierCV(LGBM)": (
        "lightgbm",
        "CalibratedClassifierCV",
        ["LGBMClassifier, sigmoid", "LGBMClassifier, three classes", "StandardScaler, LGBMClassifier"],
    ),
    "CatBoost Poisson": ("catboost", "CatBoostRegressor", ["Poisson"]),
}
"""The same of boosted trees: the framework, the class and the cases that coverage has of it."""

UNKNOWN: Mapping[str, tuple[str, str, Sequence[str]]] = {
    "XGBoost dart": ("xgboost", "XGBClassifier", ["booster=dart"]),
    "XGBoost gblinear": ("xgboost", "XGBClassifier", ["booster=gblinear"]),
    "XGBRanker": ("xgboost", "XGBRanker", ["rank:ndcg"]),
    "XGBoost multi:softmax": ("xgboost", "Booster", ["multi:softmax"]),
    "XGBoost quantiles": ("xgboost", "XGBRegressor", ["reg:quantileerror, several quantiles"]),
    "XGBoost survival": ("xgboost", "Booster", ["survival:aft"]),
    "LightGBM cross_entropy": ("lightgbm", "LGBMRegressor", ["cross_entropy", "cross_entropy_lambda"]),
    "LightGBM reg_sqrt": ("lightgbm", "LGBMRegressor", ["regression, reg_sqrt"]),
    "LightGBM without splits": ("lightgbm", "LGBMRegressor", ["no splits"]),
    "a custom objective": ("lightgbm", "LGBMRegressor", ["custom objective"]),
    "LightGBM's codes of categories": ("lightgbm", "Booster", ["categories as codes"]),
    "LightGBM's labels": ("lightgbm", "LGBMClassifier", ["multiclass, labels of text", "early stopping"]),
    "CatBoost's other trees": ("catboost", "CatBoostRegressor", ["RMSE, grow_policy=Lossguide"]),
    "CatBoost's categories": ("catboost", "CatBoostClassifier", ["categories, one by one"]),
    "CatBoost's whole numbers": ("catboost", "CatBoostRegressor", ["categories of whole numbers"]),
    "CatBoost's labels": ("catboost", "CatBoostClassifier", ["Logloss, a threshold of 0.3", "Logloss, true and false"]),
    "CatBoostRanker": ("catboost", "CatBoostRanker", ["YetiRank"]),
    "CatBoost one against all": ("catboost", "CatBoostClassifier", ["MultiClassOneVsAll"]),
    "CatBoost several answers": (
        "catboost",
        "CatBoostRegressor",
        ["MultiRMSE", "RMSEWithUncertainty", "MultiQuantile:alpha=0.1,0.5,0.9"],
    ),
}
"""What of boosted trees has no stock converter, or one that fails."""


def _each(rows: Mapping[str, Row]) -> list[Any]:
    return [pytest.param(make, id=f"{row}, {case}") for row, cases in rows.items() for case, make in cases.items()]


def _cases(rows: Mapping[str, tuple[str, str, Sequence[str]]]) -> list[Any]:
    """The cases that coverage has of each row."""
    every = {(name, case.api, case.what): case for name in MODELS for case in cases(name)}
    return [
        pytest.param(every[framework, api, what], id=f"{row}, {what}")
        for row, (framework, api, told) in rows.items()
        for what in told
    ]


@pytest.mark.parametrize("make", _each(PROVED))
def test_what_is_known_to_go_wrong_is_right(make: Callable[[], Any], same: Any) -> None:
    model, rows, unseen = make()
    same(model, rows, unseen)


@pytest.mark.parametrize("case", [*_cases(BOOSTED), *_cases(UNKNOWN)])
def test_boosted_trees_that_go_wrong_elsewhere_are_right(case: Case) -> None:
    found = verdict(case)
    assert found.precision is not None, found.reason
    assert found.error < 1e-6


def test_ordinal_encoder_unseen_category_is_refused_before_the_graph(convert: Any) -> None:
    frame = pd.DataFrame({"kind": list("abcd") * 5})
    model: BaseEstimator = make_pipeline(OrdinalEncoder(), LOGISTIC).fit(frame, np.arange(20) % 2)
    (field,) = convert(model, frame).signature.fields
    assert (field.unknown, field.categories) == ("refuse", ("a", "b", "c", "d"))


@pytest.mark.parametrize("version", ["1.26.0", "1.27.0"])
def test_onnxruntime_that_is_wrong_for_binary_forests_proves_nothing(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxruntime.__version__", version)
    with pytest.raises(BrokenRuntimeError, match=version):
        package(FOREST.fit(ROWS, CLASSES == 1), ROWS, name="forest", path=tmp_path / "forest.lading")
    assert list(tmp_path.iterdir()) == []
