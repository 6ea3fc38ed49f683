"""Types: the few Arrow types that every kind of table is brought to, and what they are to the user."""

from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.types as kinds

from lading.bundles.signature import FieldType
from lading.bundles.tables.problems import DataColumnError

CategoryType = Literal["boolean", "integer", "number", "string"]

TEXT = pa.large_string()

TEXT_TYPES = (kinds.is_string, kinds.is_large_string, kinds.is_string_view, kinds.is_null)
"""A column of nothing but nulls is text that is always missing, as an empty column of a CSV file is."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    type: FieldType
    dtype: str
    """In the words of the library that holds the data."""
    canonical: str
    """The type that the data digest states, as docs/data-digest.md lists them."""
    arrow: Any
    """The Arrow type of its batches; of single elements where a row holds a tensor."""
    category_type: CategoryType | None = None
    shape: tuple[int, ...] = ()
    """The extents of one row's value."""


def column_of(name: str, dtype: str, given: Any, shape: tuple[int, ...] = ()) -> Column:
    """The column for values of the Arrow type ``given``. Raises ``DataColumnError`` for a type that is not taken."""
    arrow = plain_type(name, given)
    kind = _field_type(arrow)
    if kind is None:
        raise DataColumnError(name, f"holds values of type {given}", _remedy(given))
    category = _category_type(arrow.value_type) if kinds.is_dictionary(arrow) else None
    extents = f"[{','.join(map(str, shape))}]" if shape else ""
    return Column(name, kind, dtype, _canonical(arrow) + extents, arrow, category, shape)


def plain_type(name: str, given: Any) -> Any:
    """The type that ``plain`` brings values of the Arrow type ``given`` to; for those that are not taken, itself."""
    if kinds.is_dictionary(given):
        values = plain_type(name, given.value_type)
        if _category_type(values) is None:
            raise DataColumnError(name, f"holds categories of type {given.value_type}", "make them text or numbers")
        return pa.dictionary(pa.int32(), values)
    if any(is_text(given) for is_text in TEXT_TYPES):
        return TEXT
    return pa.date32() if kinds.is_date(given) else given


def plain(array: Any, wanted: Any) -> Any:
    """``array`` in the plain type ``wanted``; no copy where it has it already."""
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks == 1 else pa.concat_arrays(array.chunks)
    if array.type == wanted:
        return array
    if not kinds.is_dictionary(array.type):
        return array.cast(wanted)
    if array.dictionary.null_count:
        array = array.dictionary_decode().dictionary_encode()
    return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), array.dictionary.cast(wanted.value_type))


def _field_type(arrow: Any) -> FieldType | None:
    if kinds.is_dictionary(arrow):
        return "category"
    if kinds.is_timestamp(arrow) or kinds.is_date(arrow):
        return "datetime"
    return _category_type(arrow)


def _category_type(arrow: Any) -> CategoryType | None:
    if kinds.is_boolean(arrow):
        return "boolean"
    if kinds.is_integer(arrow):
        return "integer"
    if kinds.is_floating(arrow):
        return "number"
    return "string" if arrow == TEXT else None


def _canonical(arrow: Any) -> str:
    """Parquet keeps categories of text and turns categories of numbers into the numbers, so the digest does too."""
    if kinds.is_dictionary(arrow):
        return "category" if arrow.value_type == TEXT else _canonical(arrow.value_type)
    if kinds.is_timestamp(arrow):
        return "timestamp" if arrow.tz is None else f"timestamp[{arrow.tz}]"
    names = {TEXT: "string", pa.bool_(): "boolean", pa.date32(): "date", pa.float16(): "float16"}
    return names.get(arrow) or {"float": "float32", "double": "float64"}.get(str(arrow), str(arrow))


def _remedy(arrow: Any) -> str:
    if kinds.is_decimal(arrow):
        return "convert them to float64, as the model sees them"
    if kinds.is_nested(arrow):
        return "give each part a column of its own"
    if kinds.is_duration(arrow) or kinds.is_time(arrow):
        return "convert them to a number of seconds"
    return "convert them to numbers, booleans or text, or leave the column out"
