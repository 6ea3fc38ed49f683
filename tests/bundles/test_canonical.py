"""Canonical JSON: RFC 8785, and what of a record is written."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from lading.bundles.canonical import NotCanonicalError, canonical_json
from lading.bundles.records import FrozenMap, Record

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
integers = st.integers(-(2**53) + 1, 2**53 - 1)
scalars = st.none() | st.booleans() | integers | texts | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


class Note(Record):
    text: str | None = None
    members: FrozenMap[JsonValue]


def doubled(value: JsonValue) -> JsonValue:
    """The value as a reader sees it who knows no numbers but doubles."""
    if isinstance(value, dict):
        return {name: doubled(member) for name, member in value.items()}
    if isinstance(value, list):
        return [doubled(member) for member in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@given(values)
def test_reading_gives_the_value_back(value: JsonValue) -> None:
    assert doubled(orjson.loads(canonical_json(value))) == doubled(value)


@given(values)
def test_one_value_has_one_form(value: JsonValue) -> None:
    once = canonical_json(value)
    assert canonical_json(orjson.loads(once)) == once


@given(st.dictionaries(texts, scalars, max_size=6), st.randoms())
def test_the_order_of_members_does_not_matter(value: dict[str, JsonValue], random: object) -> None:
    names = list(value)
    random.shuffle(names)  # type: ignore[attr-defined]
    assert canonical_json({name: value[name] for name in names}) == canonical_json(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\x80": 6, "ö": 7}, None, id="names by UTF-16"),
        pytest.param(
            [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27], b"[333333333.3333333,1e+30,4.5,0.002,1e-27]", id="doubles"
        ),
        pytest.param([1.0, -0.0, 1e21, 1e20], b"[1,0,1e+21,100000000000000000000]", id="whole doubles"),
        pytest.param("€$\x0f\nA'B\"\\", '"€$\\u000f\\nA\'B\\"\\\\"'.encode(), id="escapes"),
        pytest.param([True, False, None], b"[true,false,null]", id="literals"),
        pytest.param(
            {"deep": [2**60, -(2**53)]}, b'{"deep":[1152921504606847000,-9007199254740992]}', id="large but exact"
        ),
    ],
)
def test_writes_as_rfc_8785_does(value: JsonValue, expected: bytes | None) -> None:
    written = canonical_json(value)
    if expected is None:
        assert list(json.loads(written)) == ["\r", "1", "\x80", "ö", "€", "😀", "\ufb33"]
    else:
        assert written == expected


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(float("nan"), id="NaN"),
        pytest.param([float("inf")], id="infinity"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param({"\ud800": 1}, id="lone surrogate in a name"),
        pytest.param(2**53 + 1, id="an integer between doubles"),
        pytest.param(10**400, id="an integer beyond doubles"),
    ],
)
def test_what_has_no_form_is_refused(value: JsonValue) -> None:
    with pytest.raises(NotCanonicalError):
        canonical_json(value)


def test_absent_fields_are_left_out_but_null_in_a_mapping_stays() -> None:
    assert canonical_json(Note(members={"b": None, "a": [None]})) == b'{"members":{"a":[null],"b":null}}'
