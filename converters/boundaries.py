"""Boundaries: rows at the places where a model's answers change, made from real rows.

Every known category, a category that nobody has seen, missing values, what a row says that lacks a field, the ends of
each range, both sides of the places between two real rows where the label changes, and for models with decision trees
the two neighbouring numbers between which an answer jumps, found by halving on the model itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lading.bundles.records import Scalar
from lading.bundles.signature import Field, Signature
from lading.bundles.tables.table import Table
from lading.bundles.tensors.values import kind_of
from lading.converters.changing import Edit, as_stored, edited
from lading.converters.crossings import crossings

Answer = Callable[[Table], Mapping[str, np.ndarray]]

CATEGORIES = 96
"""Rows for known categories, at most."""
SEARCHES = 12
"""Numbers of which the model's jumps are sought, at most."""
STEPS = 9
"""Values of a number that are tried first, from its smallest to its largest."""
NEAR = 1e-6
"""How far from a jump, as a share of the range, the rows lie where the graph rounds on the way to it."""
UNSEEN = "a category that nobody has seen"


def boundary_table(
    rows: Table,
    signature: Signature,
    answer: Answer,
    thresholds: Literal["sharp", "near"] | None,
    unseen: Sequence[tuple[str, Scalar]] = (),
) -> Table | None:
    """The rows at the boundaries, made from ``rows``; None when the model has none that are known.

    ``answer`` is the original model, ``unseen`` are numbers that no category is, by field. The choice is the same on
    every run.
    """
    fed = [field for field in signature.fields if field.feed is not None and not field.shape]
    asked = [Edit(0, (pair,)) for pair in unseen]
    edits = [*_categories(fed), *_missing(fed), *_unseen(fed), *asked, *_ends(fed), *_defaults(fed)]
    edits = [Edit(number % rows.rows, edit.values) for number, edit in enumerate(edits)]
    edits.extend(crossings(rows, signature, answer))
    if thresholds is not None:
        edits.extend(_jumps(rows, fed, answer, sharp=thresholds == "sharp"))
    return edited(rows, edits) if edits else None


def _categories(fields: Sequence[Field]) -> list[Edit]:
    found = [Edit(0, ((field.name, value),)) for field in fields for value in _known(field)]
    step = max(1, -(-len(found) // CATEGORIES))
    return found[::step]


def _known(field: Field) -> Sequence[object]:
    if field.type == "boolean":
        return (False, True)
    return () if field.categories is None else field.categories


def _missing(fields: Sequence[Field]) -> list[Edit]:
    nullable = [field.name for field in fields if field.nullable]
    single = [Edit(0, ((name, None),)) for name in nullable]
    return [*single, Edit(0, tuple((name, None) for name in nullable))] if len(nullable) > 1 else single


def _unseen(fields: Sequence[Field]) -> Iterator[Edit]:
    for field in fields:
        if field.unknown == "accept" and field.type in ("string", "category"):
            kind = kind_of(field)
            if kind == "string":
                yield Edit(0, ((field.name, UNSEEN),))
            elif kind != "boolean" and field.categories:
                yield Edit(0, ((field.name, max(field.categories) + 1),))  # type: ignore[operator]


def _ends(fields: Sequence[Field]) -> list[Edit]:
    ranged = [field for field in fields if field.range is not None and field.unknown == "accept"]
    if not ranged:
        return []
    ends = [[(field.name, _number(field, end)) for field in ranged] for end in (0.0, 1.0)]
    return [Edit(0, tuple(values)) for values in ends]


def _defaults(fields: Sequence[Field]) -> list[Edit]:
    """Rows that say what a row says that lacks a field, two of each: what they are is asked in two ways."""
    known = [(field.name, field.default) for field in fields if field.default is not None]
    step = max(1, -(-len(known) // CATEGORIES))
    single = [Edit(0, (pair,)) for pair in known[::step]]
    every = [Edit(0, tuple(known))] if len(known) > 1 else []
    return [edit for edit in (*single, *every) for _ in range(2)]


def _number(field: Field, share: float) -> float | int:
    """The number at a share of the field's range."""
    assert field.range is not None  # noqa: S101
    low, high = field.range.minimum, field.range.maximum
    if kind_of(field) == "integer":
        return int(low) + int(share * (int(high) - int(low)))
    return as_stored(field, low + share * (high - low))


@dataclass
class _Search:
    """One number between two values of which an answer jumps."""

    field: Field
    row: int
    low: float | int
    high: float | int

    def middle(self) -> float | int | None:
        """A value between the two; None when there is none left."""
        if kind_of(self.field) == "integer":
            value: float | int = (int(self.low) + int(self.high)) // 2
        else:
            value = as_stored(self.field, self.low + (self.high - self.low) / 2)
        return value if self.low < value < self.high else None

    def found(self, sharp: bool) -> list[float | int]:
        """The values to ask for: the neighbours themselves, or a little apart from the jump."""
        if sharp or kind_of(self.field) == "integer":
            return [self.low, self.high]
        assert self.field.range is not None  # noqa: S101
        apart = NEAR * max(self.field.range.maximum - self.field.range.minimum, abs(self.low), abs(self.high))
        return [self.low - apart, self.high + apart]


def _jumps(rows: Table, fields: Sequence[Field], answer: Answer, sharp: bool) -> list[Edit]:
    """Rows on both sides of a jump in as many numbers as are sought."""
    searches = _started(rows, fields, answer)
    active = searches
    while active:
        middles = [(search, search.middle()) for search in active]
        going = [(search, value) for search, value in middles if value is not None]
        if not going:
            break
        asked = [Edit(search.row, ((search.field.name, value),)) for search, value in going]
        lows = [Edit(search.row, ((search.field.name, search.low),)) for search, _ in going]
        answers = _comparable(answer(edited(rows, [*asked, *lows])))
        for number, (search, value) in enumerate(going):
            if (answers[number] == answers[number + len(going)]).all():
                search.low = value
            else:
                search.high = value
        active = [search for search, _ in going]
    return [Edit(search.row, ((search.field.name, value),)) for search in searches for value in search.found(sharp)]


def _started(rows: Table, fields: Sequence[Field], answer: Answer) -> list[_Search]:
    """For each number the two neighbouring ones of a few values between which an answer changes most."""
    ranged = [field for field in fields if field.range is not None and field.range.minimum < field.range.maximum]
    step = max(1, -(-len(ranged) // SEARCHES))
    ranged = [field for field in ranged[::step] if field.unknown == "accept"]
    if not ranged:
        return []
    values = [[_number(field, share) for share in np.linspace(0, 1, STEPS)] for field in ranged]
    places = [number * max(1, rows.rows // len(ranged)) % rows.rows for number in range(len(ranged))]
    edits = [
        Edit(place, ((field.name, value),))
        for place, field, tried in zip(places, ranged, values, strict=True)
        for value in tried
    ]
    answers = _comparable(answer(edited(rows, edits))).reshape(len(ranged), STEPS, -1)
    changes = np.abs(np.diff(answers, axis=1)).sum(axis=2)
    best = changes.argmax(axis=1)
    return [
        _Search(field, place, tried[at], tried[at + 1])
        for field, place, tried, at, size in zip(
            ranged, places, values, best.tolist(), changes.max(axis=1).tolist(), strict=True
        )
        if size > 0 and tried[at] < tried[at + 1]
    ]


def _comparable(answers: Mapping[str, np.ndarray]) -> Any:
    """The answers as numbers ``[rows, n]``; text becomes its rank."""
    parts = []
    for values in answers.values():
        numbers = np.unique(values, return_inverse=True)[1] if values.dtype.kind in "OU" else values
        parts.append(np.asarray(numbers, dtype=np.float64).reshape(len(values), -1))
    return np.concatenate(parts, axis=1)
