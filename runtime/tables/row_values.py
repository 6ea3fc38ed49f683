"""Row values: the columns of a file as the arrays that a model's fields take."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from lading.bundles.signature import Field
from lading.bundles.tables.cells import objects, plain_numpy
from lading.bundles.tables.files import NULLS
from lading.bundles.tables.types import TEXT, column_of, plain
from lading.bundles.tensors.rules import closed, fits
from lading.bundles.tensors.values import NOUNS, Array, FieldError, Kind, kind_of, object_array

BOOLEANS = {"true": 1.0, "1": 1.0, "1.0": 1.0, "false": 0.0, "0": 0.0, "0.0": 0.0}


def values_of(columns: Mapping[str, pa.Array], fields: Sequence[Field], textual: bool) -> dict[str, Array]:
    """The columns of ``fields``, by name, as ``feeds.encode`` takes them: one array ``[rows, *extents]`` for each.

    With ``textual`` every column is text, and becomes what its field is. Raises ``FieldError``, and ``DataColumnError``
    for a column of a type that no field has.
    """
    if textual:
        return {field.name: _from_text(columns[field.name], field) for field in fields}
    return {field.name: _from_typed(columns[field.name], field) for field in fields}


def _from_text(column: pa.Array, field: Field) -> Array:
    if field.shape:
        raise FieldError(field.name, None, "is a tensor, which CSV cannot hold; send Parquet or Arrow with lists")
    kind = kind_of(field)
    if kind in ("number", "integer") and (plain := _plain_numbers(column, kind)) is not None:
        return plain
    column = _without_missing(column, field)
    if kind in ("number", "integer"):
        return _numbers(column, field, kind)
    if kind == "boolean":
        return _parsed(column, field, BOOLEANS)
    return _objects(column)


def _without_missing(column: pa.Array, field: Field) -> pa.Array:
    """Null where the text stands for a missing value: not where the field knows it, or is text that is never missing."""
    kind = kind_of(field)
    if kind == "string" and not field.nullable:
        return column
    absent = set(NULLS)
    if kind == "string":
        absent -= {"", *(field.categories or ())}  # an empty cell is null already, an empty text in quotes is text
    return pc.if_else(pc.is_in(column, pa.array(sorted(absent))), pa.scalar(None, pa.string()), column)


def _plain_numbers(column: pa.Array, kind: Kind) -> Array | None:
    """The numbers that all cells are; None where one is something else, or has something around it."""
    if kind == "integer" and pc.any(pc.match_substring(column, "x", ignore_case=True)).as_py():
        return None  # Arrow would read 0x1F
    found = _cast(column, pa.int64() if kind == "integer" else pa.float64())
    return None if found is None else _typed_numbers(found)


def _numbers(column: pa.Array, field: Field, kind: Kind) -> Array:
    trimmed = pc.utf8_trim_whitespace(column)
    if (plain := _plain_numbers(trimmed, kind)) is not None:
        return plain
    found = _cast(trimmed, pa.float64())
    # A float64 would round integers beyond 2^53, so those are read one by one.
    if found is None or (kind == "integer" and pc.any(pc.greater(pc.abs(found), 2**53)).as_py()):
        return _number_by_number(trimmed, field, kind)
    return _typed_numbers(found)


def _cast(column: pa.Array, wanted: pa.DataType) -> pa.Array | None:
    try:
        return pc.cast(column, wanted)
    except pa.ArrowInvalid:
        return None


def _number_by_number(column: pa.Array, field: Field, kind: Kind) -> Array:
    """What Arrow does not read or would round, or the first value that is no number at all."""
    values: list[int | float | None] = []
    for row, text in enumerate(column.to_pylist()):
        try:
            values.append(None if text is None else _number(text, kind))
        except ValueError:
            raise FieldError(field.name, row, f"expected {NOUNS[kind]}, found {text[:64]!r}") from None
    return object_array(values)


def _number(text: str, kind: Kind) -> int | float:
    if not text.isascii() or "_" in text:  # Python would read 1_000
        raise ValueError
    if kind == "integer" and text.removeprefix("-").removeprefix("+").isdigit():
        return int(text)
    return float(text)


def _parsed(column: pa.Array, field: Field, known: Mapping[str, float]) -> Array:
    texts = column.to_pylist()
    values = [math.nan if text is None else known.get(text.strip().lower(), None) for text in texts]
    if None in values:
        row = values.index(None)
        raise FieldError(field.name, row, f"expected {NOUNS['boolean']}, found {texts[row][:64]!r}")
    return np.array(values, dtype=np.float64)


def _from_typed(column: pa.Array, field: Field) -> Array:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if field.shape:
        return _tensor(column, field)
    kind = column.type
    if not column.null_count and (kinds.is_floating(kind) or kinds.is_integer(kind) or kinds.is_boolean(kind)):
        return _typed_numbers(column)
    described = column_of(field.name, str(kind), kind)
    if kinds.is_dictionary(kind):
        return _from_dictionary(plain(column, described.arrow))
    if described.arrow == TEXT:
        return _from_dictionary(plain(column, TEXT).dictionary_encode())
    return plain_numpy(described, plain(column, described.arrow))


def _from_dictionary(column: pa.DictionaryArray) -> Array:
    """The values of categories, or of texts; each is made once, however many cells have it."""
    known = object_array([*objects(column.dictionary), None])
    found: Array = known[column.indices.fill_null(len(known) - 1).to_numpy()]
    return found


def _typed_numbers(column: pa.Array) -> Array:
    if column.null_count and not pa.types.is_floating(column.type):
        return _objects(column)
    values: Array = column.to_numpy(zero_copy_only=False)
    return values


def _tensor(column: pa.Array, field: Field) -> Array:
    """Lists as one array: nested, or flat where no extent is open."""
    rows, found = len(column), list[int]()
    while hasattr(column.type, "value_type") and not kinds.is_dictionary(column.type):
        if column.null_count:
            raise FieldError(field.name, None, "holds null where a list is expected")
        lengths = pc.unique(pc.list_value_length(column)).to_pylist()
        if len(lengths) > 1:
            listed = " and ".join(map(str, sorted(lengths)[:2]))
            raise FieldError(field.name, None, f"holds lists of {listed} values; give lists of one length")
        found.extend(lengths)
        column = column.flatten()
    known = closed(field.shape)
    nested = (*found, *(() if len(column) else known[len(found) :]))
    shape = known if known == field.shape else nested
    turned = len(column) > 0 and known == field.shape and tuple(found) not in (known, (math.prod(known),))
    if turned or not fits(field.shape, shape) or len(column) != rows * math.prod(shape):
        expected, given = (" by ".join(map(str, extents)) for extents in (field.shape, found))
        raise FieldError(field.name, None, f"expected lists of {expected} values, found {given or 'no lists'}")
    return _typed_numbers(column).reshape(rows, *shape)


def _objects(column: pa.Array) -> Array:
    if pa.types.is_string(column.type):
        return _from_dictionary(column.dictionary_encode())
    return object_array(column.to_pylist())
