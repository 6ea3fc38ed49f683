"""Slots: where in the graph's tensors values lie, in which type, and what does not fit."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.bundles.tensors.feeds import Encoder, FieldError, encode
from lading.bundles.tensors.slots import FeedError
from lading.bundles.tensors.values import object_array

VALUE = Output(tensor=Tensor(name="value", dtype="float32", shape=("rows", 1)), meaning="value")


def field(name: str, kind: Any, **rest: Any) -> Field:
    return Field(name=name, type=kind, dtype=kind, **rest)


def frame(*fields: Field, numbers: str = "float64") -> Signature:
    """A signature whose fields feed a matrix of numbers and a matrix of texts, as many columns as there are."""
    inputs = [
        Tensor(name=name, dtype=dtype, shape=("rows", width))
        for name, dtype in (("numbers", numbers), ("texts", "string"))
        if (width := sum(one.feed is not None and one.feed.input == name for one in fields))
    ]
    return Signature(form="frame", fields=fields, inputs=tuple(inputs), outputs=(VALUE,))


def number(column: int) -> Feed:
    return Feed(input="numbers", column=column)


def text(column: int, missing: str | None = "nan") -> Feed:
    return Feed(input="texts", column=column, missing=missing)


def objects(*values: object) -> Any:
    return object_array(values)


def equal(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return first.keys() == second.keys() and all(
        first[name].dtype == second[name].dtype and first[name].tolist() == second[name].tolist() for name in first
    )


@pytest.mark.parametrize(
    ("dtype", "kind", "values", "expected"),
    [
        pytest.param("float32", "number", objects(0.1, 1), [np.float32(0.1), 1], id="float32"),
        pytest.param("float32", "number", np.array([np.inf]), [np.inf], id="infinity stays"),
        pytest.param("float64", "integer", objects(2**63, None), [2.0**63, math.nan], id="a long integer"),
        pytest.param("int64", "integer", objects(2**53 + 1), [2**53 + 1], id="int64 is exact"),
        pytest.param("uint64", "integer", objects(2**64 - 1), [2**64 - 1], id="uint64 is exact"),
        pytest.param("int8", "number", objects(-128.0), [-128], id="a whole number"),
        pytest.param("bool", "boolean", objects(True), [True], id="bool"),
        pytest.param("float64", "category", objects(2, None), [2.0, math.nan], id="a category of numbers"),
    ],
)
def test_numbers_take_the_tensors_type(dtype: str, kind: str, values: Any, expected: list[object]) -> None:
    one = field("x", kind, nullable=True, feed=number(0), category_type="integer" if kind == "category" else None)
    signature = frame(one, numbers=dtype)
    rows = [{"x": value} for value in values.tolist()]
    for found in (encode(signature, {"x": values}), Encoder(signature).encode_rows(rows)):
        assert found["numbers"].dtype == dtype
        np.testing.assert_array_equal(found["numbers"][:, 0], np.array(expected, dtype=dtype))


@pytest.mark.parametrize(
    ("dtype", "value", "shown"),
    [
        pytest.param("float32", 1e300, "1e+300 does not fit into float32", id="float32 would be infinite"),
        pytest.param("int8", 128, "128.0 does not fit into int8", id="too large"),
        pytest.param("uint8", -1, "-1.0 does not fit into uint8", id="negative"),
        pytest.param("int64", 0.5, "0.5 does not fit into int64", id="fraction"),
        pytest.param("int64", None, "a missing value does not fit into int64", id="no integer is missing"),
        pytest.param("bool", 2, "2.0 does not fit into bool", id="bool"),
        pytest.param("int64", math.inf, "inf does not fit into int64", id="infinity"),
    ],
)
def test_what_the_tensor_cannot_hold_is_refused(dtype: str, value: object, shown: str) -> None:
    signature = frame(field("x", "number", nullable=True, feed=number(0)), numbers=dtype)
    with pytest.raises(FieldError, match="row 1") as caught:
        Encoder(signature).encode_rows([{"x": 1}, {"x": value}])
    assert shown in str(caught.value)


def tensors(*fields: Field, dtype: Any, shape: tuple[int | str, ...]) -> Signature:
    inputs = tuple(Tensor(name=one.name, dtype=dtype, shape=shape) for one in fields)
    return Signature(form="tensors", fields=fields, inputs=inputs, outputs=(VALUE,))


IMAGE = tensors(field("image", "number", shape=(2, 3), feed=Feed(input="image")), dtype="float32", shape=("n", 2, 3))


def test_a_tensor_valued_field_is_the_tensor() -> None:
    value = [[1, 2, 3], [4, 5, 6]]
    found = Encoder(IMAGE).encode_rows([{"image": value}, {"image": value}])["image"]
    assert found.shape == (2, 2, 3)
    assert found.dtype == np.float32
    assert equal(encode(IMAGE, {"image": np.array([value, value])}), {"image": found})


@pytest.mark.parametrize(
    ("value", "row", "problem"),
    [
        pytest.param([[1, 2, 3]], 1, "expected 2 by 3 values, found 1 by 3 values", id="short"),
        pytest.param([[1, 2, 3], [4, 5]], 1, "expected 2 by 3 values, found 2 values", id="ragged"),
        pytest.param(7, 1, "expected 2 by 3 values, found a single value", id="scalar"),
        pytest.param([[1, 2, 3], [4, "5", 6]], 1, "expected a number, found '5'", id="text inside"),
        pytest.param(None, 1, "is null", id="null"),
    ],
)
def test_a_tensor_of_a_wrong_shape_is_refused(value: object, row: int, problem: str) -> None:
    with pytest.raises(FieldError) as caught:
        Encoder(IMAGE).encode_rows([{"image": [[1, 2, 3], [4, 5, 6]]}, {"image": value}])
    assert caught.value.row == row
    assert problem in str(caught.value)


def test_an_array_of_a_wrong_shape_is_refused() -> None:
    with pytest.raises(FieldError, match="expected 2 by 3 values in each row, found 3 by 2 values"):
        encode(IMAGE, {"image": np.zeros((4, 3, 2))})


def test_single_values_fill_a_tensor_of_one_column() -> None:
    signature = tensors(field("x", "number", feed=Feed(input="x")), dtype="float32", shape=("n", 1))
    assert encode(signature, {"x": np.array([1.0, 2.0])})["x"].shape == (2, 1)
    flat = tensors(field("x", "number", feed=Feed(input="x")), dtype="float32", shape=("n",))
    assert encode(flat, {"x": np.array([1.0, 2.0])})["x"].shape == (2,)


@pytest.mark.parametrize(
    ("signature", "problem"),
    [
        pytest.param(frame(field("x", "string", feed=number(0))), "is float64, but field 'x' holds text", id="text"),
        pytest.param(
            frame(field("x", "string", nullable=True, feed=text(0, None))),
            "nothing stands for a missing 'x'",
            id="token",
        ),
        pytest.param(
            frame(field("x", "number", feed=number(0)), field("y", "number", feed=number(2))),
            "needs each column from one field, found [0, 2]",
            id="a hole",
        ),
        pytest.param(
            frame(field("x", "number", feed=number(0)), field("y", "number", feed=Feed(input="numbers"))),
            "needs each column from one field, found [0, None]",
            id="whole and column",
        ),
    ],
)
def test_feeds_that_cannot_fill_the_graph(signature: Signature, problem: str) -> None:
    with pytest.raises(FeedError) as caught:
        Encoder(signature)
    assert problem in str(caught.value)


FLOATS = st.floats(width=32) | st.floats() | st.sampled_from([math.nan, math.inf, 1e300, -0.0])
COLUMNS = st.integers(0, 4).flatmap(
    lambda rows: st.tuples(
        st.lists(FLOATS, min_size=rows, max_size=rows), st.lists(FLOATS, min_size=rows, max_size=rows)
    )
)


@given(columns=COLUMNS, numbers=st.sampled_from(["float16", "float32", "float64"]))
def test_arrays_of_floats_fill_a_matrix_as_their_values_one_by_one(
    columns: tuple[list[float], list[float]], numbers: str
) -> None:
    fields = (field("x", "number", nullable=True, feed=number(1)), field("y", "number", feed=number(0)))
    signature = frame(*fields, numbers=numbers)

    def outcome(*given: Any) -> object:
        try:
            found = encode(signature, dict(zip("xy", given, strict=True)))["numbers"]
        except FieldError as error:
            return str(error)
        return found.dtype, found.shape, np.isnan(found).tolist(), np.nan_to_num(found).tobytes()

    quick = outcome(*(np.array(values, dtype=np.float64) for values in columns))
    assert quick == outcome(*(object_array(values) for values in columns))
