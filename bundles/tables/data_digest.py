"""The data digest: the identity of a table's full content, whatever holds the table.

``docs/data-digest.md`` defines it; a change here is a change of the bundle format.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow.types as kinds
from numpy.typing import NDArray
from pydantic import JsonValue

from lading.bundles.canonical import canonical_json
from lading.bundles.digest import digest_of
from lading.bundles.tables.cells import moments, numbers, present, texts
from lading.bundles.tables.table import Column, Table
from lading.bundles.tables.types import TEXT

DATA_FORMAT = "lading-table-1"
"""What the digest states itself to be, so that no other document has the same bytes."""


def data_digest(table: Table) -> str:
    """The digest of every cell, name and type of ``table``, in the order of its rows and columns.

    Independent of how the rows are chunked and of the library or file that holds them. Reads a batch at a time.
    Raises ``DataColumnError`` for a value that its column cannot hold.
    """
    columns: list[JsonValue] = [
        {"name": column.name, "streams": _streams(table, column), "type": column.canonical} for column in table.columns
    ]
    return digest_of(canonical_json({"columns": columns, "format": DATA_FORMAT, "rows": table.rows}))


def _streams(table: Table, column: Column) -> dict[str, JsonValue]:
    """The SHA-256 of each of a column's byte streams, by the stream's name."""
    hashes = {name: hashlib.sha256() for name in _names(column)}
    for span in table.spans(column.name):
        for name, data in _parts(span):
            hashes[name].update(data)
    return {name: made.hexdigest() for name, made in hashes.items()}


def _names(column: Column) -> tuple[str, ...]:
    match column.type, column.category_type:
        case ("string", _) | ("category", "string"):
            return ("present", "lengths", "text")
        case ("datetime", _):
            return ("present", "seconds", "nanoseconds")
        case _:
            return ("present", "values")


def _parts(span: Any) -> Iterator[tuple[str, Any]]:
    if kinds.is_dictionary(span.type):
        span = span.dictionary_decode()
    there = present(span)
    yield "present", there.view(np.uint8)
    if span.type == TEXT:
        lengths, text = texts(span)
        yield "lengths", lengths.astype("<u8", copy=False)
        yield "text", text
    elif kinds.is_timestamp(span.type) or kinds.is_date(span.type):
        seconds, nanoseconds = moments(span)
        yield "seconds", seconds.astype("<i8", copy=False)
        yield "nanoseconds", nanoseconds.astype("<u4", copy=False)
    else:
        yield "values", _fixed(numbers(span), there)


def _fixed(values: NDArray[Any], there: NDArray[np.bool_]) -> NDArray[Any]:
    """The values in little-endian order, all bits zero where nothing is there."""
    if not there.all():
        values = np.where(there, values, np.zeros(1, dtype=values.dtype))
    little = values.dtype.newbyteorder("<")
    return np.ascontiguousarray(values.astype(little, copy=False)).view(np.uint8)
