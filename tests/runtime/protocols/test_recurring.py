"""Recurring requests: what was understood once is understood again as if it came for the first time."""

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lading.runtime.deployments import Deployments
from lading.runtime.errors import MalformedRequestError
from lading.runtime.protocols.recurring import MOST, Recurring
from tests.runtime.protocols.understanding import knowing, length_of, same

LAW = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

GOOD = b"[1, 2.5, -3e0, 4]"
TEMPLATES = [
    b'{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "data": %b}]}',
    b'{"id": "7", "inputs":[{"data":%b,"name":"X","datatype":"FP32","shape":[1,4]}],"outputs":[{"name":"variable"}]}',
    b'{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "data": %b, "parameters": {"a": 1}}], '
    b'"parameters": {"binary_data_output": true, "warnings": true, "timeout": 5000000}}',
]
ODD = [
    b'{"id": "\\"data\\"%b", "inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]}',
    b'{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "parameters": {"data": %b}, "data": [1,2,3,4]}]}',
    b'{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "data": [1,2,3,4]}], "data": %b}',
    b'{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 5], "data": %b}]}',
    b'{"inputs": [{"name": "Y", "datatype": "FP32", "shape": [1, 4], "data": %b}]}',
    b'{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "data": [0, %b]}]}',
    b'{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "data": %b, "data": [4, 3, 2, 1]}]}',
    b'{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "data": %b}',
    b'{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "data": %b, "parameters": {"binary_data_size": 16}}]}',
]
LISTS = [
    b"[1,2,3,4]", b"[]", b"[1,2,3]", b"[1,2,3,4,5]", b"[[1,2,3,4]]", b"[1,2,3,[4]]", b"[1,2,3,null]", b"[1,2,3,true]",
    b'[1,2,3,"4"]', b"[1,2,3,9223372036854775807]", b"[1,2,3,18446744073709551616]", b"[1,2,3,-9223372036854775809]",
    b"[1,2,3,1e38]", b"[1,2,3,1e39]", b"[1,2,3,1e999]", b"[1,2,3,NaN]", b"[1,2,3,-Infinity]", b"[1,2,3,04]",
    b"[1,2,3,+4]", b"[1,2,3,.4]", b"[1,2,3,]", b"[1 2,3,4]", b"[1,2,3,4", b"[-0.0,0,0,0]", b"[\n1 ,\t2,3,4 ]",
    b'[1,2,3,{"a":1}]', b"[1,2,3,4]]", b"[1,2,3,4],[5]", b"4", b"null", b'"data"', b"[1,2,3,9007199254740993]",
]  # fmt: skip


@pytest.mark.parametrize("template", [*TEMPLATES, *ODD])
@pytest.mark.parametrize("text", LISTS)
def test_whatever_comes_in_place_of_the_numbers(deployments: Deployments, template: bytes, text: bytes) -> None:
    same(deployments.get("cells"), template.replace(b"%b", GOOD), template.replace(b"%b", text), {})


@given(st.sampled_from([*TEMPLATES, *ODD]), st.text('0123456789.-+eE, []"{}:ntrue\\', max_size=20))
@LAW
def test_any_text_in_place_of_the_numbers(deployments: Deployments, template: bytes, text: str) -> None:
    same(deployments.get("cells"), template.replace(b"%b", GOOD), template.replace(b"%b", text.encode()), {})


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False) | st.integers(-(2**65), 2**65), max_size=6))
@LAW
def test_any_numbers(deployments: Deployments, values: list[float]) -> None:
    text = b"[" + b",".join(repr(value).encode() for value in values) + b"]"
    same(deployments.get("cells"), TEMPLATES[0] % GOOD, TEMPLATES[0] % text, {})


def test_what_recurs_is_not_read_whole(deployments: Deployments, monkeypatch: pytest.MonkeyPatch) -> None:
    for template in TEMPLATES:
        dialect = knowing(deployments.get("cells"), template % GOOD, {})
        with monkeypatch.context() as patch:
            patch.setattr("lading.runtime.protocols.inference.parse", None)
            assert dialect.read(template % b"[4, 3, 2, 1]", {}).feeds["X"].tolist() == [[4, 3, 2, 1]]


HEAD = b'{"inputs":[{"name":"X","datatype":"FP32","shape":[2,4],"parameters":{"binary_data_size":32}}]}'
BYTES = struct.pack("<8f", *range(8))


@pytest.mark.parametrize(
    "head",
    [
        HEAD,
        HEAD.replace(b"32}", b"31}"),
        HEAD.replace(b"32}", b'32,"a":1}'),
        HEAD.replace(b"[2,4]", b"[3,4]"),
        HEAD.replace(b"}}]", b'},"data":[]}]'),
        HEAD.replace(b"}]}", b'}],"outputs":[{"name":"variable","parameters":{"binary_data":true}}]}'),
    ],
)
@pytest.mark.parametrize(
    "data",
    [BYTES, BYTES[:-1], BYTES + b"\0", b"", BYTES[:-4] + struct.pack("<f", float("nan")), BYTES[:-4] + b"\0\0\x80\x7f"],
)
def test_bytes_behind_a_text_that_is_known(deployments: Deployments, head: bytes, data: bytes) -> None:
    same(deployments.get("cells"), head + BYTES, head + data, length_of(head))


def test_bytes_behind_what_recurs_are_taken_without_reading_it(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect = knowing(deployments.get("cells"), HEAD + BYTES, length_of(HEAD))
    monkeypatch.setattr("lading.runtime.protocols.inference.parse", None)
    assert dialect.read(HEAD + bytes(32), length_of(HEAD)).feeds["X"].tolist() == [[0] * 4] * 2


def test_what_comes_once_is_not_learned_and_what_is_refused_is_asked_once() -> None:
    asked: list[int] = []

    def learn(key: int) -> int:
        asked.append(key)
        if key == 1:
            raise MalformedRequestError("no")
        return key * 10

    recurring = Recurring(learn)
    assert [recurring.known(key) for key in (2, 1, 3)] == [None] * 3
    assert asked == []
    assert [recurring.known(key) for key in (2, 1, 2, 1)] == [20, None, 20, None]
    assert asked == [2, 1]


def test_no_more_is_kept_than_there_is_room_for() -> None:
    recurring: Recurring[int, int] = Recurring(lambda key: key)
    for key in range(3 * MOST):
        recurring.known(key)
        recurring.known(key)
        assert len(recurring._known) <= MOST
    for key in range(-3 * MOST, 0):
        recurring.known(key)
        assert len(recurring._seen) <= MOST
