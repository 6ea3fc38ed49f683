"""Columns: what a table says of them before it is decoded."""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.types as kinds


class Column(NamedTuple):
    """One column."""

    name: str
    type: pa.DataType


def columns_of(schema: pa.Schema) -> list[Column]:
    """Those of a schema; raises ``UnicodeDecodeError`` for a name that is not UTF-8."""
    return [Column(field.name, field.type) for field in schema]


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of that type holds text that its offsets tell apart."""
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind))


def is_list(kind: pa.DataType) -> bool:
    """Whether a column of that type holds lists, one after the other."""
    return bool(kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind))


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of that type holds integers or floats."""
    return bool(kinds.is_floating(kind) or kinds.is_integer(kind))
