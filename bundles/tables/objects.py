"""Objects: what an array of Python objects holds, when it holds one kind of thing."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lading.bundles.tables.problems import DataColumnError
from lading.bundles.tables.types import TEXT

MISSING_TYPES = frozenset({"NoneType", "NAType", "NaTType"})


def object_type(name: str, values: NDArray[np.object_]) -> Any:
    """The Arrow type for all of ``values``, None, NaN and pandas' NA aside.

    Raises ``DataColumnError`` for a mixture, and for objects that are not text, booleans or numbers.
    """
    found = {kind for kind in set(map(type, values)) if kind.__name__ not in MISSING_TYPES}
    floats = {kind for kind in found if issubclass(kind, float | np.floating)}
    if floats and found != floats and _only_nan(values):
        found -= floats
    types = {_type_of(kind) for kind in found}
    if len(types) > 1 or None in types:
        names = " and ".join(sorted(kind.__name__ for kind in found))
        raise DataColumnError(name, f"holds objects of type {names}", "make all of its values text, or all numbers")
    return types.pop() if types else TEXT


def object_array(name: str, values: NDArray[np.object_], wanted: Any) -> Any:
    """``values`` as an Arrow array; None, NaN and NA become null. Raises ``DataColumnError``."""
    try:
        return pa.array(values, type=wanted, from_pandas=True)
    except (pa.ArrowException, OverflowError, UnicodeError) as error:
        reason = str(error).splitlines()[0]
        raise DataColumnError(name, f"holds a value that is not {wanted} ({reason})", "correct it") from error


def _type_of(kind: type) -> Any:
    if issubclass(kind, str):
        return TEXT
    if issubclass(kind, bool | np.bool_):
        return pa.bool_()
    if issubclass(kind, int | np.integer):
        return pa.int64()
    return pa.float64() if issubclass(kind, float | np.floating) else None


def _only_nan(values: NDArray[np.object_]) -> bool:
    return all(value != value for value in values if isinstance(value, float | np.floating))
