"""Rules: whether what was sent is what a field takes."""

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

    ``optional`` says whether a row may lack the field, or have null for all of it.
    """

    def __init__(self, field: Field, optional: bool) -> None:
        self.name = field.name
        self.shape = field.shape
        self.optional = optional
        self.default = field.default
        self.nullable = field.nullable or field.feed is None
        self.kind = kind_of(field)
        self.allowed = None if field.unknown == "accept" else _allowed(field, self.kind)

    def values(self, given: Array) -> Array:
        """The values of all rows, checked: shape ``[rows * extents]``.

        Booleans, integers and numbers come back as a numeric array with NaN for missing (or as objects where a
        float64 could not hold them), text as an object array with None for missing. Raises ``FieldError``.
        """
        self._check_shape(given)
        if given.dtype.kind in "biuf" and self.kind in ("boolean", "integer", "number"):
            values = self._numbers(given)
        elif given.dtype.kind == "M" and self.kind == "datetime":
            values = _stamps(given.reshape(-1))
        else:
            values = self._objects(given)
        self._check_missing(given, values)
        self._check_known(given, values)
        return values

    def gather(self, rows: Sequence[Mapping[str, object]]) -> Array:
        """The field of each row as an object array, shape ``[rows, *extents]``; JSON's lists are opened."""
        if not self.shape:
            return object_array([row[self.name] for row in rows])
        opened = [self._opened(number, row[self.name]) for number, row in enumerate(rows)]
        for number, value in enumerate(opened):
            if value.shape != opened[0].shape:
                found, first = _extents(value.shape), _extents(opened[0].shape)
                raise FieldError(self.name, number, f"has {found}, row 0 has {first}; send each in its own request")
        return np.stack(opened) if opened else self.absent(0)

    def absent(self, rows: int) -> Array:
        """What rows say that lack the field: the default, or nothing but missing values."""
        return np.full((rows, *closed(self.shape)), self.default, dtype=object)

    def fail(self, given: Array, position: int, problem: str) -> NoReturn:
        """Raise ``FieldError`` for the value at ``position`` of the flattened values of ``given`` ``[rows, …]``."""
        raise FieldError(self.name, position * len(given) // given.size, problem)

    def _opened(self, number: int, value: object) -> Array:
        """One row's value; where a list is empty, nothing tells the extents of what it would hold but the shape."""
        if value is None:
            if not self.optional:
                raise FieldError(self.name, number, f"is null; send {_extents(self.shape)}")
            return np.full(closed(self.shape), None, dtype=object)
        opened = np.array(value, dtype=object)
        if opened.size == 0:
            opened = opened.reshape(*opened.shape, *closed(self.shape[opened.ndim :]))
        if not fits(self.shape, opened.shape):
            raise FieldError(self.name, number, f"expected {_extents(self.shape)}, found {_extents(opened.shape)}")
        return opened

    def _check_shape(self, given: Array) -> None:
        if not fits(self.shape, given.shape[1:]):
            found, expected = _extents(given.shape[1:]), _extents(self.shape)
            raise FieldError(self.name, None, f"expected {expected} in each row, found {found}")

    def _numbers(self, given: Array) -> Array:
        flat = given.reshape(-1)
        if self.kind == "boolean":
            wrong = (flat != 0) & (flat != 1) & ~missing_in(flat)
        elif flat.dtype.kind == "b":
            wrong = np.ones(len(flat), dtype=bool)
        elif self.kind == "integer" and flat.dtype.kind == "f":
            with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
                wide = flat.astype(np.float64)
            wrong = ~np.isnan(wide) & ((np.trunc(wide) != wide) | (wide < LOWEST) | (wide > HIGHEST))
        else:
            return flat
        if wrong.any():
            position = int(wrong.argmax())
            self.fail(given, position, f"expected {NOUNS[self.kind]}, found {shown(flat[position].item())}")
        return flat

    def _objects(self, given: Array) -> Array:
        flat: list[object] = given.reshape(-1).tolist()
        if self.kind == "string" and set(map(type, flat)) <= {str}:
            return object_array(flat)
        values: list[Scalar | None] = []
        for position, value in enumerate(flat):
            try:
                values.append(scalar_of(self.kind, value))
            except WrongTypeError:
                self.fail(given, position, f"expected {NOUNS[self.kind]}, found {shown(value)}")
        return object_array(values) if self.kind in ("string", "datetime") else packed(values, self.kind)

    def _check_missing(self, given: Array, values: Array) -> None:
        if self.nullable:
            return
        missing = missing_in(values)
        if missing.any():
            problem = f"is null, and the training data had no missing values here; send {NOUNS[self.kind]}"
            if self.default is not None:
                problem += f", or leave the field out, which is {shown(self.default)}"
            self.fail(given, int(missing.argmax()), problem)

    def _check_known(self, given: Array, values: Array) -> None:
        if self.allowed is None:
            return
        unknown = set(values[~missing_in(values)].tolist()) - self.allowed
        if unknown:
            position = next(index for index, value in enumerate(values.tolist()) if value in unknown)
            self.fail(
                given, position, f"{shown(values.tolist()[position])} is unknown; known are {_listed(self.allowed)}"
            )


def fits(shape: Sequence[int | str], extents: Sequence[int]) -> bool:
    """Whether ``extents`` are those of ``shape``, in which a string takes any extent."""
    return len(shape) == len(extents) and all(
        isinstance(expected, str) or expected == found for expected, found in zip(shape, extents, strict=True)
    )


def closed(shape: Sequence[int | str]) -> tuple[int, ...]:
    """The extents that hold nothing where one is open."""
    return tuple(0 if isinstance(extent, str) else extent for extent in shape)


def _stamps(flat: Array) -> Array:
    return object_array([None if np.isnat(value) else str(value) for value in flat])


def _allowed(field: Field, kind: Kind) -> frozenset[Scalar] | None:
    if field.categories is None:
        return None
    known = (scalar_of(kind, value) for value in field.categories)
    return frozenset(value for value in known if value is not None)


def _extents(shape: Sequence[int | str]) -> str:
    return " by ".join(map(str, shape)) + " values" if shape else "a single value"


def _listed(values: Iterable[Scalar]) -> str:
    """A few of the values, in a fixed order."""
    ordered = sorted(map(shown, values))
    return ", ".join(ordered[:LISTED]) + (f" and {len(ordered) - LISTED} more" if len(ordered) > LISTED else "")
