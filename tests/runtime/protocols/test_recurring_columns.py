"""Recurring requests of a data frame, a tensor for each field, are understood as if they came for the first time."""

import itertools
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lading.bundles.tensors.binary import LENGTH
from lading.runtime.deployments import Deployments
from lading.runtime.model import Model
from lading.runtime.protocols.inference import InferenceDialect
from tests.runtime.protocols.understanding import knowing, length_of, same, understood

LAW = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

FIELDS: Mapping[str, tuple[str, list[Any]]] = {
    "bill length": ("FP64", [39.1]),
    "mass": ("FP64", [3.75]),
    "year": ("INT64", [2007]),
    "eggs": ("FP64", [1]),
    "tagged": ("BOOL", [True]),
    "moulting": ("FP64", [1]),
    "island": ("BYTES", ["Dream"]),
    "note": ("BYTES", ["heavy"]),
    "band": ("INT64", [1]),
    "seen": ("BYTES", ["yes"]),
}
"""Those of the penguins, and good values of them."""

LISTS = [
    b"[1]", b"[0]", b"[-0.0]", b"[2.0]", b"[2.5]", b"[null]", b"[true]", b"[false]", b'["Dream"]', b'["Atlantis"]', b'["yes"]',
    b"[]", b"[1,2]", b"[[1]]", b"[[1]", b"[1]]", b'["a]"]', b'["a[b"]', b'["\\"data\\":[1]"]', b'["\\u0041"]', b'["\\ud800"]',
    b'["a:b"]', b'["a":"b"]', b'[{"a":1}]', b"[NaN]", b"[1e999]", b"[01]", b"[1 ]", b"[\n1]", b"[9007199254740993]",
    b"[9223372036854775807]", b"[9223372036854775808]", b"[18446744073709551616]", b"[-9223372036854775809]",
    b'["18446744073709551616"]', b'["\xff"]', b"1", b"null", b'"data"', b'[1],"data":[2]', b'[1],"shape":[2,1]', b"[1", b'["',
    b"[2147483648]", b"[1e39]",
]  # fmt: skip


def asking(after: str = "", rows: int = 1, changes: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """A request with other lists for some fields, and ``after`` behind the inputs."""
    inputs = []
    for name, (datatype, values) in FIELDS.items():
        data = changes.get(name, orjson.dumps(values * rows))
        inputs.append(
            b'{"name":"%b","datatype":"%b","shape":[%d],"data":%b}' % (name.encode(), datatype.encode(), rows, data)
        )
    return b'{"inputs":[%b]%b}' % (b",".join(inputs), after.encode())


@pytest.fixture
def penguins(deployments: Deployments) -> Model:
    return deployments.get("penguins")


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("text", LISTS)
def test_whatever_comes_in_place_of_a_list(penguins: Model, name: str, text: bytes) -> None:
    same(penguins, asking(), asking(changes={name: text}), {})


SHARED = [
    pytest.param(asking().replace(b'"shape":[1],', b'"shape":[1,1],'), id="shapes of two extents"),
    pytest.param(asking(',"id":"7","outputs":[{"name":"label"}]'), id="an id, and outputs"),
    pytest.param(
        asking(',"parameters":{"warnings":true,"binary_data_output":true,"timeout":5000000}'), id="parameters"
    ),
    pytest.param(asking().replace(b'"data":', b'"data" :\t'), id="white space"),
    pytest.param(asking(',"data":[1]'), id="a list that is no input's"),
    pytest.param(asking(',"parameters":{"data":[1]}'), id="a list among parameters"),
    pytest.param(
        asking().replace(b'{"name":"mass"', b'{"parameters":{"data":[1]},"name":"mass"'), id="a list of an input's"
    ),
    pytest.param(asking().replace(b'"mass"', b'"year"', 1), id="a name twice"),
    pytest.param(asking().replace(b'"mass"', b'"moss"', 1), id="a name that is none"),
    pytest.param(asking().replace(b'"mass","datatype":"FP64"', b'"mass","datatype":"FP32"'), id="another datatype"),
    pytest.param(asking().replace(b'"shape":[1]', b'"shape":[2]', 1), id="a row more of one"),
    pytest.param(asking().replace(b'"shape":[1]', b'"shape":[2]'), id="more rows than there are"),
    pytest.param(asking().replace(b'"shape":[1]', b'"shape":[-1]'), id="a negative extent"),
    pytest.param(asking().replace(b'{"name":"mass"', b'{"data":[4],"name":"mass"'), id="data twice"),
    pytest.param(
        asking().replace(b'{"name":"mass","datatype":"FP64","shape":[1],"data":[3.75]},', b""), id="one is missing"
    ),
    pytest.param(
        asking().replace(b'{"name":"bill length","datatype":"FP64","shape":[1],"data":[39.1]},', b""),
        id="one is left out",
    ),
    pytest.param(
        asking().replace(b'{"name":"mass"', b'{"parameters":{"binary_data_size":8},"name":"mass"'),
        id="bytes are promised",
    ),
    pytest.param(asking(rows=3), id="three rows"),
    pytest.param(asking(rows=100), id="a hundred rows"),
    pytest.param(asking(rows=0), id="no rows"),
    pytest.param(asking()[:-1], id="cut off"),
]


@pytest.mark.parametrize("body", SHARED)
@pytest.mark.parametrize(
    ("old", "new"), [(b"[3.75]", b"[4.25]"), (b'["Dream"]', b'["Biscoe"]'), (b"[true]", b"[false]"), (b"[1]", b"[2]")]
)
def test_whatever_is_around_the_lists(penguins: Model, body: bytes, old: bytes, new: bytes) -> None:
    same(penguins, body, body, {})
    same(penguins, body, body.replace(old, new), {})


@given(st.sampled_from(list(FIELDS)), st.text('0123456789.-+eE, []"{}:ntrueladt\\', max_size=20))
@LAW
def test_any_text_in_place_of_a_list(deployments: Deployments, name: str, text: str) -> None:
    penguins = deployments.get("penguins")
    same(penguins, asking(), asking(changes={name: text.encode()}), {})


JSON = st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = {
    "FP64": st.none() | st.integers(0, 3) | st.floats(width=32, allow_nan=False, allow_infinity=False) | JSON,
    "INT64": st.integers(0, 3) | JSON,
    "BOOL": st.booleans() | JSON,
    "BYTES": st.sampled_from(["Dream", "yes", "heavy", ""]) | st.text(max_size=5) | st.none(),
}


@given(st.data(), st.integers(1, 3))
@LAW
def test_any_values(deployments: Deployments, data: Any, rows: int) -> None:
    columns = {
        name: b"[%b]"
        % b",".join(
            b"%d" % value if type(value) is int else orjson.dumps(value)
            for value in data.draw(st.lists(VALUES[datatype], min_size=rows, max_size=rows))
        )
        for name, (datatype, _) in FIELDS.items()
    }
    same(deployments.get("penguins"), asking(rows=rows), asking(rows=rows, changes=columns), {})


def test_what_recurs_is_not_read_whole(penguins: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    for body in (asking(), asking(rows=3), asking(',"id":"7"')):
        dialect = knowing(penguins, body, {})
        expected = understood(InferenceDialect(penguins), then := body.replace(b'"Dream"', b'"Biscoe"'), {})
        with monkeypatch.context() as patch:
            patch.setattr("lading.runtime.protocols.inference.parse", None)
            assert understood(dialect, then, {}) == expected


DTYPES = {"FP64": "d", "INT64": "q", "BOOL": "?"}


def packed(datatype: str, values: list[Any]) -> bytes:
    if datatype == "BYTES":
        return b"".join(LENGTH.pack(len(text := value.encode())) + text for value in values)
    return struct.pack(f"<{len(values)}{DTYPES[datatype]}", *values)


def in_bytes(
    rows: int = 1, shape: str = "[%d]", left_out: str = "", changes: Mapping[str, bytes] = MappingProxyType({})
) -> tuple[bytes, bytes]:
    """A request's JSON, and the bytes behind it."""
    inputs, parts = [], []
    for name, (datatype, values) in FIELDS.items():
        if name == left_out:
            continue
        parts.append(changes.get(name, packed(datatype, values * rows)))
        inputs.append(
            b'{"name":"%b","datatype":"%b","shape":%b,"parameters":{"binary_data_size":%d}}'
            % (name.encode(), datatype.encode(), (shape % rows).encode(), len(parts[-1]))
        )
    return b'{"inputs":[%b]}' % b",".join(inputs), b"".join(parts)


NUMBERS = [1.0, 0.0, -0.0, 2.0, 2.5, 2.0**53 + 2, 1e39, float("nan"), float("inf"), -1.0]
ANY_BYTES = {
    "FP64": [struct.pack("<d", value) for value in NUMBERS] + [b"\x01" + b"\0" * 5 + b"\xf0\x7f"],
    "INT64": [struct.pack("<q", value) for value in (0, 1, 2, 7, -1, 2**53 + 1, 2**63 - 1)],
    "BOOL": [b"\0", b"\1", b"\2"],
    "BYTES": [packed("BYTES", [text]) for text in ("yes", "no", "Dream", "Atlantis", "", "ü")]
    + [b"\1\0\0\0\xff", b"\0\0\0"],
}
CASES = [(name, data) for name, (datatype, _) in FIELDS.items() for data in ANY_BYTES[datatype]]


@pytest.mark.parametrize(("name", "data"), CASES)
def test_whatever_bytes_a_field_has(penguins: Model, name: str, data: bytes) -> None:
    head, good = in_bytes(changes={name: data})
    same(penguins, head + good, head + good, length_of(head))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda head, data: (head, data[:-1]), id="a byte less"),
        pytest.param(lambda head, data: (head, data + b"\0"), id="a byte more"),
        pytest.param(
            lambda head, data: (head.replace(b'"binary_data_size":8}', b'"binary_data_size":7}', 1), data), id="less"
        ),
        pytest.param(lambda head, data: (head.replace(b'"mass"', b'"moss"'), data), id="a name that is none"),
        pytest.param(lambda head, data: (head.replace(b"[1]", b"[2]", 1), data), id="a row more of one"),
        pytest.param(lambda head, data: (head.replace(b'"mass"', b'"mass","data":[1]'), data), id="a list, too"),
        pytest.param(
            lambda head, data: (head.replace(b'"parameters":{', b'"parameters":{"a":1,', 1), data), id="another word"
        ),
    ],
)
@pytest.mark.parametrize("first_changed", [True, False])
def test_bytes_that_are_not_as_they_are_said_to_be(penguins: Model, changed: Any, first_changed: bool) -> None:
    head, data = in_bytes()
    other = changed(head, data)
    first = other if first_changed else (head, data)
    same(penguins, b"".join(first), b"".join(other), length_of(first[0]), length_of(other[0]))


@pytest.mark.parametrize(
    ("rows", "shape", "left_out"),
    [*itertools.product((1, 3, 100), ("[%d]", "[%d,1]"), ("", "bill length", "note", "mass")), (0, "[%d]", "")],
)
def test_bytes_of_rows(penguins: Model, rows: int, shape: str, left_out: str) -> None:
    head, data = in_bytes(rows, shape, left_out)
    same(penguins, head + data, head + data, length_of(head))


def test_bytes_behind_what_recurs_are_taken_without_reading_it(
    penguins: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rows in (1, 100):
        head, data = in_bytes(rows)
        then = data.replace(b"heavy", b"light")
        dialect = knowing(penguins, head + data, length_of(head))
        expected = understood(InferenceDialect(penguins), head + then, length_of(head))
        with monkeypatch.context() as patch:
            patch.setattr("lading.runtime.protocols.inference.parse", None)
            assert understood(dialect, head + then, length_of(head)) == expected
