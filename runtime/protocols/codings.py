"""Codings: gzip and deflate, read within a limit, written, and chosen by what a client accepts."""

import zlib
from collections.abc import Mapping
from functools import lru_cache

from lading.runtime.errors import BodyTooLargeError, BrokenCodingError
from lading.runtime.protocols.head import ACCEPTED_CODINGS, Headers

WINDOWS: Mapping[bytes, int] = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}
"""zlib's word for each coding that is read; HTTP's deflate is zlib's own format."""
WRITTEN = (b"gzip", b"deflate")
"""The codings of answers, the better first where a client likes them alike."""
LEVEL = 1
"""Higher ones take two to three times as long and save a fiftieth of what numbers take."""


def decoded(body: bytes, coding: bytes, limit: int) -> bytes:
    """``body`` without its ``coding``, of which no more than ``limit`` bytes are made.

    Raises ``BodyTooLargeError`` when there are more, ``BrokenCodingError`` when it is no whole stream of that coding.
    """
    stream = zlib.decompressobj(WINDOWS[coding])
    try:
        found = stream.decompress(body, limit + 1)
    except zlib.error:
        raise BrokenCodingError(coding.decode()) from None
    if len(found) > limit:
        raise BodyTooLargeError(limit)
    if not stream.eof or stream.unused_data:
        raise BrokenCodingError(coding.decode())
    return found


def encoded(body: bytes, coding: bytes) -> bytes:
    """``body`` in ``coding``."""
    return zlib.compress(body, LEVEL, WINDOWS[coding])


def chosen(headers: Headers) -> bytes | None:
    """The coding that a client with these ``headers`` likes best of those that are written; None for none."""
    accepted = b",".join([value for name, value in headers if name == ACCEPTED_CODINGS])
    return _best(accepted) if accepted else None


@lru_cache(maxsize=64)
def _best(accepted: bytes) -> bytes | None:
    weights = dict(_weighed(part) for part in accepted.lower().split(b","))
    best = max(WRITTEN, key=lambda coding: _weight(weights, coding))
    return best if _weight(weights, best) > 0 else None


def _weighed(part: bytes) -> tuple[bytes, float]:
    coding, *parameters = [piece.strip() for piece in part.split(b";")]
    quality = next((value[2:] for value in parameters if value.startswith(b"q=")), b"1")
    try:
        return coding, float(quality)
    except ValueError:
        return coding, 0.0


def _weight(weights: Mapping[bytes, float], coding: bytes) -> float:
    return weights.get(coding, weights.get(b"*", 0.0))
