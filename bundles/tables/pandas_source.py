"""pandas: a frame, each column by its dtype."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from lading.bundles.signature import Form
from lading.bundles.tables.numpy_source import array_span, arrow_type
from lading.bundles.tables.objects import object_type
from lading.bundles.tables.problems import DataColumnError, DataFormError
from lading.bundles.tables.types import Column, column_of, plain

EXTENSIONS = (pd.StringDtype, pd.ArrowDtype, pd.DatetimeTZDtype, pd.BooleanDtype)


class PandasSource:
    """A pandas DataFrame; its index is not data."""

    form: Form = "frame"

    def __init__(self, frame: pd.DataFrame, columns: Sequence[Column] | None = None) -> None:
        if frame.columns.nlevels > 1:
            raise DataFormError("a frame with several levels of column names", "give it one level")
        self.original, self.rows = frame, len(frame)
        made = (_column(name, frame.iloc[:, place]) for place, name in enumerate(frame.columns))
        self.columns = tuple(made if columns is None else columns)

    def span(self, position: int, start: int, stop: int) -> Any:
        """Rows ``start`` to ``stop`` of a column."""
        column, series = self.columns[position], self.original.iloc[:, position]
        if isinstance(series.dtype, np.dtype):
            return array_span(column, series.to_numpy()[start:stop])
        values = series.array[start:stop]
        if isinstance(values, pd.Categorical):
            codes = pa.array(values.codes, mask=values.codes < 0)
            return plain(pa.DictionaryArray.from_arrays(codes, _categories(values.categories)), column.arrow)
        return plain(pa.array(values), column.arrow)

    def take(self, rows: Sequence[int]) -> "PandasSource":
        """The rows at these positions."""
        return PandasSource(self.original.iloc[list(rows)], self.columns)

    def select(self, positions: Sequence[int]) -> "PandasSource":
        """The columns at these positions."""
        return PandasSource(self.original.iloc[:, list(positions)], [self.columns[place] for place in positions])


def _column(name: str, series: "pd.Series[Any]") -> Column:
    return column_of(name, str(series.dtype), _arrow_type(name, series))


def _arrow_type(name: str, series: "pd.Series[Any]") -> Any:
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return arrow_type(name, series.to_numpy())
    if isinstance(dtype, pd.CategoricalDtype):
        if dtype.categories.dtype == object:
            object_type(name, dtype.categories.to_numpy())
        return pa.dictionary(pa.int32(), _categories(dtype.categories).type)
    if isinstance(dtype, EXTENSIONS) or (
        pd.api.types.is_numeric_dtype(dtype) and not isinstance(dtype, pd.SparseDtype)
    ):
        return pa.array(series.array[:0]).type
    raise DataColumnError(name, f"has the type {dtype}", "convert it to numbers, booleans or text")


def _categories(categories: "pd.Index[Any]") -> Any:
    values = pa.array(categories, from_pandas=True)
    return plain(values, values.type)
