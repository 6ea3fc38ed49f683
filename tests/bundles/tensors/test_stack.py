"""Columns of numbers become a matrix all at once as they do one by one, and what is refused is refused alike."""

from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.bundles.tensors.feeds import Encoder, FieldError
from lading.bundles.tensors.rules import Rule
from lading.bundles.tensors.stack import Stack

KINDS = ("number", "integer", "boolean")
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    0.5,
    2.0**53,
    2.0**53 + 2,
    -(2.0**63),
    1e300,
    1e-50,
    float("inf"),
    float("-inf"),
    float("nan"),
]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "float64": st.sampled_from(SPECIAL) | st.floats(),
    "float32": st.sampled_from([0.0, 1.0, 0.5, float("inf"), float("nan")]) | st.floats(width=32),
    "int64": st.sampled_from([0, 1, -1, 2**53, 2**53 + 1, -(2**63), 2**63 - 1]) | st.integers(-9, 9),
    "bool": st.booleans(),
}

Columns = dict[str, np.ndarray[Any, Any]]


def signature(kinds: list[tuple[Any, bool]], dtype: Any) -> Signature:
    """A matrix of fields of these kinds, each with whether it may be missing."""
    fields = tuple(
        Field(name=f"f{index}", type=kind, dtype=kind, nullable=nullable, feed=Feed(input="X", column=index))
        for index, (kind, nullable) in enumerate(kinds)
    )
    output = Output(tensor=Tensor(name="y", dtype=dtype, shape=("N", len(kinds))), meaning="tensor")
    inputs = (Tensor(name="X", dtype=dtype, shape=("N", len(kinds))),)
    return Signature(form="frame", fields=fields, inputs=inputs, outputs=(output,))


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Signature, Columns]:
    kinds = draw(st.lists(st.tuples(st.sampled_from(KINDS), st.booleans()), min_size=1, max_size=4))
    rows = draw(st.integers(0, 3))
    columns = {}
    for index in range(len(kinds)):
        dtype = draw(st.sampled_from(sorted(VALUES)))
        columns[f"f{index}"] = draw(arrays.arrays(dtype, rows, elements=VALUES[dtype]))
    return signature(kinds, draw(st.sampled_from(["float32", "float64"]))), columns


def encoded(asked: Signature, columns: Columns) -> Any:
    """The matrix, or the field and the row that are refused."""
    try:
        return Encoder(asked).encode(columns)["X"]
    except FieldError as error:
        return error.field, error.row


SIGNALLING = np.array([0x7FA00000], dtype=np.uint32).view(np.float32)
"""A NaN that a processor reports when it is made a double."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
def test_a_signalling_nan_is_a_missing_value_as_others_are(kind: str, dtype: str, at_once: bool) -> None:
    columns = {"f0": SIGNALLING, "f1": np.array([1.0])}
    with mock.patch.object(Stack, "takes", return_value=at_once):
        assert np.isnan(encoded(signature([(kind, True), (kind, True)], dtype), columns)[0]).tolist() == [True, False]
        assert encoded(signature([(kind, False), (kind, True)], dtype), columns) == ("f0", 0)


@given(matrices())
def test_a_matrix_is_made_at_once_as_it_is_one_by_one(drawn: tuple[Signature, Columns]) -> None:
    asked, columns = drawn
    found = encoded(asked, columns)
    with mock.patch.object(Stack, "takes", return_value=False):
        expected = encoded(asked, columns)
    if isinstance(expected, tuple):
        assert found == expected
    else:
        assert (found.dtype, found.shape, found.tobytes()) == (expected.dtype, expected.shape, expected.tobytes())
        assert found.flags.c_contiguous


def rules(*kinds: tuple[Any, bool]) -> list[Rule]:
    return [Rule(field, False) for field in signature(list(kinds), "float32").fields]


@pytest.mark.parametrize(
    ("kind", "column", "fits"),
    [
        ("number", [0.5, np.inf], True),
        ("number", [1, 2**53], False),
        ("number", [1e300, 0], False),
        ("number", [np.nan, 0], False),
        ("number", [True, False], False),
        ("integer", [1.0, -3.0], True),
        ("integer", [1.5, 0], False),
        ("integer", [7, 8], True),
        ("boolean", [1.0, 0.0], True),
        ("boolean", [True, False], True),
        ("boolean", [2.0, 0.0], False),
        ("boolean", [1, 0], False),
    ],
)
def test_what_has_to_be_looked_at_is_left_to_the_rules(kind: str, column: list[Any], fits: bool) -> None:
    assert (Stack(rules((kind, False)), "float32").matrix([np.array(column)]) is not None) is fits


def test_what_may_be_missing_may_be_missing() -> None:
    stack = Stack(rules(("number", True), ("number", False)), "float32")
    gone, there = np.array([np.nan, 1]), np.array([1.0, np.inf])
    np.testing.assert_array_equal(stack.matrix([gone, there]), np.array([[np.nan, 1], [1, np.inf]], np.float32))
    assert stack.matrix([there, gone]) is None


def test_text_lists_and_closed_categories_are_not_stacked() -> None:
    closed = Field(
        name="c", type="category", dtype="int64", category_type="integer", categories=(1, 2), unknown="refuse"
    )
    text = Field(name="t", type="string", dtype="str")
    shaped = Field(name="s", type="number", dtype="float64", shape=(2,))
    for field in (closed, text, shaped):
        assert not Stack.takes([Rule(field, False)], "float32")
    assert not Stack.takes(rules(("number", False)), "int64")
    assert Stack.takes(rules(("number", False)), "float64")
