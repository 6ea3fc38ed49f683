"""Values: what single values are, and the text or the array of numbers that they become."""

import math
import reprlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from lading.bundles.records import Scalar
from lading.bundles.signature import Field
from lading.core.errors import UsageError

Array = NDArray[Any]

Kind = Literal["boolean", "integer", "number", "string", "datetime"]
"""What a single value is; a category is one of the first four."""

LOWEST, HIGHEST = -(2**63), 2**64 - 1
"""The integers that tensors have room for, signed or not."""

ALIGNMENT = 16
"""Bytes. ONNX Runtime adds the numbers of an input that lies between in another order, which shows in the last bits."""

SOONER_COPIED = 16_384
"""Bytes that are copied in less time than NumPy takes to say where they lie."""

SHOWN_CHARACTERS = 64
"""How much of a wrong value an error repeats."""

LONG_BITS = 64
"""Integers with more bits are not repeated at all: Python refuses to write the longest ones."""

NOUNS = {
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "string": "text",
    "datetime": "a date and time as ISO 8601 writes it",
}


class FieldError(UsageError):
    """A value cannot go into its field; names the field, the row (from 0, where there is one) and the problem."""

    def __init__(self, field: str, row: int | None, problem: str) -> None:
        super().__init__(field, row, problem)
        self.field, self.row, self.problem = field, row, problem

    def __str__(self) -> str:
        where = f"field {self.field!r}" if self.row is None else f"field {self.field!r}, row {self.row}"
        return f"{where}: {self.problem}"


class WrongTypeError(UsageError):
    """One value is not of its field's kind; the field's rule says where."""


def kind_of(field: Field) -> Kind:
    """What the single values of ``field`` are."""
    if field.type != "category":
        return field.type
    return "string" if field.category_type is None else field.category_type


def scalar_of(kind: Kind, value: Any) -> Scalar | None:
    """``value`` as its kind's own Python type; None and NaN are missing. 2.0 is an integer, true is not.

    Raises ``WrongTypeError``.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    match kind, value:
        case ("boolean", bool()) | ("string", str()):
            return cast(Scalar, value)
        case (_, bool()):
            raise WrongTypeError
        case ("integer", int() | float()) if LOWEST <= value <= HIGHEST and value == int(value):
            return int(value)
        case ("number", int() | float()):
            return _float(value)
        case ("datetime", str()):
            return _moment(value)
        case _:
            raise WrongTypeError


def texts(values: Array, kind: Kind, missing: str) -> Array:
    """Checked values as the text that a string tensor takes: an object array of ``str``.

    Booleans are ``True`` and ``False``, integers decimal, numbers as ``repr`` writes a double.
    """
    if kind in ("string", "datetime") and set(map(type, values)) <= {str}:
        return values
    empty = missing_in(values)
    made = [missing if gone else _text(kind, value) for gone, value in zip(empty, values.tolist(), strict=True)]
    return object_array(made)


def _text(kind: Kind, value: Any) -> str:
    match kind:
        case "boolean":
            return str(bool(value))
        case "integer":
            return str(int(value))
        case "number":
            return repr(float(value))
        case _:
            return str(value)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise WrongTypeError from None


def _moment(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise WrongTypeError from None
    return value


def packed(values: Sequence[Scalar | None], kind: Kind) -> Array:
    """Numbers as the narrowest array that holds them exactly; objects where integers need more than a double."""
    if kind == "boolean" and None not in values:
        return np.array(values, dtype=bool)
    if kind != "integer":
        return np.array(values, dtype=np.float64)
    whole = [value for value in values if value is not None]
    small = all(-(2**53) <= int(value) <= 2**53 for value in whole)
    if len(whole) < len(values):
        return np.array(values, dtype=np.float64) if small else object_array(values)
    return np.array(values, dtype=np.int64) if small else _wide(values)


def _wide(values: Sequence[Any]) -> Array:
    for dtype in (np.int64, np.uint64):
        if np.iinfo(dtype).min <= min(values) and max(values) <= np.iinfo(dtype).max:
            return np.array(values, dtype=dtype)
    return object_array(values)


def floats(values: Array) -> Array:
    """Checked numbers as they are, or where they are objects as float64 with NaN for None."""
    if values.dtype.kind != "O":
        return values
    return np.array([math.nan if value is None else float(value) for value in values], dtype=np.float64)


def aligned(values: Array) -> Array:
    """The values at an address that is a multiple of ``ALIGNMENT``, where NumPy's own arrays lie; a copy if need be."""
    if values.nbytes > SOONER_COPIED and values.__array_interface__["data"][0] % ALIGNMENT == 0:
        return values
    return values.copy()


def object_array(values: Sequence[object]) -> Array:
    """The values as they are, in an object array of one dimension."""
    return np.fromiter(values, dtype=object, count=len(values))  # np.array would look into lists


def missing_in(values: Array) -> NDArray[np.bool_]:
    """Which of checked values are missing: NaN or None."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind == "O":
        return np.fromiter((value is None for value in values), dtype=bool, count=len(values))
    return np.zeros(len(values), dtype=bool)


def shown(value: object) -> str:
    """A wrong value as an error repeats it, cut when it is long."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > LONG_BITS:
        return "an integer of more than 19 digits"
    # Lists may be long, and nested deeper than repr goes.
    shown = reprlib.repr(value) if isinstance(value, list | dict) else repr(value)
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "…"
