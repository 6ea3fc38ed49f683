"""Arrow bodies: tables in Arrow's IPC formats, read from bytes that anybody may have sent.

What a body becomes once it is decoded is told from its messages, before anything is decoded.
"""

import struct
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from lading.runtime.tables.columns import columns_of
from lading.runtime.tables.flatbuffer import BYTE, INT64, Table
from lading.runtime.tables.problems import UNREADABLE, BrokenTableError, LargeTableError

MAGIC = b"ARROW1"
"""What a file begins and ends with, and no stream can."""

MOST_MESSAGES = 16_384
"""Batches of rows and of categories; each of them takes some time, however small it is."""

CATEGORIES, ROWS = 2, 3
"""The kinds of messages that have a body: batches of a dictionary, and of rows."""

BUFFER = struct.Struct("<qq")
"""Where a buffer begins, and its length."""

BLOCK = struct.Struct("<qi4xq")
"""Where a message begins, the length of its metadata, and of its body."""

AS_IT_IS = -1
"""What stands before a buffer in a compressed body that is not compressed itself."""


class ArrowBody:
    """A stream, or a file, whichever it is."""

    textual = False

    def __init__(self, body: bytes) -> None:
        self._buffer = pa.py_buffer(body)
        self._is_file = body.startswith(MAGIC)
        try:
            self._reader: Any = (pa.ipc.open_file if self._is_file else pa.ipc.open_stream)(self._buffer)
            self.columns = columns_of(self._reader.schema)
        except UNREADABLE as error:
            raise BrokenTableError("Arrow", str(error)) from error

    def read(self, limit: int) -> pa.Table:
        """All of it; raises ``LargeTableError`` before it decodes more than ``limit`` bytes, and ``BrokenTableError``."""
        try:
            if sum(map(_decoded_bytes, self._messages())) > limit:
                raise LargeTableError(limit)
            table = self._reader.read_all()
            table.validate(full=True)
        except UNREADABLE as error:
            raise BrokenTableError("Arrow", str(error)) from error
        except MemoryError as error:
            raise LargeTableError(limit) from error
        return table

    def _messages(self) -> Iterator[Any]:
        """The messages, ``MOST_MESSAGES`` at most."""
        for number, message in enumerate(self._in_file() if self._is_file else self._in_stream()):
            if number >= MOST_MESSAGES:
                raise BrokenTableError("Arrow", f"it has more than {MOST_MESSAGES} batches; send fewer, larger ones")
            yield message

    def _in_stream(self) -> Iterator[Any]:
        return iter(pa.ipc.MessageReader.open_stream(self._buffer))

    def _in_file(self) -> Iterator[Any]:
        """Those that the footer names; it stands before its own length and the magic."""
        tail = self._buffer.size - len(MAGIC) - 4
        length = int.from_bytes(self._buffer.slice(tail, 4), "little")
        footer = Table.root(memoryview(self._buffer)[tail - length : tail])
        for field in (2, 3):  # dictionaries, record batches
            for start, metadata, size in footer.structs(field, BLOCK):
                yield pa.ipc.read_message(self._buffer.slice(start, metadata + size))


def _decoded_bytes(message: Any) -> int:
    """What the buffers of a message take once they are decoded; overlapping ones count each by itself."""
    told = Table.root(memoryview(message.metadata))
    kind, batch = told.number(1, BYTE), told.table(2)
    if batch is not None and kind == CATEGORIES:
        batch = batch.table(1)
    if batch is None or message.body is None or kind not in (CATEGORIES, ROWS):
        return 0
    compressed, body = batch.table(3) is not None, memoryview(message.body)
    return sum(_decoded(body, start, length, compressed) for start, length in batch.structs(2, BUFFER))


def _decoded(body: memoryview, start: int, length: int, compressed: bool) -> int:
    if not compressed or length <= 0:
        return max(0, length)
    (size,) = INT64.unpack_from(body, start)
    return length if size == AS_IT_IS else size & (2**64 - 1)  # a negative one is no size; it is too large either way
