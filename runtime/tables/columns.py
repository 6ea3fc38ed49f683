"""Columns: what a table says of them before it is decoded."""

from typing import NamedTuple

import orjson
import pyarrow as pa
import pyarrow.types as kinds

PANDAS = b"pandas"
"""Under which pandas keeps in a table's metadata what it needs to make a data frame of it."""


class Column(NamedTuple):
    """One column."""

    name: str
    type: pa.DataType
    is_index: bool = False
    """Whether pandas says that it is the index of a data frame."""


def columns_of(schema: pa.Schema) -> list[Column]:
    """Those of a schema; raises ``UnicodeDecodeError`` for a name that is not UTF-8."""
    told = orjson.loads(schema.metadata[PANDAS]) if schema.metadata and PANDAS in schema.metadata else None
    index = told.get("index_columns") if isinstance(told, dict) else None
    listed = index if isinstance(index, list) else []
    return [Column(field.name, field.type, field.name in listed) for field in schema]


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of that type holds text that its offsets tell apart."""
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind))


def is_list(kind: pa.DataType) -> bool:
    """Whether a column of that type holds lists, one after the other."""
    return bool(kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind))


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of that type holds integers or floats."""
    return bool(kinds.is_floating(kind) or kinds.is_integer(kind))
