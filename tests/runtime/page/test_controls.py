"""The control for each kind of field."""

import json

import pytest
from pydantic import JsonValue

from lading.bundles.profile import Profile
from lading.bundles.signature import Field, Output, Range, Signature, Tensor
from lading.runtime.page.controls import Control, controls, texts


def control(**facts: object) -> Control:
    field = Field.model_validate({"name": "x", "type": "number", "dtype": "f", **facts})
    tensor = Tensor(name="X", dtype="float32", shape=("N", 1))
    output = Output(tensor=tensor, meaning="value")
    signature = Signature(form="array", fields=(field,), inputs=(tensor,), outputs=(output,))
    return controls(signature, Profile(rows=1, columns=()))[0]


@pytest.mark.parametrize(
    ("facts", "kind", "hint"),
    [
        pytest.param({"range": Range(minimum=1, maximum=2)}, "number", "1 to 2 seen", id="a number"),
        pytest.param({"type": "integer", "nullable": True}, "number", "whole number, may be empty", id="an integer"),
        pytest.param({"default": 0}, "number", "0 when empty", id="a number that may be left out"),
        pytest.param({"type": "string"}, "text", "", id="text"),
        pytest.param({"type": "boolean"}, "checkbox", "", id="a boolean"),
        pytest.param({"type": "boolean", "nullable": True}, "choice", "", id="a boolean that may be missing"),
        pytest.param(
            {"type": "category", "categories": ("a",), "unknown": "refuse"}, "choice", "", id="closed categories"
        ),
        pytest.param({"type": "category", "categories": ("a",)}, "suggestion", "", id="open categories"),
        pytest.param({"type": "category"}, "text", "", id="categories that are too many"),
        pytest.param({"shape": (2, 3)}, "json", "JSON of shape 2 by 3", id="a tensor"),
        pytest.param({"type": "datetime"}, "text", "date or time, as 2024-05-31T12:00:00", id="a moment"),
    ],
)
def test_each_kind_of_field_has_its_control(facts: dict[str, object], kind: str, hint: str) -> None:
    found = control(**facts)
    assert (found.kind, found.hint) == (kind, hint)


@pytest.mark.parametrize(
    ("facts", "value", "text"),
    [
        pytest.param({}, 40.9, "40.9", id="a number"),
        pytest.param({}, 187.0, "187", id="a whole one"),
        pytest.param({}, 1e300, "1e+300", id="a huge one"),
        pytest.param({"type": "integer"}, 9007199254740993, "9007199254740993", id="beyond a double"),
        pytest.param({}, None, "", id="missing"),
        pytest.param({"type": "string"}, 'a "b"', 'a "b"', id="text"),
        pytest.param({"type": "boolean"}, True, "true", id="true"),
        pytest.param(
            {"type": "category", "categories": ("a",), "unknown": "refuse"}, "a", '"a"', id="a choice is JSON"
        ),
        pytest.param({"shape": (2,)}, [1.5, 2], "[1.5, 2]", id="a tensor"),
    ],
)
def test_the_text_of_a_value(facts: dict[str, object], value: JsonValue, text: str) -> None:
    assert control(**facts).text(value) == text


def test_the_json_of_a_choice_keeps_its_type() -> None:
    found = control(type="category", categories=(1, "1", True, 2.5), unknown="refuse")
    assert [json.loads(option.json) for option in found.options] == [1, "1", True, 2.5]


@pytest.mark.parametrize(
    ("low", "keyboard"), [pytest.param(0, "decimal", id="no minus needed"), pytest.param(-1, "text", id="a minus sign")]
)
def test_the_keyboard_of_a_phone_can_type_the_range(low: float, keyboard: str) -> None:
    assert control(range=Range(minimum=low, maximum=5)).keyboard == keyboard


def test_a_row_that_lacks_a_field_leaves_its_control_empty() -> None:
    assert texts([control()], [{"x": 1}, {}]) == [["1"], [""]]
