"""Tables give the tensors that JSON gives, under the same rules, in whatever format they come."""

import io
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
import orjson
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.bundles.tables.files import NULLS
from lading.bundles.tensors.feeds import Encoder, FieldError
from lading.runtime.deployments import Deployments
from lading.runtime.errors import MalformedRequestError
from lading.runtime.protocols.named_fields import NamedFieldsDialect
from lading.runtime.tables.problems import BrokenTableError
from lading.runtime.tables.table_reader import TableReader
from tests.runtime.rows import ROWS, Rows
from tests.runtime.tabular import csv, file, parquet, stream, table_of

LIMIT = 1 << 20

FORMATS: list[Any] = [
    pytest.param("Arrow", stream, id="Arrow stream"),
    pytest.param("Arrow", lambda table: stream(table, 2, compression="zstd"), id="compressed stream of many batches"),
    pytest.param("Arrow", file, id="Arrow file"),
    pytest.param("Arrow", lambda table: file(table, 2, compression="lz4"), id="compressed file of many batches"),
    pytest.param("Parquet", parquet, id="Parquet"),
    pytest.param("Parquet", lambda table: parquet(table, row_group_size=2, data_page_version="2.0"), id="many groups"),
]

LAW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert (found[name].dtype, found[name].shape) == (tensor.dtype, tensor.shape)
        equal = found[name].tobytes() == tensor.tobytes() if tensor.dtype != object else (found[name] == tensor).all()
        assert equal, name


def read(deployments: Deployments, name: str, table: pa.Table, kind: str = "Arrow") -> dict[str, Any]:
    make: Callable[[pa.Table], bytes] = {"Arrow": stream, "CSV": csv, "Parquet": parquet}[kind]
    return TableReader(deployments.get(name), LIMIT).read(make(table), kind)


@pytest.mark.parametrize(("kind", "make"), FORMATS)
@given(asked=ROWS)
@LAW
def test_a_table_gives_the_tensors_that_json_gives(
    deployments: Deployments, kind: str, make: Callable[[pa.Table], bytes], asked: tuple[str, Rows]
) -> None:
    model, rows = deployments.get(asked[0]), asked[1]
    expected = NamedFieldsDialect(model).read(orjson.dumps(rows), {}).feeds
    same(TableReader(model, LIMIT).read(make(table_of(model.signature, rows)), kind), expected)


def sayable(rows: Rows) -> bool:
    """Whether CSV can say the rows: no lists, and no text that would be read as something missing."""
    texts = [value for row in rows for value in row.values() if isinstance(value, str | list)]
    return all(isinstance(text, str) and text.strip("\r\n\0") == text and not _absent(text) for text in texts)


def _absent(text: str) -> bool:
    """Whether a cell of that text is nothing, where one of JSON is the text."""
    return text in NULLS and text not in ("", "nan")  # an empty one is in quotes, and nan is what nothing is encoded as


@given(asked=ROWS.filter(lambda asked: asked[0] != "images" and sayable(asked[1])))
@LAW
def test_csv_gives_them_too(deployments: Deployments, asked: tuple[str, Rows]) -> None:
    model, rows = deployments.get(asked[0]), asked[1]
    expected = NamedFieldsDialect(model).read(orjson.dumps(rows), {}).feeds
    found = TableReader(model, LIMIT).read(csv(table_of(model.signature, rows)), "CSV")
    same(found, expected)


PENGUINS: Rows = [
    {"bill length": 3.9, "mass": 3.75, "year": 2007, "eggs": 1, "tagged": True, "moulting": None, "island": "Dream",
     "note": None, "band": 1, "seen": "yes"},
    {"bill length": None, "mass": 4.0, "year": 2008, "eggs": None, "tagged": False, "moulting": True,
     "island": "Biscoe", "note": "heavy", "band": 3, "seen": None},
]  # fmt: skip


def feather(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.to_feather(sink)
    return sink.getvalue()


def pandas_parquet(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.to_parquet(sink, index=False)
    return sink.getvalue()


def polars_file(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    pl.DataFrame(frame.to_dict("list")).write_ipc(sink, compression="zstd")
    return sink.getvalue()


def polars_stream(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    pl.DataFrame(frame.to_dict("list")).write_ipc_stream(sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        pytest.param("Arrow", feather, id="pandas to_feather"),
        pytest.param("Parquet", pandas_parquet, id="pandas to_parquet"),
        pytest.param("CSV", lambda frame: frame.to_csv(index=False).encode(), id="pandas to_csv"),
        pytest.param("Arrow", polars_file, id="polars write_ipc"),
        pytest.param("Arrow", polars_stream, id="polars write_ipc_stream"),
    ],
)
def test_what_data_frames_write_is_read(deployments: Deployments, kind: str, make: Callable[[Any], bytes]) -> None:
    model = deployments.get("penguins")
    frame = pd.DataFrame(PENGUINS).astype({"eggs": "Int64", "moulting": "boolean"})
    if make in (polars_file, polars_stream):  # which knows None, and not pandas' own missing values
        frame = pd.DataFrame(PENGUINS, dtype=object)
    expected = NamedFieldsDialect(model).read(orjson.dumps(PENGUINS), {}).feeds
    same(TableReader(model, LIMIT).read(make(frame), kind), expected)


def replaced(name: str, column: Any) -> pa.Table:
    """Golden penguins with another column in the place of one."""
    table = pa.Table.from_pylist(PENGUINS)
    return table.set_column(table.column_names.index(name), name, column)


@pytest.mark.parametrize(
    ("name", "column", "meant"),
    [
        pytest.param("mass", pa.array([3, 4], pa.int8()), [3, 4], id="narrow integers are numbers"),
        pytest.param("mass", pa.array([1.5, 2.0], pa.float16()), [1.5, 2.0], id="half floats"),
        pytest.param("year", pa.array([2007.0, 2008.0]), [2007, 2008], id="whole floats are integers"),
        pytest.param("eggs", pa.array([1.0, None]), [1, None], id="floats with null"),
        pytest.param("eggs", pa.array([1.0, float("nan")]), [1, None], id="floats with NaN"),
        pytest.param("eggs", pa.nulls(2), [None, None], id="nothing but nulls"),
        pytest.param("tagged", pa.array([1, 0], pa.uint8()), [True, False], id="ones and zeros are truths"),
        pytest.param("island", pa.array(["Dream", "Dream"]).dictionary_encode(), ["Dream", "Dream"], id="categories"),
        pytest.param(
            "island",
            pa.DictionaryArray.from_arrays(pa.array([1, 1], pa.uint16()), pa.array(["?", "Dream"], pa.large_string())),
            ["Dream", "Dream"],
            id="categories of which one is not used",
        ),
        pytest.param(
            "note",
            pa.chunked_array([pa.array(["x"]).dictionary_encode(), pa.array([None], pa.string()).dictionary_encode()]),
            ["x", None],
            id="categories numbered anew in each batch",
        ),
        pytest.param("note", pa.array(["a text of many letters", None], pa.string_view()), ["a text of many letters", None], id="views"),
        pytest.param("band", pa.array([1, 3]).dictionary_encode(), [1, 3], id="categories of numbers"),
        pytest.param("tagged", pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0], pa.int8())), [True, False], id="bool8"),
    ],
)  # fmt: skip
def test_a_column_may_have_any_type_that_holds_the_values(
    deployments: Deployments, name: str, column: Any, meant: list[Any]
) -> None:
    rows = [row | {name: value} for row, value in zip(PENGUINS, meant, strict=True)]
    expected = NamedFieldsDialect(deployments.get("penguins")).read(orjson.dumps(rows), {}).feeds
    same(read(deployments, "penguins", replaced(name, column)), expected)


def test_missing_is_missing_and_infinity_is_itself(deployments: Deployments) -> None:
    values = [1.5, float("nan"), float("inf"), float("-inf")]
    for kind in ("Arrow", "Parquet"):
        found = read(deployments, "coins", pa.table({"width": values, "weight": values}), kind)["X"]
        np.testing.assert_array_equal(found, np.array([values, values]).T)
        holes = read(deployments, "coins", pa.table({"width": [None, 1.0], "weight": [2.0, None]}), kind)["X"]
        np.testing.assert_array_equal(holes, [[2.0, np.nan], [np.nan, 1.0]])


def test_a_column_of_what_may_be_missing_may_be_left_out(deployments: Deployments) -> None:
    found = read(deployments, "coins", pa.table({"width": [1.0, 2.0]}))["X"]
    np.testing.assert_array_equal(found, [[np.nan, 1.0], [np.nan, 2.0]])


def test_no_rows_are_no_rows(deployments: Deployments) -> None:
    empty = pa.Table.from_pylist(PENGUINS).slice(0, 0)
    for kind in ("Arrow", "CSV", "Parquet"):
        assert read(deployments, "penguins", empty, kind)["n"].shape == (0, 6)


@pytest.mark.parametrize(
    ("table", "field", "row", "problem"),
    [
        pytest.param(replaced("mass", pa.array(["3", "4"])), "mass", 0, "expected a number, found '3'", id="text"),
        pytest.param(replaced("mass", pa.array([3.0, None])), "mass", 1, "is null", id="null where nothing is missing"),
        pytest.param(replaced("mass", pa.array([3.0, float("nan")])), "mass", 1, "is null", id="NaN there"),
        pytest.param(replaced("mass", pa.array([1.0, 1e300])), "mass", 1, "does not fit into float32", id="too large"),
        pytest.param(replaced("year", pa.array([1.0, 2.5])), "year", 1, "expected an integer", id="a fraction"),
        pytest.param(replaced("tagged", pa.array([1, 2])), "tagged", 1, "expected true or false", id="no truth"),
        pytest.param(replaced("tagged", pa.array([True, True])).drop_columns("mass"), "mass", None, "is not there", id="missing"),
        pytest.param(replaced("island", pa.array(["Dream", "Hawaii"])), "island", 1, "'Hawaii' is unknown", id="category"),
        pytest.param(replaced("island", pa.array(["Dream", "Hawaii"]).dictionary_encode()), "island", 1, "is unknown", id="in a dictionary"),
        pytest.param(replaced("mass", pa.array([[1.0], [2.0]])), "mass", None, "holds values of type list", id="lists"),
        pytest.param(replaced("mass", pa.array([1, 2]).cast(pa.decimal128(21, 2))), "mass", None, "convert them to float64", id="decimals"),
        pytest.param(replaced("mass", pa.array([b"1", b"2"])), "mass", None, "holds values of type binary", id="bytes"),
        pytest.param(replaced("mass", pa.array([{"a": 1}] * 2)), "mass", None, "holds values of type struct", id="structs"),
        pytest.param(
            replaced("mass", pa.RunEndEncodedArray.from_arrays([2], [1.0])), "mass", None, "run_end_encoded", id="runs"
        ),
        pytest.param(pa.Table.from_pylist(PENGUINS).append_column("sex", pa.array(["f", "m"])), "sex", None, "no such field", id="extra"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    deployments: Deployments, table: pa.Table, field: str, row: int | None, problem: str
) -> None:
    with pytest.raises(FieldError, match="field") as caught:
        read(deployments, "penguins", table)
    assert (caught.value.field, caught.value.row) == (field, row)
    assert problem in str(caught.value)


def test_a_column_that_is_there_twice_is_refused(deployments: Deployments) -> None:
    twice = pa.Table.from_arrays([pa.array([1.0])] * 3, ["width", "weight", "width"])
    for kind in ("Arrow", "CSV"):
        with pytest.raises(MalformedRequestError, match='2 columns "width"') as caught:
            read(deployments, "coins", twice, kind)
        assert caught.value.field == "width"


def test_a_table_without_columns_is_refused(deployments: Deployments) -> None:
    with pytest.raises(MalformedRequestError, match="no columns"):
        read(deployments, "coins", pa.table({}))


@pytest.mark.parametrize(
    ("text", "row", "problem"),
    [
        pytest.param("width,weight\n1,2\n3\n", 1, "row 1 has 1 cells, the header names 2", id="a short row"),
        pytest.param("width,weight\n1,2,3\n", 0, "row 0 has 3 cells, the header names 2", id="a long row"),
        pytest.param("", None, "it is empty", id="nothing"),
        pytest.param(b"\xff\xfe", None, "it is not UTF-8 text", id="another encoding"),
    ],
)
def test_csv_that_is_none_is_refused(deployments: Deployments, text: Any, row: int | None, problem: str) -> None:
    body = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(BrokenTableError, match="cannot be read as CSV") as caught:
        TableReader(deployments.get("coins"), LIMIT).read(body, "CSV")
    assert caught.value.row == row
    assert problem in str(caught.value)


def test_a_wrong_cell_is_named(deployments: Deployments) -> None:
    with pytest.raises(FieldError, match="field 'width', row 1: expected a number, found 'wide'"):
        TableReader(deployments.get("coins"), LIMIT).read(b"width,weight\n1,2\nwide,3\n", "CSV")


@pytest.mark.parametrize("text", ["inf", "-Infinity", "1e400", " inf", "1e5_"])
def test_text_carries_no_infinity(deployments: Deployments, text: str) -> None:
    with pytest.raises(FieldError, match="field 'width', row 1: expected a number, found"):
        TableReader(deployments.get("coins"), LIMIT).read(f"width,weight\n1,2\n{text},3\n".encode(), "CSV")


@pytest.mark.parametrize("text", ["", "NaN", "NA", "null"])
def test_what_stands_for_a_missing_value_is_missing(deployments: Deployments, text: str) -> None:
    found = TableReader(deployments.get("coins"), LIMIT).read(f"width,weight\n{text},3\n".encode(), "CSV")
    np.testing.assert_array_equal(found["X"], [[3.0, np.nan]])


PIXELS = [[[float(4 * row + column) for column in range(4)] for row in range(3)]] * 2


def images(pixels: Any) -> pa.Table:
    return pa.table({"pixels": pixels, "shift": pa.array([1, 2], pa.int8()), "caption": ["a", "b"]})


@pytest.mark.parametrize(
    "pixels",
    [
        pytest.param(pa.array(PIXELS), id="lists of lists"),
        pytest.param(pa.array(PIXELS, pa.list_(pa.list_(pa.float32(), 4), 3)), id="lists of fixed lengths"),
        pytest.param(pa.array([list(chain(*lists)) for lists in PIXELS], pa.large_list(pa.float64())), id="flat lists"),
        pytest.param(pa.FixedShapeTensorArray.from_numpy_ndarray(np.array(PIXELS, np.float32)), id="Arrow's tensors"),
    ],
)
def test_tensors_come_as_lists(deployments: Deployments, pixels: Any) -> None:
    assert read(deployments, "images", images(pixels))["pixels"].tolist() == PIXELS


@pytest.mark.parametrize(
    ("pixels", "problem"),
    [
        pytest.param(pa.array([[[1.0] * 3] * 4] * 2), "expected lists of 3 by 4 values, found 4 by 3", id="turned"),
        pytest.param(pa.array([[[1.0] * 4] * 3, None]), "holds null", id="a list is missing"),
        pytest.param(pa.array([[1.0] * 12, [1.0] * 13]), "lists of 12 and 13 values", id="of two lengths"),
        pytest.param(pa.array([1.0, 2.0]), "found no lists", id="no lists"),
        pytest.param(pa.array([["x"] * 12] * 2), "expected a number, found 'x'", id="text"),
        pytest.param(
            pa.ExtensionArray.from_storage(
                pa.fixed_shape_tensor(pa.float64(), [4, 3], permutation=[1, 0]), pa.array([[1.0] * 12] * 2, pa.list_(pa.float64(), 12))
            ),
            "axes are permuted",
            id="axes in another order",
        ),
    ],
)  # fmt: skip
def test_lists_that_are_no_such_tensors_are_refused(deployments: Deployments, pixels: Any, problem: str) -> None:
    with pytest.raises(FieldError, match=problem):
        read(deployments, "images", images(pixels))


def test_a_tensor_is_nothing_for_csv(deployments: Deployments) -> None:
    with pytest.raises(FieldError, match="send Parquet or Arrow"):
        TableReader(deployments.get("images"), LIMIT).read(b"pixels,shift,caption\n1,2,a\n", "CSV")


def test_moments_come_as_moments(deployments: Deployments) -> None:
    when = pa.array([0, None], pa.timestamp("ms"))
    signature = Signature(
        form="frame",
        fields=(Field(name="when", type="datetime", dtype="datetime64[ns]", nullable=True, feed=Feed(input="t", column=0, missing="")),),
        inputs=(Tensor(name="t", dtype="string", shape=("N", 1)),),
        outputs=(Output(tensor=Tensor(name="y", dtype="string", shape=("N", 1)), meaning="value"),),
    )  # fmt: skip

    class Dated:
        """As much of a model as a reader asks for."""

        def __init__(self) -> None:
            self.signature, self.encoder = signature, Encoder(signature)

    found = TableReader(Dated(), LIMIT).read(stream(pa.table({"when": when})), "Arrow")  # type: ignore[arg-type]
    assert found["t"].tolist() == [["1970-01-01T00:00:00"], [""]]
