"""Crossings: rows between two real rows, on both sides of the place where the model's label changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lading.bundles.signature import Field, Signature
from lading.bundles.tables.table import Table
from lading.bundles.tensors.values import floats, kind_of
from lading.converters.changing import Edit, as_stored, edited

Answer = Callable[[Table], Mapping[str, np.ndarray]]

PAIRS = 8
"""Pairs of rows with different labels, at most; of several labels two for each at least."""
HALVINGS = 12
"""How often the way between the two is halved; further, the label would be a matter of rounding."""


@dataclass
class _Way:
    """From one real row towards another with a different label: only the numbers change."""

    label: str
    """The output that differs."""
    row: int
    numbers: tuple[tuple[Field, float, float], ...]
    """The fields with their values in the first and the second row."""
    low: float = 0.0
    high: float = 1.0

    def at(self, share: float) -> Edit:
        """The row after a share of the way."""
        values = ((field.name, _between(field, low, high, share)) for field, low, high in self.numbers)
        return Edit(self.row, tuple(values))


def crossings(rows: Table, signature: Signature, answer: Answer) -> list[Edit]:
    """Rows on both sides of a change of the label, for as many pairs of rows as are sought.

    None where the model has no label, or its numbers alone do not change it.
    """
    names = [output.tensor.name for output in signature.outputs if output.meaning == "label"]
    numbers = [field for field in signature.fields if field.feed is not None and field.range is not None]
    numbers = [field for field in numbers if field.unknown == "accept" and not field.shape]
    if not names or not numbers:
        return []

    def labels(edits: Sequence[Edit]) -> list[object]:
        """What is said of each way's own label, of one edit for each."""
        found = _labels(answer(edited(rows, edits)), names)
        return [found[way.label][place] for place, way in enumerate(ways)]

    first = _labels(answer(rows), names)
    most = max(2, PAIRS // len(names))
    ways = [way for name in names for way in _ways(name, rows, numbers, _pairs(first[name], most))]
    if ways:
        ends = labels([way.at(1.0) for way in ways])
        ways = [way for way, end in zip(ways, ends, strict=True) if end != first[way.label][way.row]]
    for _ in range(HALVINGS if ways else 0):
        middles = [(way.low + way.high) / 2 for way in ways]
        found = labels([way.at(middle) for way, middle in zip(ways, middles, strict=True)])
        for way, middle, said in zip(ways, middles, found, strict=True):
            if said == first[way.label][way.row]:
                way.low = middle
            else:
                way.high = middle
    return [way.at(share) for way in ways for share in (way.low, way.high)]


def _labels(answers: Mapping[str, np.ndarray], names: Sequence[str]) -> dict[str, list[object]]:
    return {name: np.asarray(answers[name]).reshape(-1).tolist() for name in names}


def _pairs(labels: Sequence[object], most: int) -> list[tuple[int, int]]:
    """Rows, evenly spaced, each with the next one that has another label."""
    step = max(1, len(labels) // most)
    starts = range(0, len(labels), step)
    found = [(start, _next_other(labels, start)) for start in starts]
    return [(start, other) for start, other in found if other is not None][:most]


def _next_other(labels: Sequence[object], start: int) -> int | None:
    around = [(start + distance) % len(labels) for distance in range(1, len(labels))]
    return next((row for row in around if labels[row] != labels[start]), None)


def _ways(label: str, rows: Table, numbers: Sequence[Field], pairs: Sequence[tuple[int, int]]) -> list[_Way]:
    columns = rows.columns_as_numpy()
    values = {field.name: floats(columns[field.name]) for field in numbers}
    return [
        _Way(
            label,
            start,
            tuple(
                (field, float(ends[0]), float(ends[1]))
                for field in numbers
                if np.isfinite(ends := values[field.name][[start, other]]).all() and ends[0] != ends[1]
            ),
        )
        for start, other in pairs
    ]


def _between(field: Field, low: float, high: float, share: float) -> float | int:
    value = low + share * (high - low)
    return round(value) if kind_of(field) == "integer" else as_stored(field, value)
