"""Cells: the values of an Arrow array as NumPy's, with the missing ones apart."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds
from numpy.typing import NDArray

from lading.bundles.tables.types import TEXT, Column

NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
SECONDS_A_DAY = 86_400


def present(array: Any) -> NDArray[np.bool_]:
    """Which cells are not missing; NaN is missing. Shape ``[cells]``."""
    valid = np.ones(len(array), dtype=bool) if not array.null_count else _valid(array)
    if kinds.is_dictionary(array.type) and kinds.is_floating(array.type.value_type):
        return present(array.dictionary_decode())
    if kinds.is_floating(array.type):
        valid = valid & ~np.isnan(numbers(array))
    return valid


def numbers(array: Any) -> NDArray[Any]:
    """Booleans, integers or floats as NumPy's type of the same width. Shape ``[cells]``.

    A null is False, 0 or NaN.
    """
    if array.null_count and not kinds.is_floating(array.type):
        array = array.fill_null(False if kinds.is_boolean(array.type) else 0)
    return np.asarray(array.to_numpy(zero_copy_only=False))


def moments(array: Any) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Dates and timestamps as whole seconds since 1970 and the nanoseconds after them; a null is 0 in both."""
    if kinds.is_date(array.type):
        days = numbers(array.view(pa.int32())).astype(np.int64)
        return days * SECONDS_A_DAY, np.zeros(len(days), dtype=np.uint32)
    unit = NANOSECONDS[array.type.unit]
    ticks = numbers(array.view(pa.int64()))
    seconds, rest = np.divmod(ticks, 1_000_000_000 // unit)
    return seconds, (rest * unit).astype(np.uint32)


def texts(array: Any) -> tuple[NDArray[np.int64], memoryview]:
    """Text as the length of each cell in bytes of UTF-8, and those bytes one after the other; a null is empty."""
    if array.null_count:
        array = array.fill_null("")
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    return np.diff(bounds), memoryview(b"" if data is None else data)[bounds[0] : bounds[-1]]


def objects(array: Any) -> NDArray[np.object_]:
    """The cells as str, bool, int or float, None for missing; dates and timestamps as ISO 8601 writes them."""
    cells = array.cast(TEXT) if kinds.is_date(array.type) else array
    if kinds.is_timestamp(array.type):
        stamps = array.to_numpy(zero_copy_only=False)
        listed = [None if np.isnat(stamp) else _iso(stamp, array.type.tz is not None) for stamp in stamps]
    else:
        listed = cells.to_pylist()
    return np.fromiter((None if value != value else value for value in listed), dtype=object, count=len(listed))


def plain_numpy(column: Column, array: Any) -> NDArray[Any]:
    """The cells as ``feeds.encode`` takes them. Shape ``[cells]``."""
    if column.type in ("string", "category", "datetime"):
        return objects(array)
    if not array.null_count:
        return numbers(array)
    values = numbers(array)
    if values.dtype.kind in "iu" and np.abs(values.astype(np.float64)).max(initial=0) > 2**53:
        return objects(array)
    wide = values.astype(np.float64)
    wide[~_valid(array)] = np.nan
    return wide


def _valid(array: Any) -> NDArray[np.bool_]:
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False), dtype=bool)


def _iso(stamp: np.datetime64, zoned: bool) -> str:
    text = str(stamp)
    whole, _, fraction = text.partition(".")
    shown = f"{whole}.{fraction.rstrip('0')}" if fraction.strip("0") else whole
    return shown + "+00:00" if zoned else shown
