"""The table reader: a table that came as the body of a request, as the tensors of one model."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from lading.bundles.signature import Field
from lading.bundles.tables.problems import DataColumnError
from lading.bundles.tables.types import column_of
from lading.bundles.tensors.values import NOUNS, Array, FieldError
from lading.runtime.errors import MalformedRequestError, shown
from lading.runtime.model import Feeds, Model
from lading.runtime.tables.arrow_bodies import ArrowBody
from lading.runtime.tables.columns import Column, is_list, is_number
from lading.runtime.tables.csv_bodies import CsvBody
from lading.runtime.tables.parquet_bodies import ParquetBody
from lading.runtime.tables.problems import UNREADABLE, BrokenTableError, LargeTableError
from lading.runtime.tables.row_values import values_of
from lading.runtime.tables.sizes import written_out


class Body(Protocol):
    """A table that has not been decoded yet."""

    textual: bool
    """Whether every column is text, which the signature gives a type."""

    columns: list[Column]

    def read(self, limit: int) -> pa.Table:
        """All of it. Raises ``BrokenTableError``, and ``LargeTableError`` before it takes more than ``limit`` bytes."""
        ...


BODIES: Mapping[str, Callable[[bytes], Body]] = {"Arrow": ArrowBody, "CSV": CsvBody, "Parquet": ParquetBody}


class TableReader:
    """Reads tables for one model: columns by name, in any order, under the rules that rows of JSON obey."""

    def __init__(self, model: Model, limit: int) -> None:
        self._encoder, self._limit = model.encoder, limit
        self._fields = {field.name: field for field in model.signature.fields}

    def read(self, body: bytes, kind: str) -> Feeds:
        """The graph's inputs for a table of a ``kind`` of ``BODIES``, which takes ``limit`` bytes at most once decoded.

        Raises ``FieldError``, ``MalformedRequestError``, ``BrokenTableError`` and ``LargeTableError``.
        """
        opened = BODIES[kind](body)
        names = [column.name for column in opened.columns if not self._is_index(column)]
        self._check_names(names)
        fields = [self._fields[name] for name in names]
        types = {column.name: column.type for column in opened.columns}
        try:
            for field in fields:
                _check_type(field, types[field.name])
            values = values_of(self._columns(opened), fields, opened.textual)
        except UNREADABLE as error:
            raise BrokenTableError(kind, str(error)) from error
        if opened.textual:
            _refuse_infinite(values)
        return self._encoder.encode(values)

    def _columns(self, opened: Body) -> dict[str, pa.Array]:
        table = opened.read(self._limit)
        columns = {column.name: _whole(found) for column, found in zip(opened.columns, table.columns, strict=True)}
        if sum(map(written_out, columns.values())) > self._limit:
            raise LargeTableError(self._limit)
        return columns

    def _is_index(self, column: Column) -> bool:
        return column.is_index and column.name not in self._fields

    def _check_names(self, names: Sequence[str]) -> None:
        if not names:
            raise MalformedRequestError("the table has no columns; send one for each field")
        name, count = Counter(names).most_common(1)[0]
        if count > 1:
            raise MalformedRequestError(f"the table has {count} columns {shown(name)}; send one", name)
        self._encoder.check_names(names)


def _check_type(field: Field, given: pa.DataType) -> None:
    """Raise ``FieldError`` where no value of the Arrow type ``given`` can be any field's."""
    if is_number(given):
        return
    if isinstance(given, pa.FixedShapeTensorType) and given.permutation not in (None, sorted(given.permutation or ())):
        raise FieldError(field.name, None, "holds tensors whose axes are permuted; send them in C order")
    while field.shape and is_list(given):
        given = given.value_type
    if isinstance(given, pa.BaseExtensionType):
        _check_type(field, given.storage_type)
        return
    try:
        column_of(field.name, str(given), given)
    except DataColumnError as error:
        raise FieldError(field.name, None, f"{error.found}; {error.remedy}") from None


def _refuse_infinite(columns: Mapping[str, Array]) -> None:
    """Raise ``FieldError`` for an infinity: text carries none, in neither direction."""
    for name, values in columns.items():
        found = values if values.dtype.kind == "f" else [value if type(value) is float else 0.0 for value in values]
        infinite = np.isinf(found)
        if infinite.any():
            row = int(infinite.argmax())
            problem = f"expected {NOUNS['number']}, found {values[row]}, which CSV does not carry; send Arrow"
            raise FieldError(name, row, problem)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.unify_dictionaries().chunks) if column.num_chunks else pa.array([], column.type)
