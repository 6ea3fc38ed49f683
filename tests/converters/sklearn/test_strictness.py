"""Strict encoders: what the model fails for is refused before the graph, or the model is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, StackingRegressor, VotingRegressor
from sklearn.feature_selection import SelectKBest, VarianceThreshold, r_regression
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from lading.bundles.tables.table import table_of
from lading.bundles.tensors.feeds import FieldError, encode
from lading.converters import package
from lading.converters.converter import UnconvertibleError

CODES = [101, 205, 400]
FRAME = pd.DataFrame({"code": CODES * 40, "fixed": [7] * 120, "kind": [1, 2, 3, 4] * 30})
LABELS = np.arange(120) % 3
PAIRS = np.column_stack([LABELS, -LABELS])


def _logistic() -> Any:
    return make_pipeline(OneHotEncoder(), LogisticRegression())


FOLLOWED: dict[str, Callable[[], Any]] = {
    "behind a selector": lambda: make_pipeline(VarianceThreshold(), OneHotEncoder(), Ridge()).fit(FRAME, LABELS),
    "behind two selectors": lambda: make_pipeline(
        make_pipeline(VarianceThreshold(), SelectKBest(r_regression, k="all")), OneHotEncoder(), Ridge()
    ).fit(FRAME, LABELS),
    "behind nothing and an imputer": lambda: make_pipeline(
        FunctionTransformer(), SimpleImputer(strategy="most_frequent", add_indicator=True), OneHotEncoder(), Ridge()
    ).fit(FRAME, LABELS),
    "in bags": lambda: BaggingClassifier(_logistic(), n_estimators=3, random_state=0).fit(FRAME, LABELS),
    "in bags of some columns": lambda: BaggingClassifier(
        make_pipeline(OrdinalEncoder(), LogisticRegression()), n_estimators=3, max_features=2, random_state=1
    ).fit(FRAME, LABELS),
    "one against the rest": lambda: OneVsRestClassifier(_logistic()).fit(FRAME, LABELS),
    "one against one": lambda: OneVsOneClassifier(_logistic()).fit(FRAME, np.arange(120) // 12 % 3),
    "several values": lambda: MultiOutputRegressor(make_pipeline(OneHotEncoder(), Ridge())).fit(FRAME, PAIRS),
    "in a vote": lambda: VotingRegressor([("a", make_pipeline(OneHotEncoder(), Ridge())), ("b", Ridge())]).fit(
        FRAME, LABELS
    ),
}


@pytest.mark.parametrize("make", FOLLOWED.values(), ids=FOLLOWED)
def test_a_code_that_the_model_fails_for_is_refused_of_its_field(
    make: Callable[[], Any], same: Any, tmp_path: Any
) -> None:
    model = make()
    unseen = FRAME.head(1).assign(code=206)
    with pytest.raises(ValueError, match="206"):
        model.predict(unseen)
    asked = same(model, FRAME)
    with pytest.raises(FieldError, match="206 is unknown; known are 101, 205, 400"):
        encode(asked.converted.signature, table_of(unseen).columns_as_numpy())
    package(model, FRAME, name="codes", path=tmp_path / "codes.lading")


def test_several_encoders_take_what_all_of_them_know(convert: Any) -> None:
    union = FeatureUnion(
        [("a", OneHotEncoder(categories=[["x", "y", "z"]])), ("b", OneHotEncoder(categories=[["w", "x", "y"]]))]
    )
    frame = pd.DataFrame({"kind": ["x", "y"] * 10})
    (field,) = convert(make_pipeline(union, Ridge()).fit(frame, np.arange(20)), frame).signature.fields
    assert (field.unknown, field.categories) == ("refuse", ("x", "y"))


def test_a_word_for_what_is_missing_is_taken_where_it_is_filled_in_alone(convert: Any) -> None:
    filled = make_pipeline(SimpleImputer(missing_values="?", strategy="most_frequent"), OneHotEncoder())
    frame = pd.DataFrame({"kind": ["x", "y", "?"] * 10})
    alone = convert(make_pipeline(filled, Ridge()).fit(frame, np.arange(30)), frame).signature.fields[0]
    assert alone.categories == ("?", "x", "y")
    union = FeatureUnion(
        [("filled", filled), ("plain", OneHotEncoder(categories=[["x", "y"]], handle_unknown="error"))]
    )
    known = frame[frame["kind"] != "?"]
    both = convert(make_pipeline(union, Ridge()).fit(known, np.arange(20)), frame).signature.fields[0]
    assert both.categories == ("x", "y")


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: make_pipeline(StandardScaler(), OneHotEncoder(), Ridge()), '"onehotencoder"'),
        (
            lambda: make_pipeline(
                ColumnTransformer([("n", "passthrough", ["kind"])], remainder=StandardScaler()),
                OrdinalEncoder(),
                Ridge(),
            ),
            '"ordinalencoder"',
        ),
        (lambda: RegressorChain(make_pipeline(OneHotEncoder(), Ridge())), '"estimator › onehotencoder"'),
        (
            lambda: StackingRegressor([("a", Ridge())], make_pipeline(OneHotEncoder(), Ridge())),
            '"final_estimator › onehotencoder"',
        ),
    ],
)
def test_a_strict_encoder_of_computed_columns_is_refused(make: Callable[[], Any], where: str, convert: Any) -> None:
    model = make()
    model.fit(FRAME, LABELS if isinstance(model, StackingRegressor) else PAIRS)
    with pytest.raises(
        UnconvertibleError, match=f"{where} fails for categories that it has not seen.*; train it with handle"
    ):
        convert(model, FRAME)


def test_an_encoder_of_computed_columns_that_takes_all_converts(same: Any) -> None:
    model = make_pipeline(StandardScaler(), OneHotEncoder(handle_unknown="ignore"), Ridge()).fit(FRAME, LABELS)
    same(model, FRAME, FRAME.assign(code=206))
