import math
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.bundles.tensors.feeds import Encoder, FieldError, encode
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


PENGUINS = frame(
    field("mass", "number", nullable=True, feed=number(1)),
    field("year", "integer", feed=number(0)),
    field("tagged", "boolean", feed=number(2)),
    field("island", "category", categories=("Biscoe", "Dream"), category_type="string", unknown="refuse", feed=text(0)),
    field("sex", "string", nullable=True, feed=text(1)),
    field("note", "string"),
)

ROW: dict[str, object] = {"mass": 3750.5, "year": 2007, "tagged": True, "island": "Biscoe", "sex": "male", "note": "x"}


def objects(*values: object) -> Any:
    return object_array(values)


def columns(rows: Sequence[Mapping[str, object]]) -> dict[str, Any]:
    return {name: objects(*(row[name] for row in rows)) for name in rows[0]}


def equal(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return first.keys() == second.keys() and all(
        first[name].dtype == second[name].dtype and first[name].tolist() == second[name].tolist() for name in first
    )


def test_fields_go_where_their_feeds_say() -> None:
    tensors = Encoder(PENGUINS).encode_rows([ROW, {**ROW, "mass": None, "sex": None, "tagged": False}])
    np.testing.assert_array_equal(tensors["numbers"], [[2007, 3750.5, 1], [2007, np.nan, 0]])
    assert tensors["numbers"].dtype == np.float64
    assert tensors["texts"].tolist() == [["Biscoe", "male"], ["Biscoe", "nan"]]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({**ROW, "year": 2007.0}, id="a whole float is an integer"),
        pytest.param({**ROW, "mass": np.float32(3750.5), "tagged": np.True_}, id="NumPy's scalars"),
        pytest.param({name: value for name, value in ROW.items() if name != "note"}, id="an unused field left out"),
        pytest.param({**ROW, "note": None}, id="an unused field that is null"),
        pytest.param({**ROW, "sex": np.str_("male")}, id="NumPy's text"),
    ],
)
def test_other_ways_to_say_the_same(row: dict[str, object]) -> None:
    encoder = Encoder(PENGUINS)
    assert equal(encoder.encode_rows([row]), encoder.encode_rows([ROW]))
    assert equal(encoder.encode(columns([row])), encoder.encode_rows([ROW]))


def test_numeric_columns_and_object_columns_give_the_same_tensors() -> None:
    given = {
        "mass": np.array([np.nan, 1.5]),
        "year": np.array([2007.0, 2008.0]),
        "tagged": np.array([1, 0], dtype=np.uint8),
        "island": np.array(["Dream", "Biscoe"]),
        "sex": objects(math.nan, "male"),
        "note": objects("", "y"),
    }
    rows: list[dict[str, object]] = [
        {"mass": None, "year": 2007, "tagged": True, "island": "Dream", "sex": None, "note": ""},
        {"mass": 1.5, "year": 2008, "tagged": False, "island": "Biscoe", "sex": "male", "note": "y"},
    ]
    found, expected = encode(PENGUINS, given), Encoder(PENGUINS).encode_rows(rows)
    np.testing.assert_array_equal(found["numbers"], expected["numbers"])
    assert found["texts"].tolist() == expected["texts"].tolist()


KEYS = frame(
    field("rooms", "integer", default=0, feed=number(0)),
    field("new", "boolean", default=False, feed=number(1)),
    field("size", "number", default=0, nullable=True, feed=number(2)),
    field("city", "string", nullable=True, feed=text(0)),
)


def test_a_field_that_is_left_out_is_its_default() -> None:
    encoder = Encoder(KEYS)
    tensors = encoder.encode_rows([{}, {"rooms": 2, "size": None}, {"rooms": 1, "new": True, "size": 2.5, "city": "x"}])
    np.testing.assert_array_equal(tensors["numbers"], [[0, 0, 0], [2, 0, np.nan], [1, 1, 2.5]])
    assert tensors["texts"].tolist() == [["nan"], ["nan"], ["x"]]
    columns = encoder.encode({"rooms": np.array([2, 3])})
    np.testing.assert_array_equal(columns["numbers"], [[2, 0, 0], [3, 0, 0]])


def test_null_is_no_default() -> None:
    with pytest.raises(FieldError, match=r"'new', row 0: is null.*, or leave the field out, which is false"):
        Encoder(KEYS).encode_rows([{"new": None}])


@pytest.mark.parametrize(
    ("changes", "name", "problem"),
    [
        pytest.param({"mass": "3750"}, "mass", "expected a number, found '3750'", id="text for a number"),
        pytest.param({"mass": True}, "mass", "expected a number, found true", id="true is no number"),
        pytest.param({"mass": [1.0]}, "mass", "expected a number, found [1.0]", id="a list"),
        pytest.param({"mass": 10**400}, "mass", "an integer of more than 19 digits", id="beyond a double"),
        pytest.param({"year": 2007.5}, "year", "expected an integer, found 2007.5", id="half an integer"),
        pytest.param({"year": math.inf}, "year", "expected an integer, found inf", id="infinity is no integer"),
        pytest.param({"year": 2**64}, "year", "an integer of more than 19 digits", id="beyond 64 bits"),
        pytest.param({"year": None}, "year", "is null", id="null where none was"),
        pytest.param({"year": math.nan}, "year", "is null", id="NaN where none was"),
        pytest.param({"mass": np.zeros(2)}, "mass", "expected a number, found array([0., 0.])", id="an array"),
        pytest.param({"mass": pd.NA}, "mass", "expected a number, found <NA>", id="another library's nothing"),
        pytest.param({"tagged": 1}, "tagged", "expected true or false, found 1", id="one for true"),
        pytest.param(
            {"island": "Torgersen"}, "island", "'Torgersen' is unknown; known are 'Biscoe', 'Dream'", id="unknown"
        ),
        pytest.param({"island": None}, "island", "is null", id="null category"),
        pytest.param({"island": 5}, "island", "expected text, found 5", id="a number for text"),
        pytest.param({"sex": False}, "sex", "expected text, found false", id="false for text"),
        pytest.param({"sex": "m" * 99, "mass": "m" * 99}, "mass", "m" * 60, id="a long value is cut"),
        pytest.param({"note": 7}, "note", "expected text, found 7", id="an unused field is checked too"),
        pytest.param({"weight": 1}, "weight", "no such field; leave it out, the fields are 'mass', 'year'", id="extra"),
    ],
)
def test_a_problem_names_the_field_and_the_row(changes: dict[str, object], name: str, problem: str) -> None:
    with pytest.raises(FieldError) as caught:
        Encoder(PENGUINS).encode_rows([ROW, {**ROW, **changes}])
    assert (caught.value.field, caught.value.row) == (name, 1)
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 200
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("row", "name", "problem"),
    [
        pytest.param({"year": None}, "year", "is not there; send an integer", id="missing"),
        pytest.param({"year": None, "yaer": 1}, "yaer", "did you mean 'year'?", id="misspelt"),
        pytest.param({"mass": None, "mas": 1}, "mas", "did you mean 'mass'?", id="misspelt where it may be left out"),
    ],
)
def test_a_field_that_is_not_there(row: dict[str, object], name: str, problem: str) -> None:
    given = {key: value for key, value in {**ROW, **row}.items() if value is not None}
    with pytest.raises(FieldError) as caught:
        Encoder(PENGUINS).encode_rows([ROW, given])
    with pytest.raises(FieldError) as without_row:
        encode(PENGUINS, columns([given]))
    assert (caught.value.row, without_row.value.row) == (1, None)
    for error in (caught.value, without_row.value):
        assert error.field == name
        assert problem in error.problem


def test_extra_fields_pass_when_they_are_allowed() -> None:
    given = {**ROW, "weight": 1}
    encoder = Encoder(PENGUINS)
    assert equal(encoder.encode_rows([given], allow_extra=True), encoder.encode_rows([ROW]))
    assert equal(encoder.encode(columns([given]), allow_extra=True), encoder.encode_rows([ROW]))


def test_a_nullable_column_may_be_left_out() -> None:
    given = columns([ROW])
    del given["mass"], given["sex"], given["note"]
    tensors = encode(PENGUINS, given)
    assert np.isnan(tensors["numbers"][0, 1])
    assert tensors["texts"].tolist() == [["Biscoe", "nan"]]


def test_zero_rows_are_empty_tensors() -> None:
    for tensors in (Encoder(PENGUINS).encode_rows([]), encode(PENGUINS, {name: objects() for name in ROW})):
        assert {name: tensor.shape for name, tensor in tensors.items()} == {"numbers": (0, 3), "texts": (0, 2)}


def test_nothing_given_for_fields_that_may_all_be_missing_is_zero_rows() -> None:
    assert encode(frame(field("x", "number", nullable=True, feed=number(0))), {})["numbers"].shape == (0, 1)


def test_ragged_columns_are_refused() -> None:
    with pytest.raises(FieldError, match="field 'year': has 1 rows, the fields before it have 2"):
        encode(PENGUINS, columns([ROW, ROW]) | {"year": np.array([2007])})


@pytest.mark.parametrize(
    ("kind", "values", "row"),
    [
        pytest.param("number", np.array([True]), 0, id="booleans are no numbers"),
        pytest.param("number", np.array(["1"]), 0, id="text"),
        pytest.param("integer", np.array([1.0, 1.5]), 1, id="fraction"),
        pytest.param("integer", np.array([1.0, np.inf]), 1, id="infinity"),
        pytest.param("integer", np.array([1.0, -1e19]), 1, id="beyond 64 bits"),
        pytest.param("boolean", np.array([0.0, 1.0, 2.0]), 2, id="two is no boolean"),
        pytest.param("integer", np.array([1.0, np.nan]), 1, id="NaN where nothing was missing"),
        pytest.param("string", np.array([1, 2]), 0, id="numbers for text"),
    ],
)
def test_columns_of_a_wrong_type(kind: str, values: Any, row: int) -> None:
    signature = frame(field("x", kind, feed=text(0) if kind == "string" else number(0)))
    with pytest.raises(FieldError) as caught:
        encode(signature, {"x": values})
    assert caught.value.row == row


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        pytest.param("boolean", np.array([1.0, 0.0, np.nan]), ["True", "False", "nan"], id="booleans"),
        pytest.param("boolean", objects(True, None), ["True", "nan"], id="booleans with null"),
        pytest.param("integer", np.array([7.0, np.nan]), ["7", "nan"], id="integers as floats"),
        pytest.param("integer", np.array([2**63], dtype=np.uint64), [str(2**63)], id="large integers"),
        pytest.param("integer", objects(2**60 + 1, None), [str(2**60 + 1), "nan"], id="large integers with null"),
        pytest.param("integer", objects(2**63, -1), [str(2**63), "-1"], id="too large for signed and unsigned"),
        pytest.param("number", np.array([1.0, 0.1, np.inf]), ["1.0", "0.1", "inf"], id="numbers"),
        pytest.param("number", objects(1, None), ["1.0", "nan"], id="an integer is written as a number"),
        pytest.param("string", objects("", None, "é"), ["", "nan", "é"], id="text"),
        pytest.param("datetime", objects("2020-01-02", None), ["2020-01-02", "nan"], id="date"),
        pytest.param(
            "datetime", np.array(["2020-01-02", "NaT"], dtype="M8[D]"), ["2020-01-02", "nan"], id="NumPy's dates"
        ),
    ],
)
def test_what_enters_a_string_tensor_is_the_values_text(kind: str, values: Any, expected: list[str]) -> None:
    found = encode(frame(field("x", kind, nullable=True, feed=text(0))), {"x": values})["texts"]
    assert found.tolist() == [[value] for value in expected]
    assert all(type(value) is str for value in found.ravel())


def test_a_category_of_numbers_is_written_as_its_type_says() -> None:
    one = field("x", "category", categories=(1, 2), category_type="number", unknown="refuse", feed=text(0))
    assert Encoder(frame(one)).encode_rows([{"x": 1}, {"x": 2.0}])["texts"].tolist() == [["1.0"], ["2.0"]]
    with pytest.raises(FieldError, match=r"row 0: 3.0 is unknown; known are 1.0, 2.0"):
        Encoder(frame(one)).encode_rows([{"x": 3}])


def test_numbers_may_be_refused_by_their_categories_too() -> None:
    one = field("x", "integer", categories=tuple(range(12)), unknown="refuse", nullable=True, feed=number(0))
    assert encode(frame(one), {"x": np.array([3.0, np.nan])})["numbers"][0] == 3
    with pytest.raises(FieldError, match=r"row 1: 12.0 is unknown; known are 0, .* and 2 more"):
        encode(frame(one), {"x": np.array([3.0, 12.0])})


def test_categories_without_a_list_are_all_known() -> None:
    one = field("x", "category", unknown="refuse", feed=text(0))
    assert encode(frame(one), {"x": objects("anything")})["texts"].tolist() == [["anything"]]


def test_a_date_must_be_one() -> None:
    one = frame(field("x", "number", feed=number(0)), field("day", "datetime"))
    assert Encoder(one).encode_rows([{"x": 1, "day": "2020-01-02T03:04:05+00:00"}])["numbers"].tolist() == [[1.0]]
    with pytest.raises(
        FieldError, match="field 'day', row 0: expected a date and time as ISO 8601 writes it, found 'soon'"
    ):
        Encoder(one).encode_rows([{"x": 1, "day": "soon"}])


VALUES: dict[str, st.SearchStrategy[object]] = {
    "number": st.one_of(st.floats(allow_nan=False), st.integers(-(2**60), 2**60)),
    "integer": st.integers(-(2**53), 2**53),
    "boolean": st.booleans(),
    "string": st.text(max_size=3),
}


@st.composite
def signatures_with_rows(draw: st.DrawFn) -> tuple[Signature, list[dict[str, object]]]:
    kinds = draw(st.lists(st.tuples(st.sampled_from(sorted(VALUES)), st.booleans()), min_size=1, max_size=5))
    fields: list[Field] = []
    for kind, nullable in kinds:
        name = "texts" if kind == "string" else "numbers"
        place = sum(one.feed is not None and one.feed.input == name for one in fields)
        feed = Feed(input=name, column=place, missing="nan" if kind == "string" else None)
        fields.append(field(f"f{len(fields)}", kind, nullable=nullable, feed=feed))
    row = st.fixed_dictionaries(
        {one.name: st.one_of(st.none(), VALUES[one.type]) if one.nullable else VALUES[one.type] for one in fields}
    )
    return frame(*fields), draw(st.lists(row, max_size=5))


@given(signatures_with_rows())
def test_rows_and_columns_give_the_same_tensors(case: tuple[Signature, list[dict[str, object]]]) -> None:
    signature, rows = case
    by_column = {one.name: objects(*(row[one.name] for row in rows)) for one in signature.fields}
    together, encoder = encode(signature, by_column), Encoder(signature)
    found = encoder.encode_rows(rows)
    assert found.keys() == together.keys()
    for name, tensor in found.items():
        assert tensor.dtype == together[name].dtype
        np.testing.assert_array_equal(tensor, together[name])
    for number_, row in enumerate(rows):
        for name, tensor in encoder.encode_rows([row]).items():
            np.testing.assert_array_equal(tensor[0], found[name][number_])


def test_a_server_needs_no_table_library() -> None:
    program = (
        "import sys\n"
        "import lading.bundles.tensors.comparing, lading.bundles.tensors.feeds, lading.bundles.golden, lading.bundles.session\n"
        "print(*{'pandas', 'polars', 'pyarrow', 'onnx', 'sklearn'} & sys.modules.keys())"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert found.stdout.strip() == ""
