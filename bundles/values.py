"""Values: whether what was sent is what a field takes, and the text or the number that it becomes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from lading.bundles.records import Scalar
from lading.bundles.signature import Field
from lading.core.errors import UsageError

Array = NDArray[Any]

Kind = Literal["boolean", "integer", "number", "string", "datetime"]
"""What a single value is; a category is one of the first four."""

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


class _WrongTypeError(Exception):
    """One value is not of its field's kind."""


class Rule:
    """What one field demands of its values, worked out once for each signature.

    A field that the model ignores may always be left out.
    """

    def __init__(self, field: Field) -> None:
        self.name = field.name
        self.shape = field.shape
        self.nullable = field.nullable or field.feed is None
        self.kind = kind_of(field)
        self.allowed = None if field.unknown == "accept" else _allowed(field, self.kind)

    def values(self, given: Array) -> Array:
        """The values of all rows, checked: shape ``[rows * extents]``.

        Booleans, integers and numbers come back as a numeric array with NaN for missing (or as objects where a
        float64 could not hold them), text as an object array with None for missing. Raises ``FieldError``.
        """
        self._check_shape(given)
        flat = given.reshape(-1)
        if flat.dtype.kind in "biuf" and self.kind in ("boolean", "integer", "number"):
            values = self._numbers(flat)
        elif flat.dtype.kind == "M" and self.kind == "datetime":
            values = _stamps(flat)
        else:
            values = self._objects(flat.tolist())
        self._check_missing(values)
        self._check_known(values)
        return values

    def gather(self, rows: Sequence[Mapping[str, object]]) -> Array:
        """The field of each row as an object array, shape ``[rows, *extents]``; JSON's lists are opened."""
        if not self.shape:
            return object_array([row[self.name] for row in rows])
        gathered = self.absent(len(rows))
        for number, row in enumerate(rows):
            value = row[self.name]
            if value is not None:
                opened = np.array(value, dtype=object)
                if opened.shape != self.shape:
                    raise FieldError(
                        self.name, number, f"expected {_extents(self.shape)}, found {_extents(opened.shape)}"
                    )
                gathered[number] = opened
        return gathered

    def absent(self, rows: int) -> Array:
        """Nothing but missing values."""
        return np.full((rows, *self.shape), None, dtype=object)

    def fail(self, position: int, problem: str) -> NoReturn:
        """Raise ``FieldError`` for the value at ``position`` of the flattened values."""
        raise FieldError(self.name, position // max(1, math.prod(self.shape)), problem)

    def _check_shape(self, given: Array) -> None:
        if given.shape[1:] != self.shape:
            found, expected = _extents(given.shape[1:]), _extents(self.shape)
            raise FieldError(self.name, None, f"expected {expected} in each row, found {found}")

    def _numbers(self, flat: Array) -> Array:
        if self.kind == "boolean":
            wrong = (flat != 0) & (flat != 1) & ~_missing(flat)
        elif flat.dtype.kind == "b":
            wrong = np.ones(len(flat), dtype=bool)
        elif self.kind == "integer" and flat.dtype.kind == "f":
            wrong = (np.trunc(flat) != flat) & ~np.isnan(flat) | np.isinf(flat)
        else:
            return flat
        if wrong.any():
            position = int(wrong.argmax())
            self.fail(position, f"{_shown(flat[position].item())} is not {NOUNS[self.kind]}")
        return flat

    def _objects(self, flat: Sequence[object]) -> Array:
        if self.kind == "string" and set(map(type, flat)) <= {str}:
            return object_array(flat)
        values: list[Scalar | None] = []
        for position, value in enumerate(flat):
            try:
                values.append(scalar_of(self.kind, value))
            except _WrongTypeError:
                self.fail(position, f"expected {NOUNS[self.kind]}, found {_shown(value)}")
        return object_array(values) if self.kind in ("string", "datetime") else packed(values, self.kind)

    def _check_missing(self, values: Array) -> None:
        if self.nullable:
            return
        missing = _missing(values)
        if missing.any():
            problem = f"is null, and the training data had no missing values here; send {NOUNS[self.kind]}"
            self.fail(int(missing.argmax()), problem)

    def _check_known(self, values: Array) -> None:
        if self.allowed is None:
            return
        unknown = set(values[~_missing(values)].tolist()) - self.allowed
        if unknown:
            position = next(index for index, value in enumerate(values.tolist()) if value in unknown)
            self.fail(position, f"{_shown(values.tolist()[position])} is unknown; known are {_listed(self.allowed)}")


def kind_of(field: Field) -> Kind:
    """What the single values of ``field`` are."""
    if field.type != "category":
        return field.type
    return "string" if field.category_type is None else field.category_type


def scalar_of(kind: Kind, value: Any) -> Scalar | None:
    """``value`` as its kind's own Python type; None and NaN are missing. 2.0 is an integer, true is not."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value != value:  # NaN alone differs from itself
        return None
    match kind, value:
        case ("boolean", bool()) | ("string", str()):
            return cast(Scalar, value)
        case (_, bool()):
            raise _WrongTypeError
        case ("integer", int()):
            return value
        case ("integer", float()) if value.is_integer():
            return int(value)
        case ("number", int() | float()):
            return _float(value)
        case ("datetime", str()):
            return _moment(value)
        case _:
            raise _WrongTypeError


def texts(values: Array, kind: Kind, missing: str) -> Array:
    """Checked values as the text that a string tensor takes: an object array of ``str``.

    Booleans are ``True`` and ``False``, integers decimal, numbers as ``repr`` writes a double.
    """
    if kind in ("string", "datetime") and set(map(type, values)) <= {str}:
        return values
    empty = _missing(values)
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
        raise _WrongTypeError from None


def _moment(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise _WrongTypeError from None
    return value


def _stamps(flat: Array) -> Array:
    return object_array([None if np.isnat(value) else str(value) for value in flat])


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


def object_array(values: Sequence[object]) -> Array:
    """The values as they are, in an object array of one dimension."""
    return np.fromiter(values, dtype=object, count=len(values))  # np.array would look into lists


def _missing(values: Array) -> NDArray[np.bool_]:
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind == "O":
        return np.fromiter((value is None for value in values), dtype=bool, count=len(values))
    return np.zeros(len(values), dtype=bool)


def _allowed(field: Field, kind: Kind) -> frozenset[Scalar] | None:
    if field.categories is None:
        return None
    known = (scalar_of(kind, value) for value in field.categories)
    return frozenset(value for value in known if value is not None)


def _extents(shape: Sequence[int]) -> str:
    return " by ".join(map(str, shape)) + " values" if shape else "a single value"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > LONG_BITS:
        return "an integer of more than 19 digits"
    shown = repr(value)
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "…"


def _listed(values: Iterable[Scalar]) -> str:
    """A few of the values, in a fixed order."""
    ordered = sorted(map(_shown, values))
    return ", ".join(ordered[:10]) + (f" and {len(ordered) - 10} more" if len(ordered) > 10 else "")
