"""Encoders: a law for all of them, whatever the categories."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from lading.bundles.tables.table import table_of
from lading.converters.parity import prove
from lading.converters.sklearn.converter import SklearnConverter
from lading.converters.sklearn.encoding import UNSEEN, unseen

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
NUMBERS = st.integers(-3, 3).map(float) | st.floats(allow_nan=False, allow_infinity=False, width=32)


@pytest.mark.parametrize(
    "encoder",
    [
        OneHotEncoder(handle_unknown="ignore"),
        OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=3),
        OneHotEncoder(drop="first"),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=-2),
    ],
    ids=str,
)
@pytest.mark.parametrize("values", [TEXTS, NUMBERS, TEXTS | st.none(), NUMBERS | st.just(np.nan)], ids=["text", "numbers", "text with gaps", "numbers with gaps"])  # fmt: skip
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_the_graph_encodes_as_the_encoder_does(encoder: Any, values: Any, same: Any, data: st.DataObject) -> None:
    column = data.draw(st.lists(values, min_size=2, max_size=12))
    kind = object if any(isinstance(value, str) for value in column) else float
    if kind is float and all(value is None for value in column):
        return
    other = ["a", "b"] if kind is object else [0.0, 1.0]
    frame = pd.DataFrame({"column": pd.Series(column, dtype=kind), "other": pd.Series(other * 6)[: len(column)]})
    same(encoder.fit(frame), frame)


TYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"]


@pytest.mark.parametrize("dtype", TYPES)
@given(data=st.data())
def test_what_nobody_has_seen_is_none_of_the_known(dtype: str, data: st.DataObject) -> None:
    known = np.unique(data.draw(arrays(dtype, st.integers(1, 12))))
    assert unseen(known) not in known


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(np.array([0, 255], np.uint8), 1, id="between the ends of a type"),
        pytest.param(np.arange(256, dtype=np.uint8), 256, id="beyond a type of which all is known"),
        pytest.param(np.array([np.inf, np.nan]), 0.0, id="a number where none is finite"),
        pytest.param(np.array([False, True]), 2, id="a number that is no truth"),
        pytest.param(np.array(["a"]), UNSEEN, id="a text"),
    ],
)
def test_what_nobody_has_seen(known: np.ndarray, expected: object) -> None:
    assert unseen(known) == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda: OneHotEncoder(handle_unknown="ignore"),
        lambda: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        lambda: make_pipeline(TargetEncoder(target_type="continuous", cv=2), Ridge()),
        lambda: HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=1, categorical_features=[0]),
    ],
    ids=["one-hot", "ordinal", "target", "histogram"],
)
@pytest.mark.parametrize(
    "values",
    [
        np.array([0, 255], np.uint8),
        np.array([-128, 127, 0], np.int8),
        np.array([1.0, 2.0**24, 5.0], np.float32),
        np.array([1.0, 2.0**53, 5.0]),
    ],
    ids=lambda values: str(values.dtype),
)
def test_no_known_category_stands_for_those_that_are_not_known(make: Any, values: np.ndarray, same: Any) -> None:
    frame = pd.DataFrame({"column": np.tile(values, 12)})
    model = make().fit(frame, np.arange(len(frame)) % len(values) ** 2)
    same(model, frame, pd.DataFrame({"column": np.append(values, values.dtype.type(7))}))


def test_the_proof_asks_for_a_number_that_nobody_has_seen(convert: Any) -> None:
    frame = pd.DataFrame({"code": np.array([0, 3] * 20), "full": np.array([3, 4] * 20, np.uint8)})
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), Ridge()).fit(frame, np.arange(40) % 5)
    made = convert(model, frame)
    assert made.unseen == (("code", 4), ("full", 5))
    asked = list(prove(SklearnConverter(), model, made, table_of(frame)).columns["code"])
    assert 4 in asked
