"""The warnings to a request: which of its values are not like any that the model was trained on."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lading.bundles.tensors.values import Array
from lading.runtime.drift.columns import Column, Numbers

MOST = 20
"""Warnings that are told one by one; more are only counted."""

MOST_LETTERS = 64
"""Of a field's name."""

Problem = Literal["below", "above", "unseen"]


class Warned(NamedTuple):
    """A value that is below or above all numbers of the training data, or a category that it did not have."""

    row: int
    field: str
    problem: Problem
    limit: float | None
    """The least or the largest number of the training data."""


def warnings_json(columns: Sequence[Column], feeds: Mapping[str, NDArray[np.generic]]) -> str:
    """The warnings to the request of the graph's inputs ``feeds``, as JSON in ASCII: how many, and the first ones.

    A field that holds several values is told once for each row, and text only of which categories are known.
    """
    count, first = 0, list[dict[str, object]]()
    for column in columns:
        for warned in _of_column(column, feeds[column.feed.input]):
            count += 1
            if len(first) < MOST:
                first.append({name: value for name, value in warned._asdict().items() if value is not None})
    return json.dumps({"count": count, "warnings": first}, separators=(",", ":"))


def _of_column(column: Column, tensor: Array) -> Iterator[Warned]:
    rows, place = len(tensor), column.feed.column
    matrix = tensor.reshape(rows, -1) if rows else tensor.reshape(0, 1)
    values = matrix if place is None else matrix[:, place : place + 1]
    name, sketch = column.field.name[:MOST_LETTERS], column.sketch
    if not isinstance(sketch, Numbers):
        for row in _rows(sketch.new(values.reshape(-1)), rows):
            yield Warned(row, name, "unseen", None)
    elif sketch.kind == "numbers":
        below, above = sketch.outside(values.reshape(-1))
        for row in _rows(below, rows):
            yield Warned(row, name, "below", column.profile.minimum)
        for row in _rows(above, rows):
            yield Warned(row, name, "above", column.profile.maximum)


def _rows(wrong: NDArray[np.bool_], rows: int) -> list[int]:
    found: list[int] = np.flatnonzero(wrong.reshape(rows, -1).any(axis=1)).tolist() if rows else []
    return found
