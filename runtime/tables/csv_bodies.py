"""CSV bodies: rows as text with a header, as bytes that anybody may have sent."""

import io
import struct

import pyarrow as pa

from lading.runtime.tables.columns import Column
from lading.runtime.tables.csv_text import CsvError, batches, header_of
from lading.runtime.tables.problems import BrokenTableError


class CsvBody:
    """CSV with a header; every column is text, which the signature gives a type."""

    textual = True

    def __init__(self, body: bytes) -> None:
        self._body = body
        try:
            names = header_of(io.BytesIO(body))
        except CsvError as error:
            raise BrokenTableError("CSV", error.problem) from error
        self.columns = [Column(name, pa.string()) for name in names]

    def read(self, limit: int) -> pa.Table:
        """All of it, which takes no more room than the text does. Raises ``BrokenTableError``."""
        _check_text(self._body)
        try:
            found = list(batches(pa.BufferReader(self._body), [column.name for column in self.columns]))
        except CsvError as error:
            raise BrokenTableError("CSV", error.problem, error.row) from error
        return pa.Table.from_batches(found, pa.schema([(column.name, column.type) for column in self.columns]))


def _check_text(body: bytes) -> None:
    """Raise ``BrokenTableError`` where ``body`` is not UTF-8: Arrow's reader would say so to standard error."""
    bounds = pa.py_buffer(struct.pack("=qq", 0, len(body)))
    try:
        pa.Array.from_buffers(pa.large_binary(), 1, [None, bounds, pa.py_buffer(body)]).cast(pa.large_string())
    except pa.ArrowInvalid as error:
        raise BrokenTableError("CSV", "it is not UTF-8 text") from error
