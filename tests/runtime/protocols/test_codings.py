"""Codings: what is written is read, no more of it than the limit, and what is no whole stream is refused."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.runtime.errors import BodyTooLargeError, BrokenCodingError
from lading.runtime.protocols.codings import WRITTEN, chosen, decoded, encoded

MEBIBYTE = 1 << 20
TEXT = b'{"x": [1, 2, 3]}' * 100
RAW = zlib.compressobj(wbits=-15)


@given(body=st.binary(max_size=3000), coding=st.sampled_from(WRITTEN))
def test_what_is_written_is_read(body: bytes, coding: bytes) -> None:
    assert decoded(encoded(body, coding), coding, len(body)) == body
    assert decoded(encoded(body, coding), coding, len(body) + 1) == body


@given(body=st.binary(min_size=1, max_size=3000), coding=st.sampled_from(WRITTEN))
def test_one_byte_more_than_the_limit_is_too_much(body: bytes, coding: bytes) -> None:
    with pytest.raises(BodyTooLargeError):
        decoded(encoded(body, coding), coding, len(body) - 1)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        pytest.param(b"", b"gzip", id="nothing"),
        pytest.param(TEXT, b"gzip", id="not compressed"),
        pytest.param(gzip.compress(TEXT)[:-1], b"gzip", id="cut short"),
        pytest.param(gzip.compress(TEXT)[:20], b"gzip", id="cut in the middle"),
        pytest.param(gzip.compress(TEXT) + b"x", b"gzip", id="something behind it"),
        pytest.param(gzip.compress(TEXT) * 2, b"gzip", id="two streams"),
        pytest.param(gzip.compress(TEXT)[:-8] + bytes(8), b"gzip", id="a wrong checksum"),
        pytest.param(zlib.compress(TEXT), b"gzip", id="another coding"),
        pytest.param(gzip.compress(TEXT), b"deflate", id="the other coding"),
        pytest.param(RAW.compress(TEXT) + RAW.flush(), b"deflate", id="deflate without zlib's frame"),
    ],
)
def test_what_is_no_whole_stream_is_refused(body: bytes, coding: bytes) -> None:
    with pytest.raises(BrokenCodingError, match=coding.decode()):
        decoded(body, coding, MEBIBYTE)


@pytest.mark.parametrize("coding", [b"gzip", b"x-gzip", b"deflate"])
def test_a_bomb_takes_no_more_memory_than_the_limit_allows(coding: bytes) -> None:
    bomb = encoded(bytes(100 * MEBIBYTE), coding)
    tracemalloc.start()
    with pytest.raises(BodyTooLargeError):
        decoded(bomb, coding, MEBIBYTE)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(bomb) < MEBIBYTE
    assert most < 5 * MEBIBYTE


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ([], None),
        ([b""], None),
        ([b"identity"], None),
        ([b"br, zstd"], None),
        ([b"gzip"], b"gzip"),
        ([b"deflate"], b"deflate"),
        ([b"gzip, deflate, br"], b"gzip"),
        ([b"deflate, gzip"], b"gzip"),
        ([b"GZip;q=0.5, deflate;q=0.8"], b"deflate"),
        ([b"gzip;q=0, deflate;q=0"], None),
        ([b"gzip;q=0, *"], b"deflate"),
        ([b"*"], b"gzip"),
        ([b"*;q=0"], None),
        ([b"deflate ; q=1 , gzip;q=much"], b"deflate"),
        ([b"deflate", b"gzip"], b"gzip"),
    ],
)
def test_the_coding_is_what_the_client_likes_best(accepted: list[bytes], coding: bytes | None) -> None:
    assert chosen([(b"host", b"a"), *((b"accept-encoding", value) for value in accepted)]) == coding
