from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from lading.bundles.tensors.feeds import FieldError
from lading.runtime.deployments import Deployments
from lading.runtime.protocols.named_fields import NamedFieldsDialect

Ask = Callable[..., httpx.Response]

PATH = "/models/penguins/predict"

ROW: dict[str, Any] = {
    "bill length": 3.91,
    "mass": 3.75,
    "year": 2007,
    "eggs": 1,
    "tagged": True,
    "moulting": False,
    "island": "Torgersen",
    "note": "heavy",
    "band": 1,
    "seen": "yes",
}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in ROW.items() if name not in names}


def text(row: dict[str, Any], **literals: str) -> bytes:
    """The row as JSON with literals that JSON does not know in the place of some values."""
    body = orjson.dumps(row | {name: f"@{name}" for name in literals})
    for name, literal in literals.items():
        body = body.replace(f'"@{name}"'.encode(), literal.encode())
    return body


def test_one_row_gets_one_answer(ask: Ask, deployments: Deployments) -> None:
    response = ask(PATH, ROW)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["lading-bundle-digest"] == deployments.get("penguins").digest
    assert response.headers["x-content-type-options"] == "nosniff"
    answer = response.json()
    assert answer.keys() == {"label", "probabilities"}
    assert answer["label"] == 'Gentoo "100%"'
    assert list(answer["probabilities"]) == ["Adelie", "Chinstrap", 'Gentoo "100%"']
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


def test_rows_get_answers_in_their_order(ask: Ask) -> None:
    rows = [ROW, ROW | {"island": "Dream", "bill length": None}, ROW]
    answers = ask(PATH, rows).json()
    assert answers == [ask(PATH, row).json() for row in rows]
    assert answers[0] == answers[2] != answers[1]


@pytest.mark.parametrize(
    ("name", "row", "answer"),
    [
        pytest.param("cells", {"x0": 1, "x1": 1, "x2": 1, "x3": 2}, {"value": 3.0}, id="a value"),
        pytest.param(
            "coins",
            {"weight": 1, "width": None},
            {"label": False, "probabilities": {"false": 0.7310585786300049, "true": 0.2689414213699951}},
            id="classes that are true and false",
        ),
        pytest.param(
            "images",
            {"pixels": [[1, 2, 3, 4]] * 3, "shift": -5, "caption": "a: cat"},
            {"sums": [3.0, 6.0, 9.0, 12.0], "again": "a: cat", "shifted": -5, "value": {"left": 3.0, "right": 12.0}},
            id="tensors, and a value with named targets",
        ),
        pytest.param("roots", {"x": 4}, {"root": 2.0, "log": 1.3862943611198906}, id="two outputs of one meaning"),
        pytest.param("roots", {"x": -1}, {"root": None, "log": None}, id="NaN is null"),
    ],
)
def test_answers_say_what_the_outputs_mean(ask: Ask, name: str, row: dict[str, Any], answer: object) -> None:
    assert ask(f"/models/{name}/predict", row).json() == answer
    assert ask(f"/models/{name}/predict", [row, row]).json() == [answer, answer]


@pytest.mark.parametrize("name", ["penguins", "cells", "coins", "counts", "forecasts", "images", "mosaics", "roots"])
def test_no_rows_get_no_answers(ask: Ask, name: str) -> None:
    response = ask(f"/models/{name}/predict", [])
    assert (response.status_code, response.content) == (200, b"[]")


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(without("bill length", "eggs", "moulting", "note", "seen"), id="nullable fields left out"),
        pytest.param(ROW | {"bill length": None, "eggs": None, "moulting": None, "note": None}, id="or null"),
        pytest.param(dict(reversed(ROW.items())), id="in another order"),
        pytest.param(ROW | {"year": 2007.0, "eggs": 1.0}, id="a whole number with a fraction of nothing"),
        pytest.param(ROW | {"mass": 4}, id="a number without a fraction"),
        pytest.param(ROW | {"band": 77, "note": "never seen"}, id="a new category where the model takes it"),
        pytest.param(ROW | {"note": "10:30, http://x"}, id="colons in text"),
        pytest.param(ROW | {"note": "été \u2028 \x00 \U0001f427"}, id="text of any kind"),
    ],
)
def test_rows_that_are_right_are_answered(ask: Ask, row: dict[str, Any]) -> None:
    assert ask(PATH, row).status_code == 200
    assert ask(PATH, [ROW, row]).status_code == 200


BAD_ROWS: list[Any] = [
    pytest.param(without("mass"), "mass", "is not there", id="missing"),
    pytest.param(ROW | {"extra": 1}, "extra", "no such field", id="extra"),
    pytest.param(without("mass") | {"mas": 1}, "mas", "mass", id="misspelt"),
    pytest.param(ROW | {"mass": "heavy"}, "mass", "a number", id="text for a number"),
    pytest.param(ROW | {"mass": True}, "mass", "a number", id="true for a number"),
    pytest.param(ROW | {"mass": [1.0]}, "mass", "a number", id="a list for a number"),
    pytest.param(ROW | {"mass": {"kg": 1}}, "mass", "a number", id="an object for a number"),
    pytest.param(ROW | {"mass": 1e300}, "mass", "does not fit", id="a number that float32 cannot hold"),
    pytest.param(ROW | {"year": 2007.5}, "year", "an integer", id="a fraction for an integer"),
    pytest.param(ROW | {"tagged": 1}, "tagged", "true or false", id="a number for true or false"),
    pytest.param(ROW | {"note": 5}, "note", "text", id="a number for text"),
    pytest.param(ROW | {"seen": 5}, "seen", "text", id="a number for text that the model ignores"),
    pytest.param(ROW | {"island": "Hawaii"}, "island", "Biscoe", id="unknown category"),
    pytest.param(ROW | {"island": "x" * 9999}, "island", "Biscoe", id="a long unknown category"),
    pytest.param(ROW | {"mass": None}, "mass", "null", id="null where it is forbidden"),
    pytest.param(ROW | {"year": None}, "year", "null", id="null for an integer"),
    pytest.param({}, "mass", "is not there", id="an empty row"),
]


@pytest.mark.parametrize(("row", "field", "words"), BAD_ROWS)
def test_a_wrong_row_is_refused_with_its_field(ask: Ask, row: dict[str, Any], field: str, words: str) -> None:
    response = ask(PATH, row)
    assert response.status_code == 400
    error = response.json()
    assert error.keys() == {"error", "field"}
    assert error["field"] == field
    assert field in error["error"]
    assert words in error["error"]
    assert len(error["error"]) < 500


@pytest.mark.parametrize(("row", "field", "words"), BAD_ROWS)
def test_a_wrong_row_among_others_is_refused_with_its_number(
    ask: Ask, row: dict[str, Any], field: str, words: str
) -> None:
    response = ask(PATH, [ROW, ROW, row, ROW])
    assert response.status_code == 400
    error = response.json()
    assert (error["field"], error["row"]) == (field, 2)
    assert "row 2" in error["error"]
    assert words in error["error"]


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        pytest.param(b"", {}, "empty", id="nothing"),
        pytest.param(b"bill length=3", {}, "not JSON", id="not JSON"),
        pytest.param(b'{"mass": 1', {}, "line 1", id="cut short"),
        pytest.param(b"\xff\xfe{}", {}, "not JSON", id="not UTF-8"),
        pytest.param(b'{"mass": 01}', {}, "not JSON", id="a number that JSON does not know"),
        pytest.param(b"[" * 100_000, {}, "not JSON", id="nested without end"),
        pytest.param(text(ROW, mass="NaN"), {"field": "mass"}, "NaN at", id="NaN"),
        pytest.param(text(ROW, mass="-Infinity"), {"field": "mass"}, "-Infinity at", id="minus infinity"),
        pytest.param(text(ROW, mass="1e999"), {"field": "mass"}, "1e999 at", id="a number without bound"),
        pytest.param(text(ROW, mass="9" * 400), {"field": "mass"}, "beyond 64 bits", id="digits without bound"),
        pytest.param(
            b"[" + text(ROW) + b"," + text(ROW, mass="-1e999") + b"]",
            {"field": "mass", "row": 1},
            "-1e999 at",
            id="a number without bound, in a row",
        ),
        pytest.param(
            b"[%b,%b]" % (text(ROW), text(ROW, eggs="Infinity")),
            {"field": "eggs", "row": 1},
            "null for a missing value",
            id="infinity in the second row",
        ),
        pytest.param(text(ROW, note='"x","note":"y"'), {"field": "note"}, "twice", id="duplicated field"),
        pytest.param(
            b"[%b,%b]" % (text(ROW), text(ROW, note='"a:b","mass":3')),
            {"field": "mass", "row": 1},
            "twice",
            id="duplicated field beside a colon",
        ),
        pytest.param(
            text(ROW, note='"\\u003a","mass":3'), {"field": "mass"}, "twice", id="duplicated field behind an escape"
        ),
        pytest.param(
            text(ROW, note='"x","\\u006dass":3'), {"field": "mass"}, "twice", id="duplicated field in other letters"
        ),
        pytest.param(text(ROW, mass="[" * 60 + "]" * 60), {"field": "mass"}, "a number", id="lists in lists"),
        pytest.param(text(ROW, mass="[" * 1000 + "]" * 1000), {}, "deeper than 64", id="lists in lists in lists"),
        pytest.param(b"3", {}, "the body is 3", id="a number"),
        pytest.param(b'"row"', {}, 'the body is "row"', id="text"),
        pytest.param(b"null", {}, "the body is null", id="null"),
        pytest.param(b"[%b,[1,2]]" % text(ROW), {"row": 1}, "row 1 is [1, 2]", id="a ragged row"),
        pytest.param(b"[null]", {"row": 0}, "row 0 is null", id="null for a row"),
    ],
)
def test_a_body_that_is_no_rows_is_refused(ask: Ask, body: bytes, place: dict[str, Any], words: str) -> None:
    response = ask(PATH, body)
    assert response.status_code == 400
    error = response.json()
    assert words in error.pop("error")
    assert error == place


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param([[1, 2, 3, 4], [1, 2, 3], [1, 2, 3, 4]], "pixels", id="ragged"),
        pytest.param([[1, 2, 3, 4]] * 2, "pixels", id="too few"),
        pytest.param([1] * 12, "pixels", id="flat"),
        pytest.param(5, "pixels", id="a single value"),
        pytest.param([[1, 2, 3, "4"]] * 3, "pixels", id="text inside"),
        pytest.param([[1, 2, 3, None]] * 3, "pixels", id="null inside"),
        pytest.param([[1, 2, 3, True]] * 3, "pixels", id="true inside"),
    ],
)
def test_a_tensor_of_another_shape_is_refused(ask: Ask, value: object, words: str) -> None:
    row = {"pixels": [[1, 2, 3, 4]] * 3, "shift": 1, "caption": "x"}
    response = ask("/models/images/predict", [row, row | {"pixels": value}])
    assert response.status_code == 400
    assert response.json()["field"] == "pixels"
    assert response.json()["row"] == 1


def test_an_integer_that_the_graph_cannot_hold_is_refused(ask: Ask) -> None:
    response = ask("/models/images/predict", {"pixels": [[1, 2, 3, 4]] * 3, "shift": 128, "caption": "x"})
    assert response.status_code == 400
    assert response.json()["field"] == "shift"


def test_an_infinite_answer_is_refused_and_not_turned_into_null(ask: Ask) -> None:
    response = ask("/models/roots/predict", [{"x": 1}, {"x": 0}])
    assert response.status_code == 422
    assert response.json()["row"] == 1
    assert "for row 1 is infinite" in response.json()["error"]
    assert ask("/models/roots/predict", {"x": 0}).json().keys() == {"error"}


def test_an_unknown_model_is_not_found(ask: Ask) -> None:
    response = ask("/models/pinguins/predict", ROW)
    assert response.status_code == 404
    assert 'did you mean "penguins"' in response.json()["error"]


def test_errors_repeat_little_of_what_was_sent(ask: Ask) -> None:
    for row in (ROW | {"y" * 9999: 1}, ROW | {"mass": "z" * 9999}, ROW | {"mass": ["z" * 99] * 99}):
        assert len(ask(PATH, row).json()["error"]) < 600
    assert len(ask(PATH, b"[%b]" % orjson.dumps("v" * 9999)).json()["error"]) < 300


def test_the_short_way_and_the_encoder_agree_on_who_is_right(deployments: Deployments) -> None:
    dialect = NamedFieldsDialect(deployments.get("penguins"))
    with pytest.raises(FieldError) as caught:
        dialect.read(orjson.dumps([ROW, ROW | {"mass": None}]), {})
    assert (caught.value.field, caught.value.row) == ("mass", 1)


def test_a_long_name_is_told_cut_short(ask: Ask) -> None:
    response = ask(PATH, ROW | {"x" * 9999: 1})
    assert response.status_code == 400
    assert response.json()["field"] == "x" * 99 + "…"
    assert len(response.content) < 1024
