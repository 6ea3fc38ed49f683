"""Transforms that become steps of our own: imputers, powers, casts."""

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, PolynomialFeatures, PowerTransformer

from lading.bundles.session import open_session
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.table import table_of
from lading.converters.converter import UnconvertibleError
from lading.converters.sklearn.converter import SklearnConverter

GAPS = np.array([[1.0, np.nan, -1.0, np.nan], [np.nan, 2.0, 5.0, np.nan], [3.0, 2.0, -1.0, np.nan]] * 4)


@pytest.mark.parametrize(
    "imputer",
    [
        SimpleImputer(),
        SimpleImputer(strategy="median", add_indicator=True),
        SimpleImputer(strategy="most_frequent", keep_empty_features=True),
        SimpleImputer(strategy="constant", fill_value=-9.0),
        SimpleImputer(missing_values=-1.0, strategy="constant", fill_value=0.0),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
def test_numbers_are_filled_as_the_imputer_fills_them(imputer: Any, same: Any) -> None:
    rows = np.nan_to_num(GAPS) if imputer.missing_values == -1.0 else GAPS
    same(imputer.fit(rows), rows)


def test_what_follows_a_cast_to_float32_is_filled_too(same: Any) -> None:
    rows = np.nan_to_num(GAPS, nan=2.0)
    same(make_pipeline(PolynomialFeatures(2), SimpleImputer(missing_values=4.0)).fit(rows), rows)


def test_a_word_for_what_is_missing(same: Any) -> None:
    frame = pd.DataFrame({"kind": ["a", "?", "b", "a"] * 5})
    imputer = SimpleImputer(missing_values="?", strategy="most_frequent")
    same(make_pipeline(imputer, OneHotEncoder(), LogisticRegression()).fit(frame, np.arange(20) % 2), frame)


@pytest.mark.parametrize("wrong", [0.0, -1.0])
def test_box_cox_fails_where_the_model_does(wrong: float, convert: Any) -> None:
    rows = np.exp(np.random.default_rng(0).normal(size=(50, 2)))
    model = make_pipeline(PowerTransformer("box-cox"), LogisticRegression()).fit(rows, rows[:, 0] > 1)
    made = convert(model, rows)
    asked = np.array([[1.0, wrong], [1.0, 1.0]])
    with pytest.raises(ValueError, match="strictly positive"):
        model.predict(asked)
    with pytest.raises(InvalidArgument, match="out of data bounds"):
        open_session(made.model).run(["label"], {"x": asked})


@pytest.mark.parametrize("lambdas", [[0.0, 2.0, 1.0], [0.5, 0.0, 2.5]])
@pytest.mark.parametrize("method", ["yeo-johnson", "box-cox"])
@pytest.mark.parametrize("standardize", [True, False])
def test_powers_and_their_limits(lambdas: Any, method: Any, standardize: bool, same: Any) -> None:
    rows = np.random.default_rng(0).lognormal(size=(40, 3))
    model = PowerTransformer(method, standardize=standardize).fit(rows)
    model.lambdas_ = np.array(lambdas)
    shifted = rows if method == "box-cox" else rows - 1
    same(model, shifted)


def test_histogram_boosting_between_two_classes(same: Any) -> None:
    rows, labels = load_breast_cancer(return_X_y=True)
    asked = same(HistGradientBoostingClassifier(max_iter=10).fit(rows[::2], labels[::2]), rows[::2], rows[1::2])
    assert asked.comparison.label_flips == 0


def test_an_encoder_that_makes_no_columns_is_refused(convert: Any) -> None:
    frame = pd.DataFrame({"kind": ["a"] * 4})
    with pytest.raises(UnconvertibleError, match="makes no columns at all"):
        convert(OneHotEncoder(drop="first").fit(frame), frame)


def test_flags_as_categories_that_raise_are_kept_as_flags(convert: Any) -> None:
    frame = pd.DataFrame({"flag": [True, False] * 5, "size": [1.5, 2.5] * 5})
    model = make_pipeline(OrdinalEncoder(), LogisticRegression()).fit(frame, np.arange(10) % 2)
    fields = convert(model, frame).signature.fields
    assert [field.categories for field in fields] == [(False, True), (1.5, 2.5)]


def test_diagnosing_alone_names_the_problems() -> None:
    table = table_of(GAPS)
    (problem,) = SklearnConverter().diagnose(LogisticRegression(), "array", fields_of(table))
    assert str(problem) == "the model is not fitted; call fit before packaging"


def test_converting_changes_nothing_for_the_rest_of_the_process() -> None:
    code = """
import numpy as np, skl2onnx
from skl2onnx.common._registration import _converter_pool, _shape_calculator_pool
from skl2onnx._supported_operators import sklearn_operator_name_map
before = dict(_converter_pool), dict(_shape_calculator_pool), dict(sklearn_operator_name_map)
from sklearn.ensemble import RandomForestClassifier
from lading.bundles.session import open_session
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.table import table_of
from lading.converters.sklearn.converter import SklearnConverter
rows = np.arange(20.0).reshape(10, 2)
model = RandomForestClassifier(2).fit(rows, np.arange(10) % 2)
for _ in range(2):
    SklearnConverter().convert(model, "array", fields_of(table_of(rows)), "mixed")
assert before == (_converter_pool, _shape_calculator_pool, sklearn_operator_name_map)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_class_that_is_registered_with_skl2onnx_converts(same: Any) -> None:
    from skl2onnx import update_registered_converter

    class Twice(LogisticRegression):  # type: ignore[misc]
        """A subclass, which skl2onnx does not know by itself."""

    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
    from skl2onnx.operator_converters.linear_classifier import convert_sklearn_linear_classifier

    update_registered_converter(
        Twice,
        "LadingTestTwice",
        calculate_linear_classifier_output_shapes,
        convert_sklearn_linear_classifier,
        options={"zipmap": [True, False], "nocl": [True, False], "raw_scores": [True, False]},
    )
    rows = np.random.default_rng(0).normal(size=(40, 3))
    same(Twice().fit(rows, np.arange(40) % 2), rows)
