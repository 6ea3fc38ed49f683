import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.tables import DataColumnError, DataFormError
from lading.bundles.tables.table import Table, table_of

DAY = pd.to_datetime(["2020-01-02 03:04:05.5", "NaT", "2021-01-01"], format="ISO8601")


def objects(*values: object) -> Any:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


MISSING_TEXT = ["a", None, "é"]

PANDAS_COLUMNS = [
    pytest.param([1.5, np.nan, 2.0], "number", "float64", [1.5, np.nan, 2.0], id="float64"),
    pytest.param(np.array([1, np.nan, 2], np.float32), "number", "float32", [1, np.nan, 2], id="float32"),
    pytest.param(np.array([1, np.nan, 2], np.float16), "number", "float16", [1, np.nan, 2], id="float16"),
    pytest.param([1, 2, 3], "integer", "int64", [1, 2, 3], id="int64"),
    pytest.param(np.array([1, 2, 255], np.uint8), "integer", "uint8", [1, 2, 255], id="uint8"),
    pytest.param([True, False, True], "boolean", "boolean", [True, False, True], id="bool"),
    pytest.param(pd.array([1, None, 3], dtype="Int64"), "integer", "int64", [1, np.nan, 3], id="Int64"),
    pytest.param(
        pd.array([1, None, 2**60 + 1], dtype="Int64"), "integer", "int64", [1, None, 2**60 + 1], id="wide Int64"
    ),
    pytest.param(pd.array([1.5, None, 3], dtype="Float64"), "number", "float64", [1.5, np.nan, 3], id="Float64"),
    pytest.param(pd.array([True, None, False], dtype="boolean"), "boolean", "boolean", [1, np.nan, 0], id="boolean"),
    pytest.param(MISSING_TEXT, "string", "string", MISSING_TEXT, id="str"),
    pytest.param(pd.array(MISSING_TEXT, dtype="string"), "string", "string", MISSING_TEXT, id="string"),
    pytest.param(pd.array(MISSING_TEXT, dtype="string[python]"), "string", "string", MISSING_TEXT, id="string[python]"),
    pytest.param(pd.Series(["a", np.nan, "é"], dtype=object), "string", "string", MISSING_TEXT, id="object of text"),
    pytest.param(pd.Series(["a", pd.NA, "é"], dtype=object), "string", "string", MISSING_TEXT, id="object with NA"),
    pytest.param(pd.Series([1, None, 3], dtype=object), "integer", "int64", [1, np.nan, 3], id="object of integers"),
    pytest.param(
        pd.Series([True, None, False], dtype=object), "boolean", "boolean", [1, np.nan, 0], id="object of bools"
    ),
    pytest.param(
        pd.Series([0.5, None, np.nan], dtype=object), "number", "float64", [0.5, np.nan, np.nan], id="objects"
    ),
    pytest.param(pd.Series([None, None, None], dtype=object), "string", "string", [None, None, None], id="nothing"),
    pytest.param(pd.Categorical(["b", None, "a"]), "category", "category", ["b", None, "a"], id="category"),
    pytest.param(pd.Categorical([2, None, 1]), "category", "int64", [2, None, 1], id="category of integers"),
    pytest.param(pd.Categorical([2.5, None, 1]), "category", "float64", [2.5, None, 1.0], id="category of numbers"),
    pytest.param(
        pd.Categorical([True, None, False]), "category", "boolean", [True, None, False], id="category of bools"
    ),
    pytest.param(DAY, "datetime", "timestamp", ["2020-01-02T03:04:05.5", None, "2021-01-01T00:00:00"], id="datetime64"),
    pytest.param(
        DAY.tz_localize("Europe/Berlin"),
        "datetime",
        "timestamp[Europe/Berlin]",
        ["2020-01-02T02:04:05.500+00:00".replace("500", "5"), None, "2020-12-31T23:00:00+00:00"],
        id="datetime64 with a zone",
    ),
    pytest.param(
        pd.array([1, None, 3], dtype="int64[pyarrow]"), "integer", "int64", [1, np.nan, 3], id="int64[pyarrow]"
    ),
    pytest.param(
        pd.Series(["a", None, "a"], dtype=pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))),
        "category",
        "category",
        ["a", None, "a"],
        id="dictionary[pyarrow]",
    ),
]


@pytest.mark.parametrize(("values", "kind", "canonical", "expected"), PANDAS_COLUMNS)
def test_every_pandas_dtype_has_one_meaning(values: Any, kind: str, canonical: str, expected: list[object]) -> None:
    frame = pd.DataFrame({"x": values})
    table = table_of(frame)
    (column,) = table.columns
    assert (column.type, column.canonical, column.dtype) == (kind, canonical, str(frame["x"].dtype))
    found = table.columns_as_numpy()["x"]
    assert found.dtype.kind in ("biuf" if kind in ("boolean", "integer", "number") and None not in expected else "O")
    np.testing.assert_array_equal(found, np.array(expected, dtype=found.dtype))
    assert table.original is frame


@pytest.mark.parametrize(("values", "kind", "canonical", "expected"), PANDAS_COLUMNS)
def test_arrow_means_the_same(values: Any, kind: str, canonical: str, expected: list[object]) -> None:
    frame = pd.DataFrame({"x": values})
    table = table_of(pa.Table.from_pandas(frame, preserve_index=False))
    assert (table.columns[0].type, table.columns[0].canonical) == (kind, canonical)
    found, pandas_ = table.columns_as_numpy()["x"], table_of(frame).columns_as_numpy()["x"]
    np.testing.assert_array_equal(found, pandas_)


POLARS = pl.DataFrame(
    {
        "f": [1.5, None, float("nan")],
        "i": [1, None, 3],
        "b": [True, None, False],
        "s": MISSING_TEXT,
        "c": pl.Series(MISSING_TEXT, dtype=pl.Categorical),
        "e": pl.Series(MISSING_TEXT, dtype=pl.Enum(["é", "a"])),
        "n": [None, None, None],
        "d": pl.Series([0, None, 1]).cast(pl.Date),
    }
)


def test_polars_columns_have_their_meaning() -> None:
    table = table_of(POLARS)
    assert [column.type for column in table.columns] == [
        "number", "integer", "boolean", "string", "category", "category", "string", "datetime",
    ]  # fmt: skip
    found = {name: values.tolist() for name, values in table.columns_as_numpy().items()}
    assert found["s"] == found["c"] == found["e"] == MISSING_TEXT
    assert found["n"] == [None] * 3
    assert found["d"] == ["1970-01-01", None, "1970-01-02"]
    np.testing.assert_array_equal(found["f"], [1.5, np.nan, np.nan])
    assert table.original is POLARS


FRAME = pd.DataFrame(
    {"x": [0.5, np.nan, 2.0, 3.0], "s": ["a", None, "b", "c"], "c": pd.Categorical(["u", "v", None, "u"])}
)


def chunked(frame: pd.DataFrame) -> pa.Table:
    """A chunk for each row, each with its own categories."""
    schema = pa.Table.from_pandas(frame).schema
    rows = (frame.iloc[[row]] for row in range(len(frame)))
    pieces = (row.assign(c=row["c"].cat.remove_unused_categories()) for row in rows)
    return pa.concat_tables(pa.Table.from_pandas(piece, schema=schema) for piece in pieces)


CONTAINERS: list[Any] = [
    pytest.param(lambda frame: frame, id="pandas"),
    pytest.param(lambda frame: pa.Table.from_pandas(frame), id="arrow"),
    pytest.param(chunked, id="chunks"),
    pytest.param(pl.from_pandas, id="polars"),
]


def rows_of(table: Table) -> list[tuple[object, ...]]:
    columns = [values.tolist() for values in table.columns_as_numpy().values()]
    return [tuple(None if value != value else value for value in row) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize("container", CONTAINERS)
def test_rows_and_columns_are_chosen_by_position_and_name(container: Callable[[pd.DataFrame], object]) -> None:
    data = container(FRAME)
    table = table_of(data)
    assert (table.rows, table.form) == (4, "frame")
    assert rows_of(table.take([2, 0, 0])) == [(2.0, "b", None), (0.5, "a", "u"), (0.5, "a", "u")]
    assert rows_of(table.take(np.array([1]))) == [(None, None, "v")]
    assert rows_of(table.select(["c", "x"]).take([0])) == [("u", 0.5)]
    assert rows_of(table.without("s", "x").take([0])) == [("u",)]
    assert type(table.take([0]).original) is type(data)
    assert table.take([1]).columns == table.columns, "a part has the types of the whole"


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_batches_have_the_rows_that_were_asked_for(container: Callable[[pd.DataFrame], object], rows: int) -> None:
    table = table_of(container(FRAME))
    batches = list(table.batches(rows))
    assert [batch.num_rows for batch in batches[:-1]] == [rows] * (len(batches) - 1)
    assert batches[0].schema.types == [column.arrow for column in table.columns]
    whole = pa.Table.from_batches(batches)
    assert whole.column("s").to_pylist() == ["a", None, "b", "c"]
    assert whole.column("c").to_pylist() == ["u", "v", None, "u"]


def test_a_matrix_has_columns_of_one_type() -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2)
    table = table_of(matrix)
    assert table.form == "array"
    assert [(column.name, column.dtype) for column in table.columns] == [("x0", "float32"), ("x1", "float32")]
    np.testing.assert_array_equal(table.take([2, 0]).original, matrix[[2, 0]])
    np.testing.assert_array_equal(table.without("x0").original, matrix[:, [1]])
    assert [column.name for column in table_of(matrix, ["a", "b"]).select(["b"]).columns] == ["b"]


def test_a_matrix_of_objects_has_a_type_for_each_column() -> None:
    table = table_of(np.array([[1, "a", None], [2, None, None]], dtype=object))
    assert [column.type for column in table.columns] == ["integer", "string", "string"]
    assert rows_of(table) == [(1, "a", None), (2, None, None)]


@pytest.mark.parametrize("values", [np.array([["a", "b"]]), np.array([[True, False]]), np.array([[1, 2]], dtype=">i2")])
def test_matrices_of_other_types(values: Any) -> None:
    assert rows_of(table_of(values)) == [tuple(values[0].tolist())]


def test_arrays_by_name_are_tensors() -> None:
    image = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    table = table_of({"image": image, "age": np.array([1, 2, 3]), "words": np.array([["a"], ["b"], ["c"]])})
    assert (table.form, table.rows) == ("tensors", 3)
    assert [column.shape for column in table.columns] == [(2, 2), (), (1,)]
    assert table.columns[0].canonical == "float32[2,2]"
    (batch,) = table.batches()
    assert batch.column("image").to_pylist() == image.reshape(3, 4).tolist()
    part = table.take([2, 1]).select(["image", "words"])
    np.testing.assert_array_equal(part.columns_as_numpy()["image"], image[[2, 1]])
    assert part.columns_as_numpy()["words"].tolist() == [["c"], ["b"]]
    assert part.original.keys() == {"image", "words"}


def test_a_list_of_calls_has_a_row_for_each() -> None:
    calls = [{"x": np.ones((2, 3), np.float32) * k, "k": k, "words": np.array(["a", "bc" * k])} for k in (1, 2)]
    table = table_of(calls)
    assert (table.form, table.rows) == ("whole", 2)
    assert [column.shape for column in table.columns] == [(2, 3), (), (2,)]
    taken = table.take([1]).select(["words", "x"])
    assert taken.form == "whole"
    found = taken.columns_as_numpy()
    assert found["words"].tolist() == [["a", "bcbc"]]
    assert found["x"].dtype == np.float32
    assert found["x"].shape == (1, 2, 3)


def test_a_table_of_no_rows_keeps_its_columns() -> None:
    table = table_of(FRAME.iloc[:0])
    assert list(table.batches()) == []
    assert {name: len(values) for name, values in table.columns_as_numpy().items()} == {"x": 0, "s": 0, "c": 0}


def test_a_table_is_a_table() -> None:
    table = table_of(FRAME)
    assert table_of(table) is table


def test_a_record_batch_is_a_table() -> None:
    assert rows_of(table_of(pa.record_batch({"x": [1, 2]}))) == [(1,), (2,)]


def test_dictionaries_with_null_among_their_values_are_taken() -> None:
    values = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), pa.array(["a", None]))
    assert rows_of(table_of(pa.table({"c": values}))) == [("a",), (None,), ("a",)]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param({"x": pd.Series(["a", 1], dtype=object)}, "objects of type int and str", id="mixed"),
        pytest.param({"x": pd.Series([1, 2.5], dtype=object)}, "objects of type float and int", id="mixed numbers"),
        pytest.param({"x": pd.Series([True, "a"], dtype=object)}, "objects of type bool and str", id="bool and text"),
        pytest.param({"x": [[1], [2]]}, "objects of type list", id="lists"),
        pytest.param({"x": [{"a": 1}]}, "objects of type dict", id="mappings"),
        pytest.param({"x": [b"a"]}, "objects of type bytes", id="bytes"),
        pytest.param({"x": pd.Series([2**70], dtype=object)}, "a value that is not int64", id="beyond 64 bits"),
        pytest.param(
            {"x": pd.Series(["\ud800"], dtype=object)}, "a value that is not large_string", id="half a letter"
        ),
        pytest.param({"x": [1 + 2j]}, "the type complex128", id="complex"),
        pytest.param({"x": pd.to_timedelta([1], unit="s")}, "the type timedelta64", id="duration"),
        pytest.param({"x": pd.period_range("2020", periods=1)}, "the type period", id="period"),
        pytest.param({"x": pd.arrays.SparseArray([1.0])}, "the type Sparse", id="sparse"),
        pytest.param({"x": pd.Categorical(DAY[:1])}, "categories of type timestamp", id="category of dates"),
        pytest.param({"x": pd.Categorical([1, "a"])}, "objects of type int and str", id="category of mixed values"),
    ],
)
def test_pandas_columns_that_cannot_be_taken_are_named(data: dict[str, Any], found: str) -> None:
    with pytest.raises(DataColumnError) as caught:
        list(table_of(pd.DataFrame(data)).batches())
    assert str(caught.value).startswith("column 'x' h")
    assert found in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        pytest.param(pa.decimal128(5, 2), "convert them to float64", id="decimal"),
        pytest.param(pa.list_(pa.int64()), "give each part a column of its own", id="list"),
        pytest.param(pa.struct([("a", pa.int64())]), "give each part a column of its own", id="struct"),
        pytest.param(pa.duration("s"), "convert them to a number of seconds", id="duration"),
        pytest.param(pa.time32("s"), "convert them to a number of seconds", id="time"),
        pytest.param(pa.binary(), "convert them to numbers, booleans or text", id="binary"),
        pytest.param(pa.dictionary(pa.int8(), pa.binary()), "make them text or numbers", id="category of bytes"),
    ],
)
def test_arrow_types_that_cannot_be_taken_are_named(kind: Any, remedy: str) -> None:
    with pytest.raises(DataColumnError, match=r"column 'x' holds .* of type") as caught:
        table_of(pa.table({"x": pa.array([], type=kind)}))
    assert remedy in str(caught.value)


def test_polars_objects_cannot_be_taken() -> None:
    with pytest.raises(DataColumnError, match="column 'x' holds Python objects"):
        table_of(pl.DataFrame({"x": pl.Series([object()], dtype=pl.Object)}))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param([[1, 2]], "the data is a builtins.list", id="a list"),
        pytest.param(FRAME["x"], "Series", id="a series"),
        pytest.param({}, "builtins.dict", id="nothing by name"),
        pytest.param({"x": [1, 2]}, "builtins.dict", id="lists by name"),
        pytest.param(POLARS.lazy(), "LazyFrame", id="a lazy frame"),
        pytest.param(np.zeros(3), "an array of 1 dimensions", id="a vector"),
        pytest.param(np.ma.masked_array([[1]], [[True]]), "a masked array", id="a mask"),
        pytest.param({"x": np.ma.masked_array([1], [True])}, "a masked array", id="a mask by name"),
        pytest.param({"x": np.zeros(3), "y": np.zeros(2)}, "arrays of different lengths", id="ragged"),
        pytest.param(pd.DataFrame({("a", "b"): [1]}), "several levels of column names", id="levels"),
        pytest.param(pd.DataFrame([[1]]), "a column named 0", id="a number for a name"),
        pytest.param(pd.DataFrame({"": [1]}), "a column named ''", id="no name"),
        pytest.param(pd.DataFrame({"x" * 1025: [1]}), "a column named 'xxx", id="a long name"),
        pytest.param({"\ud800": np.zeros(1)}, "a column named", id="half a letter for a name"),
        pytest.param(pd.DataFrame(index=[1, 2]), "a table without columns", id="no columns"),
        pytest.param([], "the data is a builtins.list", id="no calls"),
        pytest.param([{}], "a list of calls without arrays", id="calls of nothing"),
        pytest.param(
            [{"x": np.zeros(2)}, {"x": np.zeros(3)}],
            "call 0 has x float64[2], call 1 has x float64[3]; give each the same arrays",
            id="calls that are not alike",
        ),
        pytest.param([{"x": 1}, {"y": 1}], "call 0 has x int64[], call 1 has y int64[]", id="calls of other names"),
        pytest.param([{"x": np.ma.masked_array([1], [True])}], "a masked array", id="a mask in a call"),
    ],
)
def test_what_is_no_table_is_refused(data: object, problem: str) -> None:
    with pytest.raises(DataFormError) as caught:
        table_of(data)
    assert problem in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(pd.DataFrame([[1, 2]], columns=["x", "x"]), "column 'x' is there twice", id="twice"),
        pytest.param(np.zeros((1, 1), dtype=np.complex64), "column 'x0' has the type complex64", id="complex"),
        pytest.param(np.zeros((1, 1), dtype=np.longdouble), "column 'x0' has the type", id="long double"),
        pytest.param(np.array([["2020"]], dtype="M8[Y]"), "convert it to datetime64[s] or finer", id="years"),
        pytest.param({"x": np.array(1.0)}, "column 'x' is a single value", id="no rows"),
        pytest.param([{"x": [[1], [2, 3]]}], "column 'x' is no array", id="a ragged call"),
        pytest.param([{"x": np.zeros(1, np.complex64)}], "column 'x' has the type complex64", id="a complex call"),
    ],
)
def test_columns_that_cannot_be_taken_are_named(data: object, problem: str) -> None:
    with pytest.raises(DataColumnError) as caught:
        table_of(data)
    assert problem in str(caught.value)


def test_names_are_for_matrices() -> None:
    with pytest.raises(DataFormError, match="an array of 2 columns with 1 names"):
        table_of(np.zeros((1, 2)), ["a"])
    with pytest.raises(DataFormError, match="rename its columns"):
        table_of(FRAME, ["a", "b", "c"])


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(DataColumnError, match=r"column 'y' is not in the data; its columns are 'x', 's', 'c'"):
        table_of(FRAME).without("y")


def test_a_table_of_arrow_needs_neither_pandas_nor_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pandas")
    monkeypatch.delitem(sys.modules, "polars")
    assert table_of(pa.table({"x": [1]})).rows == 1
    assert "pandas" not in sys.modules


@given(
    st.lists(
        st.tuples(st.none() | st.floats(), st.none() | st.text(st.characters(exclude_categories=["Cs"]))), min_size=1
    ),
    st.data(),
)
def test_taking_rows_is_the_same_in_every_library(rows: list[tuple[Any, Any]], data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=5))
    floats, texts = zip(*rows, strict=True)
    arrow = pa.table({"x": pa.array(floats, type=pa.float64()), "s": pa.array(texts, type=pa.string())})
    pandas_ = pd.DataFrame({"x": pd.Series(floats, dtype=np.float64), "s": pd.Series(texts, dtype="str")})
    expected = [tuple(None if value is None or value != value else value for value in rows[place]) for place in places]
    for one in (arrow, pandas_, pl.DataFrame(arrow)):
        assert rows_of(table_of(one).take(places)) == expected
