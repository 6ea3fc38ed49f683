"""Derived classes: what one changes of scikit-learn's class is refused or somebody's own, and never taken for that class."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.feature_selection import SelectorMixin, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, PowerTransformer, StandardScaler
from sklearn.utils.validation import validate_data

from lading.converters.converter import UnconvertibleError

ROWS = pd.DataFrame({"a": np.arange(40.0) % 7, "b": np.arange(40.0) % 5 + 1})
VALUES = np.arange(40.0) % 3


class Cap:
    """What changes what a transformer answers, where something is large."""

    def transform(self, rows: Any) -> Any:
        return np.minimum(np.asarray(super().transform(rows)), 100)  # type: ignore[misc]


class CapFunction(Cap, FunctionTransformer): ...  # type: ignore[misc]


class CapImputer(Cap, SimpleImputer): ...  # type: ignore[misc]


class CapPower(Cap, PowerTransformer): ...  # type: ignore[misc]


class CapColumns(Cap, ColumnTransformer): ...  # type: ignore[misc]


class CapUnion(Cap, FeatureUnion): ...  # type: ignore[misc]


class CapChoice(Cap, VarianceThreshold): ...  # type: ignore[misc]


class Encoder(OneHotEncoder):  # type: ignore[misc]
    def transform(self, rows: Any) -> Any:
        return super().transform(rows.clip(upper=3))


class Floor:
    """What changes what an estimator answers, where that is small."""

    def predict(self, rows: Any) -> Any:
        return np.maximum(super().predict(rows), -100)  # type: ignore[misc]


class FloorPipeline(Floor, Pipeline): ...  # type: ignore[misc]


class FloorTarget(Floor, TransformedTargetRegressor): ...  # type: ignore[misc]


class FloorSearch(Floor, GridSearchCV): ...  # type: ignore[misc]


class OwnSearch(BaseEstimator):  # type: ignore[misc]
    """Something that has a best estimator, and may answer with another."""

    def fit(self, rows: Any, y: Any) -> Any:
        self.best_estimator_ = Ridge().fit(rows, y)
        self.n_features_in_ = 2
        return self

    def predict(self, rows: Any) -> Any:
        return np.maximum(self.best_estimator_.predict(rows), -100)


class Noted(Pipeline):  # type: ignore[misc]
    """A pipeline that only knows more of itself."""

    def __init__(self, steps: Any, *, transform_input: Any = None, memory: Any = None, verbose: bool = False) -> None:
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)
        self.note = "of the spring"

    def described(self) -> str:
        return f"{len(self.steps)} steps {self.note}"


class First(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """A selector of one's own, which says what it selects."""

    def fit(self, rows: Any, y: Any = None) -> Any:
        validate_data(self, rows)
        return self

    def _get_support_mask(self) -> Any:
        return np.arange(self.n_features_in_) == 0


class Doubled(FunctionTransformer):  # type: ignore[misc]
    """A class that somebody registers a converter for."""

    def transform(self, rows: Any) -> Any:
        return np.asarray(rows) * 2


def _before(step: Any) -> Callable[[], Any]:
    return lambda: make_pipeline(step, Ridge())


REFUSED = {
    "a function that is none": (_before(CapFunction()), '"capfunction"', "FunctionTransformer"),
    "an imputer": (_before(CapImputer()), '"capimputer"', "SimpleImputer"),
    "a power": (_before(CapPower()), '"cappower"', "PowerTransformer"),
    "an encoder": (_before(Encoder(handle_unknown="ignore")), '"encoder"', "OneHotEncoder"),
    "columns": (_before(CapColumns([("a", StandardScaler(), ["a"])])), '"capcolumns"', "ColumnTransformer"),
    "a union": (_before(CapUnion([("a", StandardScaler())])), '"capunion"', "FeatureUnion"),
    "a selector": (_before(CapChoice()), '"capchoice"', "VarianceThreshold"),
    "a pipeline": (lambda: FloorPipeline([("r", Ridge())]), "the model", "Pipeline"),
    "a target": (lambda: FloorTarget(Ridge()), "the model", "TransformedTargetRegressor"),
    "in a branch": (
        _before(ColumnTransformer([("a", make_pipeline(CapFunction()), ["a"])])),
        '"columntransformer › a › capfunction"',
        "FunctionTransformer",
    ),
}


@pytest.mark.parametrize(("make", "where", "parent"), REFUSED.values(), ids=REFUSED)
def test_a_class_that_changes_what_is_answered_is_refused_by_step(
    make: Callable[[], Any], where: str, parent: str, convert: Any
) -> None:
    with pytest.raises(UnconvertibleError, match=rf"{where} \(\w+\.\w+\) answers otherwise than {parent}, has no ONNX"):
        convert(make().fit(ROWS, VALUES), ROWS)


@pytest.mark.parametrize("make", [lambda: FloorSearch(Ridge(), {"alpha": [1.0]}, cv=2), OwnSearch])
def test_a_search_that_answers_by_itself_is_refused(make: Callable[[], Any], convert: Any) -> None:
    with pytest.raises(UnconvertibleError, match=r"is a search of another kind .*; package its best_estimator_"):
        convert(make().fit(ROWS, VALUES), ROWS)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Noted([("s", StandardScaler()), ("r", Ridge())]),
        lambda: make_pipeline(First(), Ridge()),
        lambda: make_pipeline(type("Named", (SimpleImputer,), {"__doc__": "An imputer with a name."})(), Ridge()),
        lambda: type("Quiet", (GridSearchCV,), {"told": lambda _: 1})(Ridge(), {"alpha": [1.0]}, cv=2),
    ],
    ids=["a pipeline", "a selector of one's own", "an imputer", "a search"],
)
def test_a_class_that_changes_nothing_answers_as_its_parent(make: Callable[[], Any], same: Any) -> None:
    same(make().fit(ROWS, VALUES), ROWS, ROWS * 3)


def test_a_class_that_somebody_registered_is_converted_as_they_say(same: Any, convert: Any) -> None:
    from skl2onnx import update_registered_converter
    from skl2onnx.common.data_types import DoubleTensorType

    def shape(operator: Any) -> None:
        operator.outputs[0].type = DoubleTensorType([None, 2])

    def write(scope: Any, operator: Any, container: Any) -> None:
        fed = operator.inputs[0].full_name
        container.add_node("Add", [fed, fed], operator.outputs[0].full_name, name=scope.get_unique_operator_name("Add"))

    update_registered_converter(Doubled, "TestsDoubled", shape, write)
    same(make_pipeline(Doubled(), LinearRegression()).fit(ROWS, VALUES), ROWS, ROWS * 3)
    words = pd.DataFrame({"word": ["a", "b"] * 10})
    model = make_pipeline(FunctionTransformer(), OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(
        words, np.arange(20) % 2
    )
    model.steps.insert(0, ("doubled", Doubled().fit(words)))
    with pytest.raises(UnconvertibleError, match='"doubled" takes text as it is'):
        convert(model, words)
