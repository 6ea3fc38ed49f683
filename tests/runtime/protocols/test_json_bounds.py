"""The bounds of JSON: depth and integers are told from the bytes as they would be from what the bytes mean."""

import json
import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.runtime.errors import MalformedRequestError
from lading.runtime.protocols.body import parse, refuse_repeated
from lading.runtime.protocols.json_bounds import DEPTH, DIGITS, LONG, fits, too_deep, wide_integer

TEXTS = st.text(st.sampled_from('[]{}",:\\/ 0123456789.eE+-\né\x00'), max_size=30)
LONG_DIGITS = st.text(st.sampled_from("0123456789"), min_size=15, max_size=25)
EDGES = st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 10**18, 10**19, 10**20, 10**400])
INTEGERS = st.integers(-(10**25), 10**25) | EDGES
WRITTEN = (
    INTEGERS.map(str)
    | st.builds("{}.{}".format, INTEGERS, LONG_DIGITS)
    | st.builds("{}e-{}".format, INTEGERS, LONG_DIGITS)
    | st.builds("{}.{}E+1".format, st.integers(-9, 9), LONG_DIGITS)
    | TEXTS.map(json.dumps)
    | TEXTS.map(lambda text: orjson.dumps(text).decode())
)
SPACE = st.sampled_from(["", " ", "\n\t"])


def nested(depth: int, innermost: object = 0) -> object:
    """Arrays and objects in turn, one inside the other."""
    for level in range(depth):
        innermost = [innermost, "]"] if level % 2 else {"a": innermost}
    return innermost


def arrays(depth: int) -> object:
    """Arrays, one inside the other."""
    made: object = 0
    for _ in range(depth):
        made = [made]
    return made


def depth_of(document: object) -> int:
    if isinstance(document, dict | list):
        parts = document.values() if isinstance(document, dict) else document
        return 1 + max(map(depth_of, parts), default=0)
    return 0


JSON = st.recursive(TEXTS | st.integers(0, 9), lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXTS, part))


@given(document=JSON, depth=st.integers(0, 80), compact=st.booleans(), ascii_only=st.booleans())
def test_depth_is_that_of_the_document(document: Any, depth: int, compact: bool, ascii_only: bool) -> None:
    whole = nested(depth, document)
    separators = (",", ":") if compact else (" , ", " : ")
    body = json.dumps(whole, separators=separators, ensure_ascii=ascii_only).encode()
    assert too_deep(body) is (depth_of(whole) > DEPTH)


@given(tokens=st.lists(st.tuples(SPACE, WRITTEN, SPACE), min_size=1, max_size=8))
def test_an_integer_is_wide_where_it_is_one_and_does_not_fit(tokens: list[tuple[str, str, str]]) -> None:
    body = ("[" + ",".join("".join(token) for token in tokens) + "]").encode()
    whole = [token for _, token, _ in tokens if re.fullmatch("-?[0-9]+", token)]
    wide = [token for token in whole if not -(2**63) <= int(token) < 2**64]
    assert wide_integer(body) == (wide[0] if wide else None)
    assert not wide or LONG in body.translate(DIGITS)


@given(value=INTEGERS)
def test_64_bits_are_those_that_the_parser_keeps(value: int) -> None:
    if abs(value) < 10**300:
        assert fits(str(value)) is isinstance(orjson.loads(str(value)), int)
    else:
        assert not fits(str(value))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"x": 18446744073709551616}', '18446744073709551616 at "x" is an integer beyond 64 bits'),
        (b'[{"x": 1}, {"x": [-9223372036854775809]}]', '-9223372036854775809 at "[1].x[0]" is an integer'),
        (b"[" + b"9" * 5000 + b"]", "99999"),
        (b'{"a": {"a": 1, "a": 18446744073709551616}}', "18446744073709551616 is an integer beyond"),
        (b"[1e400]", '1e400 at "[0]" is larger than a number can be'),
        (b'["' + b"1" * 30 + b'", 18446744073709551616]', '18446744073709551616 at "[1]"'),
        (b" " * (1 << 20) + b"[18446744073709551616]", "18446744073709551616 is an integer beyond"),
        (b'"\\ud800"', "not JSON"),
        (b"\xff\xfe[\x00]\x00", "not JSON"),
        (b"\xef\xbb\xbf[]", "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_refusal_says_what_is_wrong_where(body: bytes, words: str) -> None:
    with pytest.raises(MalformedRequestError) as raised:
        parse(body)
    assert words in str(raised.value)
    assert len(str(raised.value)) <= 256


@pytest.mark.parametrize(
    "body",
    [
        b"[18446744073709551615, -9223372036854775808]",
        b"[0.00012345678901234567, 12345678901234567890.5, 1e-00000000000000000000001, 1E+00000000000000000005]",
        b'["18446744073709551616", "\\"18446744073709551616", {"18446744073709551616": 1}]',
    ],
)
def test_numbers_and_texts_that_look_wide_are_taken(body: bytes) -> None:
    assert parse(body) == json.loads(body)


@pytest.mark.parametrize(
    ("document", "names", "deep"),
    [
        pytest.param(nested(DEPTH), 0, False, id="as deep as may be"),
        pytest.param(nested(DEPTH + 1), 0, True, id="one deeper"),
        pytest.param({"a": arrays(DEPTH - 1)}, 1, False, id="arrays as deep as may be"),
        pytest.param({"a": arrays(DEPTH)}, 1, True, id="arrays one deeper, in an object that is known"),
        pytest.param(nested(DEPTH + 2), 0, True, id="objects that nobody knows"),
        pytest.param([[]] * 500, 0, False, id="wide and flat"),
        pytest.param(["[" * 500, '"'], 0, False, id="brackets in a text"),
    ],
)
def test_what_nests_too_deep_is_refused(document: object, names: int, deep: bool) -> None:
    body = json.dumps(document).encode()
    if deep:
        with pytest.raises(MalformedRequestError, match="deeper than 64"):
            refuse_repeated(body, document, names)
    else:
        refuse_repeated(body, document, names)
