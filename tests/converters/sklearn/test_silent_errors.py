"""Silent errors: what stock converters turn into a graph that answers wrongly is right here, on unseen rows too."""

from collections.abc import Callable
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

REPAIRED: dict[str, Callable[[], Any]] = {
    "a tuned threshold": lambda: _over(TunedThresholdClassifierCV(LOGISTIC, cv=3), ROWS, CLASSES == 1),
    "a fixed threshold": lambda: _over(FixedThresholdClassifier(LOGISTIC, threshold=0.9), ROWS, CLASSES == 1),
    "a forest fed NaN": lambda: _over(RandomForestClassifier(10, random_state=0), GAPS),
    "extra trees fed NaN": lambda: _over(ExtraTreesClassifier(10, random_state=0), GAPS),
    "a tree fed NaN": lambda: _over(DecisionTreeClassifier(random_state=0), GAPS),
    "bags fed NaN": lambda: _over(BaggingClassifier(n_estimators=5, random_state=0), GAPS),
    "categories": lambda: _over_categories(HistGradientBoostingClassifier(max_iter=10)),
    "categories in a regression": lambda: _over_categories(HistGradientBoostingRegressor(max_iter=10)),
    "categories in a pipeline": lambda: _over_categories(make_pipeline(HistGradientBoostingClassifier(max_iter=5))),
    "categories in a vote": lambda: _over_categories(VotingClassifier([("a", HISTOGRAM), ("b", HISTOGRAM)], voting="soft")),
    "categories as numbers": lambda: _over_codes(CATEGORICAL),
    "categories, one class against the rest": lambda: _over_codes(OneVsRestClassifier(CATEGORICAL)),
    "categories in bags": lambda: _over_codes(BaggingClassifier(CATEGORICAL, n_estimators=2, random_state=0)),
    "a logarithmic link, poisson": lambda: _over(HistGradientBoostingRegressor(loss="poisson", max_iter=5), *load_diabetes(return_X_y=True)),
    "a logarithmic link, gamma": lambda: _over(HistGradientBoostingRegressor(loss="gamma", max_iter=5), *load_diabetes(return_X_y=True)),
    "integers beside floats": _integers_beside_floats,
    "missing text": _missing_text,
    "a scaler before trees": lambda: _over(make_pipeline(StandardScaler(), FOREST), ROWS),
    "components before trees": lambda: _over(make_pipeline(PCA(3), HISTOGRAM), ROWS),
    "sublinear counts": lambda: _over_text(TfidfVectorizer(sublinear_tf=True)),
    "sublinear counts of pairs, unscaled": lambda: _over_text(TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), norm=None)),
    "accents": lambda: _over_text(TfidfVectorizer()),
    "pairs beside one letter": lambda: _over_text(TfidfVectorizer(ngram_range=(1, 2))),
    "our own steps in bags": lambda: _over(BaggingClassifier(make_pipeline(SplineTransformer(), LOGISTIC), n_estimators=2, random_state=0), ROWS),
    "our own steps, one class against the rest": lambda: _over(OneVsRestClassifier(make_pipeline(SplineTransformer(), LOGISTIC)), ROWS),
    "our own steps, one class against another": lambda: _over(OneVsOneClassifier(make_pipeline(SplineTransformer(), LOGISTIC)), ROWS),
    "our own estimators in bags": lambda: _over(BaggingClassifier(NearestCentroid(), n_estimators=2, random_state=0), ROWS),
}  # fmt: skip


@pytest.mark.parametrize("make", REPAIRED.values(), ids=REPAIRED)
def test_what_is_known_to_go_wrong_is_right(make: Callable[[], Any], same: Any) -> None:
    model, rows, unseen = make()
    same(model, rows, unseen)


def test_a_category_that_the_model_refuses_is_refused_before_the_graph(convert: Any) -> None:
    frame = pd.DataFrame({"kind": list("abcd") * 5})
    model: BaseEstimator = make_pipeline(OrdinalEncoder(), LOGISTIC).fit(frame, np.arange(20) % 2)
    (field,) = convert(model, frame).signature.fields
    assert (field.unknown, field.categories) == ("refuse", ("a", "b", "c", "d"))
