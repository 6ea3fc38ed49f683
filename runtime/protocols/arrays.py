"""Arrays: lists of JSON values as arrays of a tensor's element type, where nothing speaks against it."""

import math
import warnings
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

CODES = {np.dtype(np.float32): "f", np.dtype(np.float64): "d"}
EXACT = 2**53
"""Up to here a double holds every integer."""
MODEST = 2.0**126
"""The square of the least integer that 64 bits with a sign do not hold."""

KINDS: Mapping[str, str] = {"f": "number", "i": "integer", "u": "integer", "b": "boolean", "O": "string"}


# Squares that are too large are what is looked for.
warnings.filterwarnings("ignore", "overflow encountered in dot", RuntimeWarning)


def fits_plainly(kind: str, dtype: np.dtype[Any]) -> bool:
    """Whether values of a field's kind are to a tensor of ``dtype`` what they are to the field."""
    return KINDS[dtype.kind] == kind


def plain_array(values: Sequence[Any], dtype: np.dtype[Any]) -> Array | None:
    """The values, all of the type's own kind or None, as a flat array; None where one is missing or does not fit."""
    if dtype in CODES:
        return _floats(values, dtype)
    if not values or None in values:
        return None
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.array(values, dtype) if limits.min <= min(values) and max(values) <= limits.max else None
    if dtype.kind == "f":
        return None
    made = np.empty(len(values), dtype)
    made[:] = values
    return made


def floats_with_missing(values: Sequence[Any], dtype: np.dtype[Any]) -> Array | None:
    """Numbers, or tuples of them, as an array of floats, with NaN for None; None where one does not fit."""
    with np.errstate(over="ignore"):
        made = np.array(values, dtype=np.float64).astype(dtype)
    return None if np.isinf(made).any() else made


def are_plain(values: Array, kind: str) -> bool:
    """Whether every float is missing or plainly of the kind: an integer that a double holds exactly, or 0 or 1."""
    if kind == "integer":
        fit = (np.trunc(values) == values) & (np.abs(values) <= EXACT)
    else:
        fit = (values == 0) | (values == 1)
    return bool((fit | np.isnan(values)).all())


def modest_floats(values: Sequence[float], dtype: np.dtype[Any]) -> Array | None:
    """Numbers as a flat array of floats; None where there is none, and where one might be an integer beyond 64 bits."""
    made = _made(values, dtype)
    # A sum of squares, rounded or not, is no less than any of them.
    return made if made is not None and made.dot(made) < MODEST else None


def _floats(values: Sequence[Any], dtype: np.dtype[Any]) -> Array | None:
    made = _made(values, dtype)
    # The sum of squares is finite only if every value is, and one that the type cannot hold has become infinite.
    return made if made is not None and math.isfinite(made.dot(made)) else None


def _made(values: Sequence[Any], dtype: np.dtype[Any]) -> Array | None:
    try:
        return np.frombuffer(array(CODES[dtype], values), dtype)
    except (TypeError, ValueError):  # a value is missing, or there is none
        return None
