"""The training data: which columns are the model's, which one is the target."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from lading.converters.targets import WrongTargetError
from lading.converters.training_data import (
    NoRowsError,
    NoTargetError,
    SparseDataError,
    WrongColumnsError,
    training_data,
)
from lading.core.errors import UsageError

FRAME = pd.DataFrame({"b": [1.0, 2.0], "a": [3.0, 4.0], "y": ["u", "v"]})


def test_columns_come_in_the_models_order_and_the_target_apart() -> None:
    given = training_data(FRAME, ("a", "b"), "y", None)
    assert [column.name for column in given.rows.columns] == ["a", "b"]
    assert [column.name for column in given.whole.columns] == ["b", "a", "y"]
    assert (given.form, given.target) == ("frame", "y")


def test_a_model_without_names_takes_a_frame_as_an_array() -> None:
    given = training_data(FRAME, None, "y", None)
    assert [column.name for column in given.rows.columns] == ["b", "a"]
    assert given.form == "array"


def test_features_leave_the_rest_out() -> None:
    assert [column.name for column in training_data(FRAME, None, None, ["a"]).rows.columns] == ["a"]
    assert training_data(FRAME, ("a",), None, ["a"]).whole.rows == 2


@pytest.mark.parametrize(
    "data",
    [
        FRAME[["a", "b"]],
        pl.DataFrame({"a": [3.0, 4.0], "b": [1.0, 2.0]}),
        pa.table({"a": [3.0, 4.0], "b": [1.0, 2.0]}),
        np.array([[3.0, 1.0], [4.0, 2.0]]),
    ],
    ids=["pandas", "polars", "arrow", "array"],
)
@pytest.mark.parametrize(
    "y", [np.array(["u", "v"]), pd.Series(["u", "v"]), ["u", "v"]], ids=["array", "series", "list"]
)
def test_a_target_apart_is_a_part_of_the_record(data: Any, y: Any) -> None:
    given = training_data(data, None, None, None, y)
    record = given.provenance("birds", "https://user:secret@example.org/birds.csv")
    assert (record.columns, record.rows, record.target) == (3, 2, "target")
    assert (record.name, record.source) == ("birds", "https://example.org/birds.csv")
    assert len(given.rows.columns) == 2


def test_the_same_target_inside_or_apart_gives_the_same_digest() -> None:
    inside = training_data(FRAME, None, "y", None).provenance(None, None)
    apart = training_data(FRAME[["b", "a"]], None, "y", None, FRAME["y"]).provenance(None, None)
    assert inside == apart


WRONG: dict[str, tuple[Any, str]] = {
    "a column is missing": (lambda: training_data(FRAME[["a"]], ("a", "b"), None, None), "missing: 'b'; give the data"),
    "a column too many": (lambda: training_data(FRAME, ("a", "b"), None, None), "extra: 'y'; name the target by target="),
    "both": (lambda: training_data(FRAME[["a", "y"]], ("a", "b"), None, None), "missing: 'b'; extra: 'y'"),
    "a feature that is not there": (lambda: training_data(FRAME, None, None, ["c"]), "missing: 'c'"),
    "many": (lambda: training_data(FRAME, tuple(f"c{n}" for n in range(30)), "y", None), "and 10 more"),
    "an array for a model of columns": (
        lambda: training_data(np.ones((2, 2)), ("a", "b"), None, None), "give a data frame with these columns",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "message"), WRONG.values(), ids=WRONG)
def test_wrong_columns_are_named(make: Any, message: str) -> None:
    with pytest.raises(WrongColumnsError) as wrong:
        make()
    assert message in str(wrong.value)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        pytest.param([1, 2, 3], "y has 3 values, the data has 2 rows; give the target of the same rows", id="longer"),
        pytest.param(np.ones((2, 1)), r"y has the shape \(2, 1\), expected \(2,\); .* y.ravel\(\)", id="one column"),
        pytest.param(
            np.ones((2, 3, 1)), r"expected \(2,\); give one value for each row, or a column", id="more than a table"
        ),
        pytest.param(
            FRAME[["a", "b"]], "would be the column 'a', which the data has already", id="columns of the data"
        ),
        pytest.param(5, r"y has the shape \(\), expected", id="one number"),
    ],
)
def test_a_target_of_another_shape_is_told_its_shape(y: Any, message: str) -> None:
    with pytest.raises(WrongTargetError, match=message):
        training_data(FRAME, None, None, None, y)


def test_a_target_takes_no_column_of_the_data_away() -> None:
    with pytest.raises(WrongTargetError, match="would be the column 'a', which the data has already; rename that"):
        training_data(FRAME, None, "a", None, [1, 2])


def test_a_target_beside_arrays_by_name_is_refused() -> None:
    with pytest.raises(WrongTargetError, match="y cannot be added to arrays by name; leave it out"):
        training_data({"x": np.ones((2, 3))}, None, None, None, [1, 2])


def test_a_column_that_cannot_be_written_is_named() -> None:
    frame = pd.DataFrame([[1.0]], columns=pd.Index(["\ud800"], dtype=object))
    with pytest.raises(UsageError, match=r"'\\ud800'"):
        training_data(frame, None, None, None)


def test_a_target_that_is_not_there_is_named_with_the_columns_that_are() -> None:
    with pytest.raises(NoTargetError, match="no column 'species' for the target; its columns are 'b', 'a', 'y'"):
        training_data(FRAME, None, "species", None)


def test_no_rows_and_sparse_rows_are_refused() -> None:
    with pytest.raises(NoRowsError, match="a few hundred"):
        training_data(FRAME[:0], None, None, None)
    with pytest.raises(SparseDataError, match="toarray"):
        training_data(csr_matrix(np.eye(3)), None, None, None)
