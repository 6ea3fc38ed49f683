"""The table: one view of training data, whichever library holds it."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lading.bundles.signature import Form
from lading.bundles.tables.arrow_source import ArrowSource
from lading.bundles.tables.cells import plain_numpy
from lading.bundles.tables.files import read_file
from lading.bundles.tables.numpy_source import ArraySource, TensorSource, source_of_calls
from lading.bundles.tables.problems import DataColumnError, DataFormError
from lading.bundles.tables.source import Source
from lading.bundles.tables.types import Column

BATCH_ROWS = 65_536
NAME_CHARACTERS = 1024

__all__ = ["BATCH_ROWS", "Column", "Table", "read_table", "table_of"]


class Table:
    """Columns of equal length, converted a batch of rows at a time; never the whole at once."""

    def __init__(self, source: Source) -> None:
        _check_names([column.name for column in source.columns])
        self._source = source
        self.columns: tuple[Column, ...] = source.columns
        self._places = {column.name: place for place, column in enumerate(source.columns)}
        self.rows: int = source.rows
        self.form: Form = source.form

    @property
    def original(self) -> Any:
        """The data as the library that it came from holds it: a frame, an array, or arrays by name."""
        return self._source.original

    def batches(self, rows: int = BATCH_ROWS) -> Iterator[Any]:
        """The table as pyarrow RecordBatches of ``rows`` rows, the last one shorter, however the data is chunked.

        Text is ``large_string``, a category a dictionary; where a row holds a tensor, a fixed-size list of its
        elements in C order. Raises ``DataColumnError`` for a value that its column cannot hold.
        """
        for start in range(0, self.rows, rows):
            stop = min(start + rows, self.rows)
            arrays = [self._listed(place, start, stop) for place in range(len(self.columns))]
            yield pa.RecordBatch.from_arrays(arrays, [column.name for column in self.columns])

    def spans(self, name: str, rows: int = BATCH_ROWS) -> Iterator[Any]:
        """One column as pyarrow arrays of ``rows`` rows each, the last one shorter; tensors flattened in C order."""
        place = self._place(name)
        for start in range(0, self.rows, rows):
            yield self._source.span(place, start, min(start + rows, self.rows))

    def take(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> "Table":
        """The rows at these positions, in this order."""
        return Table(self._source.take([int(row) for row in rows]))

    def select(self, names: Sequence[str]) -> "Table":
        """The columns with these names, in this order. Raises ``DataColumnError`` for one that is not there."""
        return Table(self._source.select([self._place(name) for name in names]))

    def without(self, *names: str) -> "Table":
        """All columns but these. Raises ``DataColumnError`` for one that is not there."""
        gone = {self._place(name) for name in names}
        return Table(self._source.select([place for place in range(len(self.columns)) if place not in gone]))

    def columns_as_numpy(self) -> dict[str, NDArray[Any]]:
        """Every column as ``feeds.encode`` takes it, shape ``[rows, *extents]``.

        Booleans, integers and numbers are numeric arrays (float64 with NaN where some are missing), text and
        categories object arrays with None for missing, dates and timestamps such arrays of ISO 8601 text.
        """
        return {column.name: self._numpy(column) for column in self.columns}

    def _numpy(self, column: Column) -> NDArray[Any]:
        parts = [plain_numpy(column, span) for span in self.spans(column.name)]
        whole = np.concatenate(parts) if parts else np.empty(0, dtype=object)
        return whole.reshape(self.rows, *column.shape)

    def _listed(self, place: int, start: int, stop: int) -> Any:
        span, column = self._source.span(place, start, stop), self.columns[place]
        width = int(np.prod(column.shape))
        return pa.FixedSizeListArray.from_arrays(span, width) if column.shape else span

    def _place(self, name: str) -> int:
        if name in self._places:
            return self._places[name]
        names = ", ".join(repr(column.name) for column in self.columns[:20])
        raise DataColumnError(name, "is not in the data", f"its columns are {names}")


def table_of(data: object, names: Sequence[str] | None = None) -> Table:
    """The table that ``data`` is: a pandas, polars or pyarrow table, a NumPy matrix, a file, arrays by name, or calls.

    Calls are a list of mappings from names to arrays, each as a graph takes it whole: a row is a call.

    A file is given by its path, and read as ``read_table`` does.
    ``names`` are those of a matrix's columns, ``x0``, ``x1`` and so on when not given.
    Raises ``DataFormError`` and ``DataColumnError`` for what cannot be taken, ``DataFileError`` for a file.
    """
    if isinstance(data, Table):
        return data
    if isinstance(data, str | os.PathLike):
        return read_table(Path(data))
    if isinstance(data, np.ndarray):
        width = data.shape[1] if data.ndim == 2 else 0
        return Table(ArraySource(data, [f"x{place}" for place in range(width)] if names is None else list(names)))
    if names is not None:
        raise DataFormError("a table with names of its own", "rename its columns instead of passing names")
    return Table(_source_of(data))


def read_table(path: Path) -> Table:
    """A CSV, Parquet or Arrow file, by the end of its name; CSV columns have the types that their values look like.

    Raises ``DataFileError``, ``DataFormError`` and ``DataColumnError``.
    """
    return Table(ArrowSource(read_file(path)))


def _source_of(data: object) -> Source:
    for library, make in (("pandas", _from_pandas), ("polars", _from_polars)):
        if library in sys.modules and (source := make(data)) is not None:
            return source
    if isinstance(data, pa.RecordBatch):
        return ArrowSource(pa.Table.from_batches([data]))
    if isinstance(data, pa.Table):
        return ArrowSource(data)
    if isinstance(data, Mapping) and data and all(isinstance(value, np.ndarray) for value in data.values()):
        return TensorSource(data)
    if isinstance(data, list) and data and all(isinstance(call, Mapping) for call in data):
        return source_of_calls(data)
    raise DataFormError(
        f"a {type(data).__module__}.{type(data).__qualname__}",
        "give a pandas, polars or pyarrow table, a NumPy array of two dimensions, the path of a file, a mapping from "
        "names to arrays, or a list of such mappings where a graph takes its arrays whole",
    )


def _from_pandas(data: object) -> Source | None:
    import pandas as pd  # only where the data may be pandas' own, since it is slow to import

    from lading.bundles.tables.pandas_source import PandasSource

    return PandasSource(data) if isinstance(data, pd.DataFrame) else None


def _from_polars(data: object) -> Source | None:
    import polars as pl  # only where the data may be polars' own, since few installations have it

    from lading.bundles.tables.polars_source import PolarsSource

    return PolarsSource(data) if isinstance(data, pl.DataFrame) else None


def _check_names(names: Sequence[object]) -> None:
    if not names:
        raise DataFormError("a table without columns", "give at least one")
    seen: set[str] = set()
    for name in names:
        if not isinstance(name, str) or not 1 <= len(name) <= NAME_CHARACTERS or not _is_unicode(name):
            raise DataFormError(f"a table with a column named {name!r}", "name it by a text of 1 to 1024 characters")
        if name in seen:
            raise DataColumnError(name, "is there twice", "give each column a name of its own")
        seen.add(name)


def _is_unicode(name: str) -> bool:
    """Whether the name is more than what Python lets pass: half of a surrogate pair has no place in JSON."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)
