"""Rules: whether what was sent is what a field takes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

import numpy as np

from lading.bundles.records import Scalar
from lading.bundles.signature import Field
from lading.bundles.tensors.values import (
    HIGHEST,
    LOWEST,
    NOUNS,
    Array,
    FieldError,
    Kind,
    WrongTypeError,
    kind_of,
    missing_in,
    object_array,
    packed,
    scalar_of,
    shown,
)

LISTED = 10
"""How many known categories an error names."""


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
            wrong = (flat != 0) & (flat != 1) & ~missing_in(flat)
        elif flat.dtype.kind == "b":
            wrong = np.ones(len(flat), dtype=bool)
        elif self.kind == "integer" and flat.dtype.kind == "f":
            wide = flat.astype(np.float64)
            wrong = ~np.isnan(wide) & ((np.trunc(wide) != wide) | (wide < LOWEST) | (wide > HIGHEST))
        else:
            return flat
        if wrong.any():
            position = int(wrong.argmax())
            self.fail(position, f"expected {NOUNS[self.kind]}, found {shown(flat[position].item())}")
        return flat

    def _objects(self, flat: Sequence[object]) -> Array:
        if self.kind == "string" and set(map(type, flat)) <= {str}:
            return object_array(flat)
        values: list[Scalar | None] = []
        for position, value in enumerate(flat):
            try:
                values.append(scalar_of(self.kind, value))
            except WrongTypeError:
                self.fail(position, f"expected {NOUNS[self.kind]}, found {shown(value)}")
        return object_array(values) if self.kind in ("string", "datetime") else packed(values, self.kind)

    def _check_missing(self, values: Array) -> None:
        if self.nullable:
            return
        missing = missing_in(values)
        if missing.any():
            problem = f"is null, and the training data had no missing values here; send {NOUNS[self.kind]}"
            self.fail(int(missing.argmax()), problem)

    def _check_known(self, values: Array) -> None:
        if self.allowed is None:
            return
        unknown = set(values[~missing_in(values)].tolist()) - self.allowed
        if unknown:
            position = next(index for index, value in enumerate(values.tolist()) if value in unknown)
            self.fail(position, f"{shown(values.tolist()[position])} is unknown; known are {_listed(self.allowed)}")


def _stamps(flat: Array) -> Array:
    return object_array([None if np.isnat(value) else str(value) for value in flat])


def _allowed(field: Field, kind: Kind) -> frozenset[Scalar] | None:
    if field.categories is None:
        return None
    known = (scalar_of(kind, value) for value in field.categories)
    return frozenset(value for value in known if value is not None)


def _extents(shape: Sequence[int]) -> str:
    return " by ".join(map(str, shape)) + " values" if shape else "a single value"


def _listed(values: Iterable[Scalar]) -> str:
    """A few of the values, in a fixed order."""
    ordered = sorted(map(shown, values))
    return ", ".join(ordered[:LISTED]) + (f" and {len(ordered) - LISTED} more" if len(ordered) > LISTED else "")
