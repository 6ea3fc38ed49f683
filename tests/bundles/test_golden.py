import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from lading.bundles.canonical import canonical_json
from lading.bundles.golden import MOST_VALUES, Golden, GoldenFieldError, golden_of
from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.bundles.tensors.exact import exact_json, exact_rows, rows_from_exact
from lading.bundles.tensors.feeds import FieldError, encode
from lading.bundles.tensors.values import object_array

LABEL = Output(
    tensor=Tensor(name="label", dtype="string", shape=("n",)), meaning="label", classes=("a", "b"), class_type="string"
)
CHANCES = Output(tensor=Tensor(name="p", dtype="float32", shape=("n", 2)), meaning="probabilities", classes=("a", "b"))


def field(name: str, kind: Any, column: int, **rest: Any) -> Field:
    feed = Feed(input="texts", column=column, missing="nan") if kind in ("string", "category") else None
    return Field(name=name, type=kind, dtype=kind, feed=feed or Feed(input="numbers", column=column), **rest)


SIGNATURE = Signature(
    form="frame",
    fields=(
        field("mass", "number", 0, nullable=True),
        field("count", "integer", 1),
        field("wide", "integer", 2, nullable=True),
        field("tagged", "boolean", 3),
        field("sex", "string", 0, nullable=True),
        field("grade", "category", 1, category_type="number", categories=(1.0, 2.5)),
    ),
    inputs=(
        Tensor(name="numbers", dtype="float64", shape=("n", 4)),
        Tensor(name="texts", dtype="string", shape=("n", 2)),
    ),
    outputs=(LABEL, CHANCES),
)

COLUMNS = {
    "mass": np.array([1.0, np.nan, -0.0, np.inf]),
    "count": np.array([1, 2, 3, 4]),
    "wide": object_array([2**53, None, -(2**60) - 1, 0]),
    "tagged": np.array([1.0, 0.0, 1.0, 0.0]),
    "sex": object_array(["é", None, "", "nan"]),
    "grade": object_array([1.0, 2.5, 1.0, 2.5]),
}

OUTPUTS = {
    "label": object_array(["a", "b", "b", "a"]),
    "p": np.array([[0.1, 0.9], [np.nan, np.inf], [-np.inf, -0.0], [1e-45, 1.0]]),
}


def golden() -> Golden:
    return golden_of(SIGNATURE, COLUMNS, OUTPUTS, ("data", "data", "boundary", "boundary"))


def read_back(written: Golden) -> Golden:
    return Golden.model_validate_json(canonical_json(written))


def test_what_json_cannot_hold_is_text() -> None:
    fields, outputs = golden().fields, golden().outputs
    assert fields["mass"] == (1.0, None, "-0", "Infinity")
    assert fields["wide"] == (str(2**53), None, str(-(2**60) - 1), 0)
    assert fields["tagged"] == (True, False, True, False)
    assert outputs["p"] == ([0.1, 0.9], ["NaN", "Infinity"], ["-Infinity", "-0"], [1e-45, 1.0])


def test_rows_survive_being_written_bit_by_bit() -> None:
    again = read_back(golden())
    before, after = encode(SIGNATURE, COLUMNS), encode(SIGNATURE, again.columns(SIGNATURE))
    for name, tensor in before.items():
        assert after[name].dtype == tensor.dtype
        assert after[name].tolist() == tensor.tolist() or after[name].tobytes() == tensor.tobytes()
    expected = again.expected(SIGNATURE)
    assert expected["label"].tolist() == ["a", "b", "b", "a"]
    assert expected["p"].tobytes() == OUTPUTS["p"].astype(np.float32).tobytes()
    assert golden_of(SIGNATURE, again.columns(SIGNATURE), expected, again.origins) == golden()


def test_numbers_come_back_as_numeric_columns() -> None:
    kinds = {name: column.dtype.kind for name, column in read_back(golden()).columns(SIGNATURE).items()}
    assert kinds == {"mass": "f", "count": "i", "wide": "O", "tagged": "b", "sex": "O", "grade": "O"}


def test_records_are_what_a_client_sends() -> None:
    records = read_back(golden()).records(SIGNATURE)
    assert records[0] == {"mass": 1.0, "count": 1, "wide": 2**53, "tagged": True, "sex": "é", "grade": 1.0}
    assert records[1] == {"mass": None, "count": 2, "wide": None, "tagged": False, "sex": None, "grade": 2.5}
    assert len(records) == 3, "a row with an infinity cannot be sent as JSON"
    assert json.loads(json.dumps(records, allow_nan=False)) == records


def test_outputs_that_the_original_does_not_give_are_left_out() -> None:
    made = golden_of(SIGNATURE, COLUMNS, {"p": OUTPUTS["p"]}, ("data",) * 4)
    assert made.expected(SIGNATURE).keys() == {"p"}


def test_a_field_that_may_be_left_out_is_missing_in_every_row() -> None:
    given = {name: column for name, column in COLUMNS.items() if name != "sex"}
    assert golden_of(SIGNATURE, given, OUTPUTS, ("data",) * 4).fields["sex"] == (None,) * 4


def test_rows_that_a_client_could_not_send_are_no_golden_rows() -> None:
    with pytest.raises(FieldError, match="field 'count', row 1: is null"):
        golden_of(SIGNATURE, COLUMNS | {"count": np.array([1.0, np.nan, 3.0, 4.0])}, OUTPUTS, ("data",) * 4)


def test_every_column_must_have_every_row() -> None:
    with pytest.raises(ValidationError, match="'p' has 3 rows, expected 4"):
        golden_of(SIGNATURE, COLUMNS, OUTPUTS | {"p": OUTPUTS["p"][:3]}, ("data",) * 4)


def test_rows_of_another_signature_are_refused() -> None:
    signature = SIGNATURE.model_copy(update={"fields": (*SIGNATURE.fields, field("age", "number", 4))})
    for ask in (golden().columns, golden().records):
        with pytest.raises(GoldenFieldError, match="the golden rows hold no 'age'") as caught:
            ask(signature)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_tensors_keep_their_shape() -> None:
    image = Field(name="image", type="number", dtype="float32", shape=(2, 2), nullable=True, feed=Feed(input="image"))
    signature = Signature(
        form="tensors",
        fields=(image,),
        inputs=(Tensor(name="image", dtype="float32", shape=("n", 2, 2)),),
        outputs=(CHANCES,),
    )
    values = np.array([[[1, np.nan], [0.1, -0.0]]], dtype=np.float32)
    again = read_back(golden_of(signature, {"image": values}, {"p": np.zeros((1, 2))}, ("data",)))
    assert again.fields["image"] == ([[1.0, None], [float(np.float32(0.1)), "-0"]],)
    np.testing.assert_array_equal(encode(signature, again.columns(signature))["image"], values)
    assert again.records(signature) == [{"image": [[1.0, None], [float(np.float32(0.1)), 0.0]]}]


def test_a_tensor_of_nothing_keeps_its_shape() -> None:
    mask = Field(name="mask", type="boolean", dtype="bool", shape=("n", 0, 3), feed=Feed(input="mask"))
    tensor = Tensor(name="mask", dtype="bool", shape=("n", 0, 3))
    signature = Signature(
        form="whole", fields=(mask,), inputs=(tensor,), outputs=(Output(tensor=tensor, meaning="tensor"),)
    )
    values = np.zeros((2, 5, 0, 3), bool)
    again = read_back(golden_of(signature, {"mask": values}, {"mask": values}, ("data",) * 2))
    assert again.fields["mask"] == again.outputs["mask"] == ({"shape": [5, 0, 3]},) * 2
    for found in (encode(signature, again.columns(signature)), again.expected(signature)):
        assert found["mask"].dtype == bool
        assert found["mask"].shape == (2, 5, 0, 3)
    assert again.records(signature) == [{"mask": [[]] * 5}] * 2


def test_rows_too_large_to_be_shown_are_no_records() -> None:
    wide = Field(name="wide", type="number", dtype="float32", shape=(MOST_VALUES,), feed=Feed(input="wide"))
    tensor = Tensor(name="wide", dtype="float32", shape=(MOST_VALUES,))
    signature = Signature(
        form="whole", fields=(wide,), inputs=(tensor,), outputs=(Output(tensor=tensor, meaning="tensor"),)
    )
    values = np.zeros((1, MOST_VALUES))
    assert len(golden_of(signature, {"wide": values}, {}, ("data",)).records(signature)) == 1
    wider = wide.model_copy(update={"shape": (MOST_VALUES + 1,)})
    signature = signature.model_copy(update={"fields": (wider,)})
    assert golden_of(signature, {"wide": np.zeros((1, MOST_VALUES + 1))}, {}, ("data",)).records(signature) == []


NUMERIC = ["bool", "int8", "int64", "uint64", "float16", "float32", "float64"]


@pytest.mark.parametrize("dtype", NUMERIC)
@given(data=st.data())
def test_outputs_survive_json_to_the_bit(dtype: str, data: st.DataObject) -> None:
    values = data.draw(arrays(dtype, st.sampled_from([(3,), (2, 3), (2, 1, 2), (2, 0, 3), (1, 0)])))
    written = json.loads(json.dumps(exact_rows(values), allow_nan=False))
    again = rows_from_exact(written, dtype)
    assert (again.dtype, again.shape) == (values.dtype, values.shape)
    missing = values != values
    assert ((again != again) == missing).all()
    assert again[~missing].tobytes() == values[~missing].tobytes()


@given(st.integers(0, 2**32 - 1))
def test_the_shortest_decimals_of_a_float32_are_its_bits_again(bits: int) -> None:
    value = np.array([bits], dtype=np.uint32).view(np.float32)[0]
    written = exact_json(value)
    assert isinstance(written, str) or np.array([written], dtype=np.float32)[0] == value


def test_text_outputs_stay_text() -> None:
    values = np.array([["ab", ""], ["é", "NaN"]], dtype=object)
    assert rows_from_exact(exact_rows(values), "string").tolist() == values.tolist()


def test_a_coded_label_is_held_as_positions_in_the_classes() -> None:
    label = Output(
        tensor=Tensor(name="label", dtype="int64", shape=("rows",)),
        meaning="label",
        classes=(0.5, 1.5),
        class_type="number",
        coded=True,
    )
    signature = SIGNATURE.model_copy(update={"outputs": (label,)})
    golden = golden_of(signature, COLUMNS, {"label": np.array([1, 0, 0, 1])}, ["data"] * 4)
    assert golden.outputs["label"] == (1, 0, 0, 1)
    assert golden.expected(signature)["label"].tolist() == [1, 0, 0, 1]
