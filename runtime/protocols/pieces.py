"""Pieces: a large body read, and a large answer written, a little at a time.

While one thread parses a megabyte of JSON, no other thread of the process runs: the parser holds Python's lock. Cut in
pieces, with a moment for others between them, the same work leaves the event loop free to answer short requests. Each
piece is a list of its own; where a cut was wrong, as inside a text, the piece is no JSON, and the body is read whole.
"""

import os
import re
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lading.runtime.errors import MalformedRequestError
from lading.runtime.protocols.body import parse

LARGE_BYTES = 1 << 20
"""From this size on a body is read in pieces."""
PIECE_BYTES = 64 * 1024
"""About what is parsed in half a millisecond."""
PIECE_VALUES = 1 << 13
"""Values of an answer that are written in less."""
MOMENT_SECONDS = 50e-6
"""Long enough for another thread to take the lock that this one gives up."""

MARK = os.urandom(12).hex()
"""How a text begins that stands for numbers; nobody outside knows it."""
_DATA = re.compile(rb'"data"\s*+:\s*+\[')
_NUMBER = frozenset({int, float, type(None)})


class Numbers(NamedTuple):
    """A list of numbers of a request."""

    values: NDArray[np.float64] | NDArray[np.int64]
    """All of them, flat: integers where none had a fraction, and NaN for null."""
    width: int | None
    """How many were in each of the lists that the list was of; None where it was one of numbers."""

    def floats(self, dtype: np.dtype[Any]) -> NDArray[Any] | None:
        """They as floats, made of doubles as those of a short list are; None where one is too large."""
        with np.errstate(over="ignore"):
            made = self.values.astype(np.float64, copy=False).astype(dtype, copy=False)
        return None if np.isinf(made).any() else made

    def integers(self, dtype: np.dtype[Any]) -> NDArray[Any] | None:
        """They as integers; None where one is none, or too large."""
        limits = np.iinfo(dtype)
        fit = self.values.dtype == np.int64 and self.values.min() >= limits.min and self.values.max() <= limits.max
        return self.values.astype(dtype) if fit else None


def pause() -> None:
    """Let other threads go on."""
    time.sleep(MOMENT_SECONDS)


def rows_in_pieces(body: bytes) -> Iterator[bytes]:
    """The pieces of a body that is a list of flat objects, none where it is no list; others make what is no JSON."""
    start, end = body.find(b"[") + 1, body.rfind(b"]")
    if start == 0 or body[: start - 1].strip() or body[end + 1 :].strip():
        return
    while (cut := body.find(b"},", start + PIECE_BYTES, end)) >= 0:
        yield b"[%b]" % body[start : cut + 1]
        pause()
        start = cut + 2
    yield b"[%b]" % body[start:end]


def numbers_apart(body: bytes) -> tuple[bytes, list[Numbers]]:
    """``body`` with a text for each long list of numbers under the name ``data``, and these lists.

    The text is ``MARK`` and the list's position. The lists may be of numbers, or of lists of numbers of one length.
    """
    parts, found, kept, start = [], list[Numbers](), 0, 0
    while (match := _DATA.search(body, start)) is not None:
        start = match.end()
        taken = _numbers(body, start)
        if taken is not None:
            numbers, end = taken
            parts += [body[kept : start - 1], b'"%b%d"' % (MARK.encode(), len(found))]
            found.append(numbers)
            kept = start = end
    return b"".join((*parts, body[kept:])), found


def put_back(tensors: Sequence[dict[str, Any]], found: Sequence[Numbers]) -> bool:
    """Put numbers in place of the texts that stand for them; whether every list found its place."""
    count = 0
    for tensor in tensors:
        data = tensor.get("data")
        if type(data) is str and data.startswith(MARK):
            tensor["data"] = found[int(data.removeprefix(MARK))]
            count += 1
    return count == len(found)


def joined(feeds: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """The graph's inputs for the rows of all pieces."""
    return {name: np.concatenate([piece[name] for piece in feeds]) for name in feeds[0]}


def _numbers(body: bytes, start: int) -> tuple[Numbers, int] | None:
    """The numbers of the list whose content begins at ``start``, and where the list ends; None for a short one."""
    nested = body[start : start + PIECE_BYTES].lstrip().startswith(b"[")
    made, width = list[NDArray[Any]](), None
    try:
        for piece, end in _pieces(body, start, nested):
            if end is not None and not made:
                return None  # it is short
            values, extent = _flat(parse(piece)) if nested else (parse(piece), None)
            if made and extent != width:
                return None
            part = _array(values)
            if part is None:
                return None
            made.append(part)
            width = extent
            if end is not None:
                return Numbers(np.concatenate(made), width), end
            pause()
    except MalformedRequestError:
        return None
    return None


def _pieces(body: bytes, start: int, nested: bool) -> Iterator[tuple[bytes, int | None]]:
    """The pieces of a list's content; with the last one comes where the list ends."""
    closing, separator = (b"]]", b"],") if nested else (b"]", b",")
    while True:
        end = body.find(closing, start, start + 2 * PIECE_BYTES)
        if end >= 0:
            end += len(closing)
            yield b"[%b]" % body[start : end - 1], end
            return
        cut = body.find(separator, start + PIECE_BYTES, start + 2 * PIECE_BYTES)
        if cut < 0:
            return
        cut += len(separator)
        yield b"[%b]" % body[start : cut - 1], None
        start = cut


def _flat(rows: Any) -> tuple[list[Any], int]:
    """Lists of one length as one, and that length. Raises ``MalformedRequestError``."""
    if set(map(type, rows)) != {list} or len(extents := set(map(len, rows))) != 1:
        raise MalformedRequestError("lists of several lengths")
    return list(chain.from_iterable(rows)), extents.pop()


def _array(values: list[Any]) -> NDArray[Any] | None:
    """The values as an array, if they are numbers, and at least one."""
    types = set(map(type, values))
    if not types or not types <= _NUMBER:
        return None
    if types == {int}:
        made = np.array(values)
        return made if made.dtype == np.int64 else None
    if type(None) in types:
        return np.array(values, np.float64)
    return np.frombuffer(array("d", values))
