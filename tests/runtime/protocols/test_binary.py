"""Values as bytes: what is packed is unpacked, bit for bit, and what is not such bytes is refused."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lading.bundles.tensors.binary import DTYPES, UnreadableError, pack, unpack
from lading.bundles.tensors.values import ALIGNMENT

TEXTS = st.lists(st.text(st.characters(codec="utf-8")), max_size=9)
VALUES = st.sampled_from(sorted(DTYPES)).flatmap(
    lambda word: st.tuples(st.just(word), arrays.arrays(DTYPES[word], st.integers(0, 9)))
)


def objects(values: list[str]) -> np.ndarray[Any, Any]:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


@given(VALUES)
def test_numbers_and_truths_come_back_bit_for_bit(given: tuple[str, np.ndarray[Any, Any]]) -> None:
    word, values = given
    found = unpack(word, pack(values), len(values))
    assert found.dtype == values.dtype
    assert found.tobytes() == values.tobytes()


@pytest.mark.parametrize("count", [3, 100_000])
@pytest.mark.parametrize("start", range(0, 20, 4))
def test_where_numbers_lay_in_a_body_does_not_show_in_the_bits_of_an_answer(start: int, count: int) -> None:
    body = b"{" * start + pack(np.arange(count, dtype=np.float32))
    found = unpack("FP32", memoryview(body)[start:], count)
    assert found.ctypes.data % ALIGNMENT == 0
    assert found[-1] == count - 1


@given(TEXTS)
def test_texts_come_back(values: list[str]) -> None:
    assert unpack("BYTES", pack(objects(values)), len(values)).tolist() == values


@given(TEXTS.filter(bool), st.integers(1, 4))
def test_texts_that_end_too_early_or_too_late_are_refused(values: list[str], more: int) -> None:
    data = pack(objects(values))
    with pytest.raises(UnreadableError, match=r"end after|is not UTF-8"):
        unpack("BYTES", data + b"\0" * more, len(values))
    with pytest.raises(UnreadableError):
        unpack("BYTES", data[:-1], len(values))


@pytest.mark.parametrize(
    ("word", "values", "expected"),
    [
        ("FP32", [1.0, -2.5], struct.pack("<2f", 1.0, -2.5)),
        ("INT16", [1, -2], b"\x01\x00\xfe\xff"),
        ("UINT64", [2**64 - 1], b"\xff" * 8),
        ("BOOL", [True, False], b"\x01\x00"),
        ("FP16", [np.inf], b"\x00\x7c"),
    ],
)
def test_the_bytes_are_little_endian(word: str, values: list[Any], expected: bytes) -> None:
    assert pack(np.array(values, DTYPES[word])) == expected
    assert pack(np.array(values, DTYPES[word].newbyteorder(">"))) == expected


def test_a_text_is_its_length_and_its_bytes() -> None:
    assert pack(objects(["é", ""])) == b"\x02\x00\x00\x00\xc3\xa9\x00\x00\x00\x00"


@pytest.mark.parametrize(
    ("word", "data", "count", "problem"),
    [
        pytest.param("FP32", b"\0" * 7, 2, "has 7 bytes of data, 2 values of FP32 are 8", id="too few"),
        pytest.param("FP32", b"\0" * 9, 2, "has 9 bytes of data, 2 values of FP32 are 8", id="too many"),
        pytest.param(
            "FP64", b"", 2**61, f"2305843009213693952 values of FP64 are {2**64}", id="more than there can be"
        ),
        pytest.param("BOOL", b"\1\2", 2, "has the byte 2 for value 1, expected 0 or 1", id="no truth"),
        pytest.param("BYTES", b"\0\0\0\0", 2**40, "of 1099511627776 values of BYTES alone are", id="countless texts"),
        pytest.param(
            "BYTES", b"\1\0\0\0", 1, "has 4 bytes of data, which end before value 0 does", id="a text cut short"
        ),
        pytest.param("BYTES", b"\xff\xff\xff\xffab", 1, "which end before value 0 does", id="a length beyond the end"),
        pytest.param("BYTES", b"\2\0\0\0ab\1\0", 1, "its 1 values of BYTES end after 6", id="bytes left over"),
        pytest.param("BYTES", b"\1\0\0\0\xff", 1, "has bytes that are not UTF-8 for value 0", id="no text"),
    ],
)
def test_other_bytes_are_refused(word: str, data: bytes, count: int, problem: str) -> None:
    with pytest.raises(UnreadableError, match=problem):
        unpack(word, data, count)


def test_values_that_lie_askew_are_read() -> None:
    data = memoryview(b"x" + pack(np.array([1.5, -2.0])))[1:]
    found = unpack("FP64", data, 2)
    assert found.tolist() == [1.5, -2.0]
    assert found.flags.aligned
