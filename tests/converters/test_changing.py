"""Changing rows: the replaced values have the types that the model was trained on."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lading.bundles.tables.table import table_of
from lading.converters.changing import changed

PANDAS = pd.DataFrame(
    {
        "float": [1.0, 2.0],
        "int": [1, 2],
        "nullable": pd.array([1, None], dtype="Int64"),
        "maybe": pd.array([True, None], dtype="boolean"),
        "text": ["a", None],
        "object": pd.Series(["a", None], dtype=object),
        "whole": pd.Series(["a", "b"], dtype=object),
        "category": pd.Categorical(["a", "b"]),
        "flag": [True, False],
    }
)
CHANGES: dict[str, Any] = {
    "float": [None, 0.5],
    "int": [7, 8],
    "nullable": [None, 3],
    "maybe": [None, 1.0],
    "text": ["new", None],
    "object": ["new", None],
    "whole": [None, "b"],
    "category": ["unseen", None],
    "flag": [False, True],
}


def test_pandas_columns_keep_their_types() -> None:
    original = changed(table_of(PANDAS), CHANGES).original
    kinds = {name: kind for name, kind in original.dtypes.items() if name != "category"}
    assert kinds == {name: kind for name, kind in PANDAS.dtypes.items() if name != "category"}
    assert original["object"].tolist() == ["new", None]
    assert np.isnan(original["whole"].iloc[0])
    assert list(original["category"].cat.categories) == ["a", "b", "unseen"]
    assert original["int"].tolist() == [7, 8]
    assert original["maybe"].tolist() == [pd.NA, True]
    assert PANDAS["int"].tolist() == [1, 2]


@pytest.mark.parametrize("kind", [pl.String, pl.Categorical], ids=str)
def test_polars_columns_keep_their_types(kind: Any) -> None:
    frame = pl.DataFrame({"text": pl.Series(["a", "b"], dtype=kind), "int": [1, 2]})
    original = changed(table_of(frame), {"text": ["unseen", None], "int": [5, 6]}).original
    assert original["text"].to_list() == ["unseen", None]
    assert original.schema["int"] == pl.Int64


def test_arrow_columns_keep_their_types() -> None:
    table = pa.table({"text": pa.array(["a", "b"]).dictionary_encode(), "int": [1, 2]})
    original = changed(table_of(table), {"text": ["unseen", None], "int": [5, None]}).original
    assert original.column("text").to_pylist() == ["unseen", None]
    assert original.schema.field("int").type == pa.int64()


def test_matrices_keep_their_type() -> None:
    matrix = np.ones((2, 2), dtype=np.float32)
    original = changed(table_of(matrix, ["a", "b"]), {"b": [None, 0.1]}).original
    assert original.dtype == np.float32
    assert np.isnan(original[0, 1])
    assert matrix[0, 1] == 1
