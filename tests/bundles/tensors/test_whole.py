"""The form whole: tensors as the graph takes them, none of whose extents counts rows; a row is a call."""

from typing import Any

import numpy as np
import pytest

from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.bundles.tensors.feeds import Encoder, FieldError, encode
from lading.bundles.tensors.values import ALIGNMENT, SOONER_COPIED, aligned


def whole(**tensors: tuple[Any, tuple[int | str, ...]]) -> Signature:
    """A signature of tensors by name, each of an element type and a shape."""
    kinds: dict[str, Any] = {"f": "number", "i": "integer", "u": "integer", "b": "boolean", "s": "string"}
    inputs = tuple(Tensor(name=name, dtype=dtype, shape=shape) for name, (dtype, shape) in tensors.items())
    fields = tuple(
        Field(
            name=tensor.name,
            type=kinds[tensor.dtype[0]],
            dtype=tensor.dtype,
            nullable=tensor.dtype.startswith("f"),
            shape=tensor.shape,
            feed=Feed(input=tensor.name),
        )
        for tensor in inputs
    )
    return Signature(form="whole", fields=fields, inputs=inputs, outputs=(Output(tensor=inputs[0], meaning="tensor"),))


OPEN = whole(x=("float32", ("n", 3)), k=("int64", ()))


def test_each_call_is_a_row_of_what_the_graph_takes() -> None:
    found = Encoder(OPEN).encode_rows([{"x": [[1, None, 3]], "k": 7}])
    assert (found["x"].shape, found["k"].shape) == ((1, 1, 3), (1,))
    np.testing.assert_array_equal(found["x"], [[[1, np.nan, 3]]])
    again = encode(OPEN, {"x": np.ones((2, 5, 3), np.float32), "k": np.array([1, 2])})
    assert (again["x"].shape, again["k"].tolist()) == ((2, 5, 3), [1, 2])


@pytest.mark.parametrize(
    ("shape", "value", "extents"),
    [
        pytest.param(("n", 3), [], (0, 3), id="no list says what it would hold"),
        pytest.param((2, 0, 4), [[], []], (2, 0, 4), id="nothing inside"),
        pytest.param(("n", "m"), [], (0, 0), id="open extents of nothing are nothing"),
    ],
)
def test_an_empty_list_has_the_extents_of_the_tensor(
    shape: tuple[int | str, ...], value: object, extents: tuple[int, ...]
) -> None:
    assert Encoder(whole(x=("float32", shape))).encode_rows([{"x": value}])["x"].shape == (1, *extents)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        pytest.param({"x": [[1, 2, 3]]}, "field 'k', row 0: is not there; send an integer", id="an input left out"),
        pytest.param(
            {"k": 1}, "field 'x', row 0: is not there; send a number", id="a tensor that may hold NaN left out"
        ),
        pytest.param({"x": None, "k": 1}, "field 'x', row 0: is null; send n by 3 values", id="null for a tensor"),
        pytest.param({"x": [[1, 2]], "k": 1}, "expected n by 3 values, found 1 by 2 values", id="a closed extent"),
        pytest.param({"x": [1, 2, 3], "k": 1}, "expected n by 3 values, found 3 values", id="rank counts"),
        pytest.param({"x": [[1, 2, 3], [4]], "k": 1}, "expected n by 3 values, found 2 values", id="ragged"),
        pytest.param({"x": [[1, 2, "3"]], "k": 1}, "row 0: expected a number, found '3'", id="text"),
        pytest.param({"x": [[1, 2, 1e39]], "k": 1}, "1e+39 does not fit into float32", id="too large"),
        pytest.param({"x": [[1, 2, 3]], "k": None}, "field 'k', row 0: is null", id="null for an integer"),
    ],
)
def test_a_wrong_call_names_the_tensor(call: dict[str, object], problem: str) -> None:
    with pytest.raises(FieldError) as caught:
        Encoder(OPEN).encode_rows([call])
    assert problem in str(caught.value)


def test_calls_of_one_request_have_one_shape() -> None:
    calls = [{"x": [[1, 2, 3]], "k": 1}, {"x": [[1, 2, 3], [4, 5, 6]], "k": 2}]
    with pytest.raises(FieldError, match="row 1: has 2 by 3 values, row 0 has 1 by 3 values; send each in its own"):
        Encoder(OPEN).encode_rows(calls)


def test_the_row_of_a_wrong_value_is_counted_by_the_shape_that_came() -> None:
    values = np.zeros((3, 4, 3))
    values[2, 0, 1] = 1e39
    with pytest.raises(FieldError, match="field 'x', row 2: 1e\\+39"):
        encode(OPEN, {"x": values, "k": np.zeros(3, int)})


@pytest.mark.parametrize("count", [5, SOONER_COPIED])
@pytest.mark.parametrize("offset", [0, 4, 8, 16])
def test_numbers_lie_where_the_bits_of_an_answer_do_not_depend_on_it(count: int, offset: int) -> None:
    room = np.zeros(4 * count + 2 * ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT + offset
    values = room[start : start + 4 * count].view(np.float32)
    values[:] = np.arange(count)
    found = aligned(values)
    assert found.ctypes.data % ALIGNMENT == 0
    np.testing.assert_array_equal(found, values)
    assert (found is values) is (count == SOONER_COPIED and offset % ALIGNMENT == 0)
