"""Pieces: what is read and written in pieces is what it would be in one, and so is every error."""

from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.runtime.errors import MalformedRequestError
from lading.runtime.protocols.body import parse
from lading.runtime.protocols.pieces import LARGE_BYTES, MARK, PIECE_BYTES, numbers_apart, put_back, rows_in_pieces

Ask = Callable[..., httpx.Response]

NUMBERS = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**53), 2**53), st.none())
LONG = 2 * PIECE_BYTES
"""A list whose text is longer is read in pieces."""


def repeated(values: list[Any]) -> list[Any]:
    """The values as often as it takes to fill some pieces."""
    return values * (3 * LONG // max(1, len(orjson.dumps(values)) - 2) + 1)


def apart(document: object, dump: Callable[[object], bytes] = orjson.dumps) -> tuple[Any, list[Any]]:
    """The document without its numbers, and they."""
    text, found = numbers_apart(dump(document))
    return parse(text), found


@settings(max_examples=40, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_numbers_are_those_of_the_list(values: list[Any]) -> None:
    many = repeated(values)
    document, (numbers,) = apart({"id": "x", "data": many, "after": [1, "data"]})
    assert document == {"id": "x", "data": f"{MARK}0", "after": [1, "data"]}
    assert numbers.width is None
    assert [None if value != value else value for value in numbers.values.tolist()] == many


@settings(max_examples=40, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=5), st.integers(1, 4))
def test_numbers_in_lists_of_one_length_are_flat(values: list[Any], width: int) -> None:
    rows = [[value] * width for value in repeated(values)]
    _, (numbers,) = apart({"data": rows})
    assert numbers.width == width
    expected = np.array(rows, np.float64)
    assert np.array_equal(numbers.values.reshape(-1, width), expected, equal_nan=True)


def test_integers_stay_integers_up_to_64_bits() -> None:
    many = repeated([2**62 + 1, -5])
    _, (numbers,) = apart({"data": many})
    assert numbers.values.dtype == np.int64
    assert numbers.values.tolist() == many


def test_several_lists_are_each_found() -> None:
    tensors = [{"data": repeated([n, n + 0.5])} for n in range(3)]
    document, found = apart({"inputs": [*tensors, {"data": [1, 2]}]})
    assert put_back(document["inputs"], found)
    assert [tensor["data"].values[0] for tensor in document["inputs"][:3]] == [0, 1, 2]
    assert document["inputs"][3] == {"data": [1, 2]}


def test_lists_that_are_no_tensors_data_do_not_find_their_place() -> None:
    document, found = apart({"inputs": [{"parameters": {"data": repeated([1])}}]})
    assert not put_back(document["inputs"], found)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["a"], id="texts"),
        pytest.param([True], id="truths"),
        pytest.param([1, "], ["], id="brackets in a text"),
        pytest.param([[1, 2], [3]], id="ragged"),
        pytest.param([[1, 2], 3], id="lists and numbers"),
        pytest.param([[[1, 2]], [[3, 4]]], id="three deep"),
        pytest.param([[1, "a"]], id="a text in a list"),
        pytest.param([2**64 - 1], id="unsigned"),
        pytest.param([{"a": 1}], id="objects"),
    ],
)
def test_what_is_no_list_of_numbers_stays_where_it_is(values: list[Any]) -> None:
    document = {"inputs": [{"data": repeated(values)}], "x": '"data": [1'}
    found, numbers = apart(document)
    assert (found, numbers) == (document, [])


@pytest.mark.parametrize(
    "wrong",
    [b",,", b",", b",]", b"[", b'"', b",NaN", b",18446744073709551616", b",1e999", b",1]]", b"}", b",01", b" 1"],
)
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("where", [0.3, 1.0])
def test_what_is_no_json_is_refused_as_it_would_be_whole(nested: bool, where: float, wrong: bytes, ask: Ask) -> None:
    values: list[Any] = [[1.25, 2, 3, 4]] if nested else [1.25, 2, 3, 4]
    body = infer(repeated_to(values, LARGE_BYTES))
    cut = body.find(b",", int(len(body) * 0.9 * where))
    response = ask("/v2/models/cells/infer", body[:cut] + wrong + body[cut:])
    with pytest.raises(MalformedRequestError) as expected:
        parse(body[:cut] + wrong + body[cut:])
    assert (response.status_code, response.json()["error"]) == (400, str(expected.value))


def repeated_to(values: list[Any], size: int) -> list[Any]:
    """The values as often as it takes to fill ``size`` bytes."""
    return values * (size // (len(orjson.dumps(values)) - 2) + 1)


def infer(data: list[Any]) -> bytes:
    """A V2 request for ``cells``."""
    rows = len(data) if isinstance(data[0], list) else len(data) // 4
    return orjson.dumps({"inputs": [{"name": "X", "shape": [rows, 4], "datatype": "FP32", "data": data}]})


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("values", [[0.1, -2, 3, 1e-3], [1, 2, 3, 4]], ids=["floats", "integers"])
def test_a_large_request_is_answered_like_small_ones(nested: bool, values: list[Any], ask: Ask) -> None:
    row = [values] if nested else values
    large = ask("/v2/models/cells/infer", infer(repeated_to(row, LARGE_BYTES))).json()
    small = ask("/v2/models/cells/infer", infer(row)).json()
    (output,) = large["outputs"]
    assert output["shape"][0] == len(output["data"]) > 50_000
    assert set(output["data"]) == set(small["outputs"][0]["data"])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param({"datatype": "FP64"}, "has datatype", id="datatype"),
        pytest.param({"shape": [7, 4]}, "its shape", id="shape"),
        pytest.param({"name": "Y"}, "there is no input", id="name"),
        pytest.param({"parameters": {"content_type": "base64"}}, "base64", id="parameters"),
    ],
)
def test_errors_are_those_of_a_small_request(change: dict[str, Any], problem: str, ask: Ask) -> None:
    def asked(data: list[Any]) -> httpx.Response:
        document = orjson.loads(infer(data))
        document["inputs"][0] |= change
        return ask("/v2/models/cells/infer", document)

    large = asked(repeated_to([1, 2, 3, 4], LARGE_BYTES))
    assert large.status_code == 400
    assert problem in large.json()["error"]


def test_a_name_given_twice_is_found_beside_many_numbers(ask: Ask) -> None:
    body = infer(repeated_to([1, 2, 3, 4], LARGE_BYTES))
    twice = body.replace(b'"datatype"', b'"shape":[1,4],"datatype"')
    response = ask("/v2/models/cells/infer", twice)
    assert (response.status_code, response.json()["error"]) == (
        400,
        '"shape" is given twice at "inputs[0]"; give it once',
    )


ROW = {"x0": 1.5, "x1": 2, "x2": 3, "x3": 4}


def test_many_rows_are_answered_like_few(ask: Ask) -> None:
    rows = repeated_to([ROW, {**ROW, "x0": -7}], LARGE_BYTES)
    found, few = ask("/models/cells/predict", rows).json(), ask("/models/cells/predict", rows[:2]).json()
    assert found == few * (len(rows) // 2)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({**ROW, "x1": "},{"}, id="a text that looks like a cut"),
        pytest.param({**ROW, "x1": None}, id="missing"),
        pytest.param({**ROW, "more": 1}, id="an extra field"),
        pytest.param([1], id="no object"),
    ],
)
def test_errors_of_many_rows_name_the_row(wrong: object, ask: Ask) -> None:
    rows: list[Any] = repeated_to([ROW], LARGE_BYTES)
    rows[len(rows) // 2] = wrong
    large, small = ask("/models/cells/predict", rows), ask("/models/cells/predict", [wrong])
    place = {"row": len(rows) // 2}
    words = small.json()["error"].replace("row 0", f"row {place['row']}")
    assert (large.status_code, large.json()) == (400, {**small.json(), **place, "error": words})


@settings(max_examples=30, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=4), st.one_of(NUMBERS, st.text(max_size=6))), min_size=1, max_size=8))
def test_pieces_are_the_rows_or_no_json(rows: list[dict[str, Any]]) -> None:
    many = repeated(rows)
    found: list[Any] = []
    try:
        for piece in rows_in_pieces(orjson.dumps(many)):
            found += parse(piece)
    except MalformedRequestError:
        assert b"}," in b"".join(orjson.dumps(text) for row in rows for text in (*row, *row.values()))
    else:
        assert found == many
