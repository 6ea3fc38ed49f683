"""Rows: what users send, as JSON has it: golden rows, and rows drawn from the profile of the training data."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lading.bundles.golden import Golden, own
from lading.bundles.profile import Profile
from lading.bundles.signature import Field, Signature
from lading.bundles.tensors.rules import closed
from lading.bundles.tensors.values import Array, Kind, kind_of
from lading.loadtests.payloads.drawing import Values, values_of

Row = dict[str, Any]
"""A value for each field: a JSON scalar, None where it is missing, or nested lists of them where the field is a tensor."""


class GoldenRows:
    """The golden rows of a bundle and their answers."""

    def __init__(self, golden: Golden, signature: Signature) -> None:
        columns = golden.columns(signature)
        listed = {field.name: _listed(field, columns[field.name]) for field in signature.fields}
        self.rows: list[Row] = [{name: values[row] for name, values in listed.items()} for row in range(golden.rows)]
        self.expected = golden.expected(signature)
        infinite = _infinite(columns) | _infinite(self.expected)
        self.in_json = [row for row in range(golden.rows) if row not in infinite]
        """The positions of those without infinities, which JSON does not have."""

    def answers(self, rows: Sequence[int]) -> dict[str, Array]:
        """What the original model answered to the golden ``rows``, ``[rows, …]`` by output."""
        return {name: values[list(rows)] for name, values in self.expected.items()}


class DrawnRows:
    """Rows drawn from the profile: values between its quantiles, categories as often as they were, missing ones too.

    A field that the profile tells nothing of, as one that is sensitive, gets the values of golden rows. Fields are
    drawn independently of each other.
    """

    def __init__(self, signature: Signature, golden: Sequence[Row], profile: Profile) -> None:
        columns = {column.name: column for column in profile.columns}
        self._golden = golden
        self._whole = signature.form == "whole"
        self._fields = [
            (field, values_of(signature, field, columns.get(field.name), [row[field.name] for row in golden]))
            for field in signature.fields
        ]

    def draw(self, generator: np.random.Generator, rows: int) -> list[Row]:
        """So many rows."""
        likes = [self._golden[int(one)] for one in generator.integers(len(self._golden), size=rows)]
        columns = {field.name: self._column(generator, field, values, likes) for field, values in self._fields}
        return [{name: column[row] for name, column in columns.items()} for row in range(rows)]

    def _column(self, generator: np.random.Generator, field: Field, values: Values, likes: Sequence[Row]) -> list[Any]:
        if not field.shape:
            return values.draw(generator, len(likes))
        if self._whole:  # the open extents of a row belong together, and golden rows say which do
            return [_drawn(generator, values, _extents(like[field.name])) for like in likes]
        return _drawn(generator, values, (len(likes), *closed(field.shape)))


def _drawn(generator: np.random.Generator, values: Values, extents: Sequence[int]) -> list[Any]:
    made = np.empty(math.prod(extents), dtype=object)
    made[:] = values.draw(generator, len(made))
    listed: list[Any] = made.reshape(extents).tolist()
    return listed


def _extents(value: Any) -> tuple[int, ...]:
    return np.array(value, dtype=object).shape


def _listed(field: Field, column: Array) -> list[Any]:
    kind = kind_of(field)
    made = np.empty(column.size, dtype=object)
    made[:] = [_scalar(kind, value) for value in column.reshape(-1).tolist()]
    listed: list[Any] = made.reshape(column.shape).tolist()
    return listed


def _scalar(kind: Kind, value: Any) -> Any:
    """A value of a golden row as JSON has it: what stands for missing is None, and truths are no numbers."""
    return None if value is None or value != value else own(kind, value)


def _infinite(columns: Mapping[str, Array]) -> set[int]:
    """The rows that hold an infinity."""
    return {
        row
        for values in columns.values()
        if values.dtype.kind == "f"
        for row in np.flatnonzero(np.isinf(values).reshape(len(values), -1).any(axis=1)).tolist()
    }
