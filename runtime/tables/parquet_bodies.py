"""Parquet bodies: tables in Parquet, read from bytes that anybody may have sent.

What a body becomes once it is decoded is told from the headers of its pages, before anything is decoded. They are read
here, since pyarrow ends the process when it is asked about metadata that is wrong.
"""

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet

from lading.runtime.tables.columns import columns_of, is_text
from lading.runtime.tables.problems import UNREADABLE, BrokenTableError, LargeTableError
from lading.runtime.tables.thrift import INT, LIST, LONG, STRUCT, Struct, read_struct

MAGIC = b"PAR1"

MOST_PAGES = 16_384
"""Each of them takes some time, however small it is."""

MOST_METADATA = 500_000
"""Values in the metadata; a column has some forty in each group of rows."""

MOST_IN_HEADER = 100
"""Values in the header of a page; what is written has a dozen."""

LONGEST_TEXT = 16 << 20
MOST_ITEMS = 100_000
"""Of any text and any list in the metadata."""

# The fields that are read, by their ids and kinds; https://github.com/apache/parquet-format, parquet.thrift.
ROW_GROUPS, COLUMNS, COLUMN = (4, LIST), (1, LIST), (3, STRUCT)
COLUMN_VALUES, COLUMN_SIZE, DATA_START, DICTIONARY_START = (5, LONG), (7, LONG), (9, LONG), (11, LONG)
DECODED_SIZE, PAGE_SIZE = (2, INT), (3, INT)
DATA_PAGES = ((5, STRUCT), (8, STRUCT))
VALUES = (1, INT)


class Page(NamedTuple):
    """What one page becomes."""

    size: int
    values: int


class ParquetBody:
    """A Parquet file."""

    textual = False

    def __init__(self, body: bytes) -> None:
        self._body = body
        try:
            self.columns = columns_of(self._open().schema_arrow)
        except UNREADABLE as error:
            raise BrokenTableError("Parquet", str(error)) from error

    def _open(self, texts: list[str] | None = None) -> Any:
        return pa.parquet.ParquetFile(
            pa.BufferReader(self._body),
            read_dictionary=texts,
            pre_buffer=False,
            thrift_string_size_limit=LONGEST_TEXT,
            thrift_container_size_limit=MOST_ITEMS,
        )

    def read(self, limit: int) -> pa.Table:
        """All of it; raises ``LargeTableError`` before it decodes more than ``limit`` bytes, and ``BrokenTableError``."""
        # As categories each text is made once, however many values say it.
        texts = [column.name for column in self.columns if is_text(column.type)]
        try:
            file = self._open(texts)
            _check(file.metadata.num_rows, pages(memoryview(self._body)), limit)
            table = file.read(use_threads=False)
            table.validate(full=True)
        except UNREADABLE as error:
            raise BrokenTableError("Parquet", str(error)) from error
        except MemoryError as error:
            raise LargeTableError(limit) from error
        return table


def _check(rows: int, found: Iterator[Page], limit: int) -> None:
    size, values = 0, rows
    for number, page in enumerate(found):
        if number >= MOST_PAGES:
            raise BrokenTableError("Parquet", f"it has more than {MOST_PAGES} pages; write fewer, larger ones")
        size, values = size + page.size, values + page.values
        if max(size, values) > limit:
            break
    if max(size, values) > limit:
        raise LargeTableError(limit)


def pages(body: memoryview) -> Iterator[Page]:
    """All pages of all columns. Raises ``struct.error`` or ``IndexError`` where the metadata is wrong."""
    tail = len(body) - len(MAGIC) - 4
    length = int.from_bytes(body[tail : tail + 4], "little")
    metadata, _ = read_struct(body[tail - length : tail], 0, MOST_METADATA)
    for group in _structs(metadata, ROW_GROUPS):
        for chunk in _structs(group, COLUMNS):
            column = chunk.get(COLUMN)
            if isinstance(column, dict):
                yield from _pages_of(body, column)


def _pages_of(body: memoryview, column: Struct) -> Iterator[Page]:
    """The pages of one column in one group of rows."""
    position, dictionary = _number(column, DATA_START), column.get(DICTIONARY_START)
    if isinstance(dictionary, int) and 0 < dictionary < position:
        position = dictionary
    end, left = position + _number(column, COLUMN_SIZE), _number(column, COLUMN_VALUES)
    while position < end and left > 0:
        header, position = read_struct(body, position, MOST_IN_HEADER)
        values = sum(_number(part, VALUES) for part in map(header.get, DATA_PAGES) if isinstance(part, dict))
        yield Page(_number(header, DECODED_SIZE), values)
        position += _number(header, PAGE_SIZE)
        left -= values


def _structs(told: Struct, field: tuple[int, int]) -> Iterator[Struct]:
    listed = told.get(field)
    return (part for part in listed if isinstance(part, dict)) if isinstance(listed, list) else iter(())


def _number(told: Struct, field: tuple[int, int]) -> int:
    """A size, a count or a place. Raises ``struct.error`` where there is none, or less than none."""
    found = told.get(field)
    if not isinstance(found, int) or found < 0:
        raise struct.error("a page or a column does not say where it is, and how large")
    return found
