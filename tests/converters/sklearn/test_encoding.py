"""Encoders: a law for all of them, whatever the categories."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

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
