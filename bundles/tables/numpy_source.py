"""NumPy: one matrix whose columns are fields, or a tensor for each field."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lading.bundles.signature import Form
from lading.bundles.tables.objects import object_array, object_type
from lading.bundles.tables.problems import DataColumnError, DataFormError
from lading.bundles.tables.types import Column, column_of, plain

Array = NDArray[Any]


class ArraySource:
    """A matrix ``[rows, columns]``."""

    form: Form = "array"

    def __init__(self, array: Array, names: Sequence[str], columns: Sequence[Column] | None = None) -> None:
        if array.ndim != 2:
            raise DataFormError(f"an array of {array.ndim} dimensions", "give one of two: rows and columns")
        if len(names) != array.shape[1]:
            raise DataFormError(f"an array of {array.shape[1]} columns with {len(names)} names", "name each column")
        refuse_masked(array)
        self.original, self.rows = array, len(array)
        made = columns is None and (array_column(name, array[:, place]) for place, name in enumerate(names))
        self.columns = tuple(columns if columns is not None else made or ())

    def span(self, position: int, start: int, stop: int) -> Any:
        """Rows ``start`` to ``stop`` of a column."""
        return array_span(self.columns[position], self.original[start:stop, position])

    def take(self, rows: Sequence[int]) -> "ArraySource":
        """The rows at these positions."""
        return self._with(self.original[np.asarray(rows, dtype=np.intp)], self.columns)

    def select(self, positions: Sequence[int]) -> "ArraySource":
        """The columns at these positions."""
        return self._with(self.original[:, list(positions)], [self.columns[place] for place in positions])

    def _with(self, array: Array, columns: Sequence[Column]) -> "ArraySource":
        return ArraySource(array, [column.name for column in columns], columns)


class TensorSource:
    """Arrays by name, each ``[rows, *extents]``."""

    form: Form = "tensors"

    def __init__(self, tensors: Mapping[str, Array], columns: Sequence[Column] | None = None) -> None:
        for name, tensor in tensors.items():
            if tensor.ndim == 0:
                raise DataColumnError(str(name), "is a single value", "give an array whose first dimension counts rows")
            refuse_masked(tensor)
        lengths = {name: len(tensor) for name, tensor in tensors.items()}
        if len(set(lengths.values())) != 1:
            raise DataFormError(f"arrays of different lengths: {lengths}", "give each the same number of rows")
        self.original, self.rows = dict(tensors), next(iter(lengths.values()))
        made = (array_column(name, tensor) for name, tensor in tensors.items())
        self.columns = tuple(made if columns is None else columns)

    def span(self, position: int, start: int, stop: int) -> Any:
        """Rows ``start`` to ``stop`` of a tensor, flattened."""
        column = self.columns[position]
        return array_span(column, self.original[column.name][start:stop].reshape(-1))

    def take(self, rows: Sequence[int]) -> Self:
        """The rows at these positions."""
        places = np.asarray(rows, dtype=np.intp)
        return type(self)({name: tensor[places] for name, tensor in self.original.items()}, self.columns)

    def select(self, positions: Sequence[int]) -> Self:
        """The tensors at these positions."""
        chosen = [self.columns[place] for place in positions]
        return type(self)({column.name: self.original[column.name] for column in chosen}, chosen)


class CallSource(TensorSource):
    """Calls: what a graph was given whole, run by run; arrays by name, each ``[calls, *extents]``."""

    form: Form = "whole"


def source_of_calls(calls: Sequence[Mapping[str, object]]) -> CallSource:
    """The calls, one after the other. Raises ``DataFormError`` where they are not alike."""
    arrays = [{name: _whole(name, value) for name, value in call.items()} for call in calls]
    first = arrays[0]
    if not first:
        raise DataFormError(
            "a list of calls without arrays", "give those that the graph takes; one that takes none needs no server"
        )
    for number, call in enumerate(arrays):
        if _kinds(call) != _kinds(first):
            found = f"a list of calls that are not alike: call 0 has {_kinds(first)}, call {number} has {_kinds(call)}"
            raise DataFormError(found, "give each the same arrays, of the same types and shapes")
    return CallSource({name: np.stack([call[name] for call in arrays]) for name in first})


def _whole(name: str, value: object) -> Array:
    """A call's array; text as objects, since NumPy's own text types have a width."""
    if isinstance(value, np.ndarray):
        refuse_masked(value)
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DataColumnError(name, f"is no array ({error})", "give one array; a bundle has no sequences") from error
    return array.astype(object) if array.dtype.kind == "U" else array


def _kinds(call: Mapping[str, Array]) -> str:
    """The names, types and shapes of a call's arrays, as an error shows them."""
    return ", ".join(f"{name} {value.dtype}{list(value.shape)}" for name, value in sorted(call.items()))


def array_column(name: str, values: Array) -> Column:
    """The column that an array ``[rows, *extents]`` is. Raises ``DataColumnError``."""
    return column_of(name, str(values.dtype), arrow_type(name, values), values.shape[1:])


def arrow_type(name: str, values: Array) -> Any:
    """The Arrow type of an array's elements. Raises ``DataColumnError`` where there is none."""
    if values.dtype.kind == "O":
        return object_type(name, values.reshape(-1))
    if values.dtype.kind == "U":
        return pa.large_string()
    if values.dtype.kind not in "biufM" or values.dtype.itemsize > 8:
        raise DataColumnError(name, f"has the type {values.dtype}", "convert it to numbers, booleans or text")
    try:
        return pa.from_numpy_dtype(values.dtype.newbyteorder("="))
    except pa.ArrowException as error:
        raise DataColumnError(name, f"has the type {values.dtype}", "convert it to datetime64[s] or finer") from error


def array_span(column: Column, values: Array) -> Any:
    """One-dimensional values as an Arrow array of the column's type."""
    if values.dtype.kind == "O":
        return object_array(column.name, values, column.arrow)
    return plain(pa.array(values.astype(values.dtype.newbyteorder("="), copy=False)), column.arrow)


def refuse_masked(values: Array) -> None:
    """Masks are refused, since a model would not see them."""
    if isinstance(values, np.ma.MaskedArray):
        raise DataFormError("a masked array", "write what is missing as NaN: array.filled(numpy.nan)")
