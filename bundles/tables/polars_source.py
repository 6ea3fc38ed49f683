"""polars: a frame, handed over by Arrow."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from lading.bundles.signature import Form
from lading.bundles.tables.problems import DataColumnError
from lading.bundles.tables.types import Column, column_of, plain


class PolarsSource:
    """A polars DataFrame."""

    form: Form = "frame"

    def __init__(self, frame: pl.DataFrame, columns: Sequence[Column] | None = None) -> None:
        self.original, self.rows = frame, frame.height
        made = (_column(series) for series in frame.get_columns())
        self.columns = tuple(made if columns is None else columns)

    def span(self, position: int, start: int, stop: int) -> Any:
        """Rows ``start`` to ``stop`` of a column."""
        values = self.original.to_series(position).slice(start, stop - start)
        return plain(values.to_arrow(), self.columns[position].arrow)

    def take(self, rows: Sequence[int]) -> "PolarsSource":
        """The rows at these positions."""
        return PolarsSource(self.original[list(rows)], self.columns)

    def select(self, positions: Sequence[int]) -> "PolarsSource":
        """The columns at these positions."""
        chosen = [self.columns[place] for place in positions]
        return PolarsSource(self.original.select([column.name for column in chosen]), chosen)


def _column(series: pl.Series) -> Column:
    if series.dtype == pl.Object:
        raise DataColumnError(series.name, "holds Python objects", "make all of its values text, or all numbers")
    return column_of(series.name, str(series.dtype), series.slice(0, 0).to_arrow().type)
