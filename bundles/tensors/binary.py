"""Binary: the values of tensors as bytes, little-endian, row after row and without gaps, and back."""

import math
import struct
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lading.bundles.tensors.values import aligned

Array = NDArray[Any]

DTYPES = {
    "BOOL": np.dtype(bool),
    "FP16": np.dtype(np.float16),
    "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64),
    **{f"{sign}INT{bits}": np.dtype(f"{sign}int{bits}".lower()) for sign in ("", "U") for bits in (8, 16, 32, 64)},
}
"""The arrays that the protocol's datatypes are; BYTES are objects, each a text."""

FLOATS = frozenset(word for word, dtype in DTYPES.items() if dtype.kind == "f")

SWAPPED = sys.byteorder != "little"
"""Whether this machine's numbers lie the other way round."""

LENGTH = struct.Struct("<I")
"""Before each text stands how many bytes it has."""


class UnreadableError(ValueError):
    """Bytes are not the values that they should be; the message says what is wrong, and goes on after a name."""


def unpack(datatype: str, data: bytes | memoryview, count: int) -> Array:
    """The ``count`` values in ``data``, as a flat array; raises ``UnreadableError`` when they are not just that."""
    if datatype == "BYTES":
        return _texts(data, count)
    dtype = DTYPES[datatype]
    if len(data) != count * dtype.itemsize:
        raise UnreadableError(
            f"has {len(data)} bytes of data, {count} values of {datatype} are {count * dtype.itemsize}"
        )
    if dtype.kind == "b":
        return _truths(data)
    values = np.frombuffer(data, dtype)
    if SWAPPED:
        return values.byteswap()
    return aligned(values)


def unpack_list(datatype: str, data: bytes | memoryview, count: int) -> list[Any]:
    """The same as a list of values as JSON has them; it has none for what is no number, nor for infinity."""
    values: list[Any] = unpack(datatype, data, count).tolist()
    if datatype in FLOATS and not all(map(math.isfinite, values)):
        raise UnreadableError("has numbers that JSON does not have")
    return values


def pack(values: Array) -> bytes:
    """The values of an array; text as UTF-8."""
    if values.dtype != object:
        return np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    encoded = [text.encode() for text in values.reshape(-1).tolist()]
    return b"".join([part for text in encoded for part in (LENGTH.pack(len(text)), text)])


def _truths(data: bytes | memoryview) -> Array:
    values = np.frombuffer(data, np.uint8)
    if (values > 1).any():
        position = int((values > 1).argmax())
        raise UnreadableError(f"has the byte {values[position]} for value {position}, expected 0 or 1")
    return values.view(bool)


def _texts(data: bytes | memoryview, count: int) -> Array:
    if count * LENGTH.size > len(data):  # before anything is allocated
        least = count * LENGTH.size
        raise UnreadableError(
            f"has {len(data)} bytes of data, the lengths of {count} values of BYTES alone are {least}"
        )
    made = np.empty(count, dtype=object)
    made[:] = list(_text(data, count))
    return made


def _text(data: bytes | memoryview, count: int) -> Iterator[str]:
    """The texts, each after its length; raises ``UnreadableError`` unless the last one ends with the data."""
    position = 0
    for number in range(count):
        begin = position + LENGTH.size
        end = begin + LENGTH.unpack_from(data, position)[0] if begin <= len(data) else begin
        if end > len(data):
            raise UnreadableError(f"has {len(data)} bytes of data, which end before value {number} does")
        yield text_of(data[begin:end], number)
        position = end
    if position != len(data):
        raise UnreadableError(f"has {len(data)} bytes of data, its {count} values of BYTES end after {position}")


def text_of(value: bytes | memoryview, number: int) -> str:
    """One text, the ``number``-th; raises ``UnreadableError`` when it is not UTF-8."""
    try:
        return str(value, "utf-8")
    except UnicodeDecodeError:
        raise UnreadableError(f"has bytes that are not UTF-8 for value {number}, expected text") from None
