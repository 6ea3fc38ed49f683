"""The columns: each field of a model, what of its training data is known, and how its values now are counted."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lading.bundles.profile import ColumnProfile, Profile, Quantile
from lading.bundles.records import Scalar
from lading.bundles.signature import Feed, Field, Signature
from lading.bundles.tensors.values import Array, kind_of, object_array, scalar_of, texts
from lading.runtime.drift.edges import Edges, edges_of

Kind = Literal["numbers", "lengths", "moments", "categories"]
"""What of a column is compared: its numbers, the lengths of its texts, its dates as seconds, or its categories."""

Bins = NDArray[np.int64]
"""Counts; the last one is that of missing values."""

NAN = float("nan")


class Sketch(Protocol):
    """What is counted of a column's values; sketches of the same column add up, bin by bin."""

    kind: Kind
    bins: int

    def count(self, values: Array) -> Bins:
        """How many of ``values`` ``[values]``, as the graph gets them, lie in each bin."""
        ...


class Column(NamedTuple):
    """A field that is compared, and where in the graph's inputs its values are."""

    field: Field
    feed: Feed
    profile: ColumnProfile
    sketch: "Numbers | Categories"


class Numbers:
    """Numbers, or what is measured of texts, in bins between the ``edges`` and one on either side."""

    def __init__(self, kind: Kind, edges: Edges, dtype: str, missing: str | None = None) -> None:
        self.kind, self.edges, self.bins = kind, edges, len(edges.values) + 2
        self._cast = edges.cast("float64" if dtype == "string" else dtype)
        self._missing = missing

    def count(self, values: Array) -> Bins:
        """How many of ``values`` lie in each bin."""
        numbers = self.numbers(values)
        present = numbers[numbers == numbers] if numbers.dtype.kind == "f" else numbers
        found = np.bincount(self._cast.searchsorted(present), minlength=self.bins)
        found[-1] = len(numbers) - len(present)
        return found

    def numbers(self, values: Array) -> Array:
        """The numbers that stand for ``values``; NaN where one is missing."""
        if values.dtype.kind != "O":
            return values
        measure, missing = MEASURES[self.kind], self._missing
        return np.array([NAN if text == missing else measure(text) for text in values.tolist()], dtype=np.float64)

    def outside(self, values: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which of ``values`` are below, and which above, all of the training data."""
        numbers, edges = self.numbers(values), self._cast
        return numbers <= edges[self.edges.below], numbers > edges[self.edges.above]


class Categories:
    """Known categories, those that the profile does not name, those never seen in training, and missing ones."""

    kind: Kind = "categories"

    def __init__(self, named: Sequence[Scalar], known: Sequence[Scalar], complete: bool, missing: str | None) -> None:
        self.bins = len(named) + 3
        self.complete = complete
        """Whether all categories of the training data are known: only then can others be told to be new."""
        self._places: dict[object, int] = dict.fromkeys(known, self.rare)
        self._places |= {value: place for place, value in enumerate(named)}
        self._missing = missing

    @property
    def rare(self) -> int:
        """The bin of categories that were in the training data and are not named."""
        return self.bins - 3

    @property
    def unseen(self) -> int:
        """The bin of categories that were not."""
        return self.bins - 2

    def count(self, values: Array) -> Bins:
        """How many of ``values`` lie in each bin."""
        found = np.zeros(self.bins, dtype=np.int64)
        for value, count in Counter(values.tolist()).items():
            found[self._place(value)] += count
        return found

    def new(self, values: Array) -> NDArray[np.bool_]:
        """Which of ``values`` are none of the training data's."""
        listed = values.tolist()
        if not self.complete:
            return np.zeros(len(listed), dtype=bool)
        return np.fromiter((self._place(value) == self.unseen for value in listed), dtype=bool, count=len(listed))

    def _place(self, value: object) -> int:
        if value == self._missing or value != value:
            return self.bins - 1
        return self._places.get(value, self.unseen if self.complete else self.rare)


def columns_of(signature: Signature, profile: Profile) -> list[Column]:
    """The columns of the fields that a model uses and that its profile tells enough of."""
    known = {column.name: column for column in profile.columns}
    dtypes = {tensor.name: tensor.dtype for tensor in signature.inputs}
    found = []
    for field in signature.fields:
        column = known.get(field.name)
        if column is None or field.feed is None:
            continue
        sketch = _sketch(field, field.feed, column, dtypes[field.feed.input])
        if sketch is not None:
            found.append(Column(field, field.feed, column, sketch))
    return found


def _sketch(field: Field, feed: Feed, column: ColumnProfile, dtype: str) -> "Numbers | Categories | None":
    if column.categories:
        return _categories(field, feed, column, dtype)
    kind, quantiles = _measured(field, column, dtype)
    edges = edges_of(quantiles)
    return None if edges is None else Numbers(kind, edges, dtype, feed.missing)


def _measured(field: Field, column: ColumnProfile, dtype: str) -> tuple[Kind, Sequence[Quantile]]:
    if dtype != "string":
        return "numbers", column.quantiles
    if field.type == "datetime":
        return "moments", column.quantiles
    return ("numbers", column.quantiles) if column.quantiles else ("lengths", column.lengths)


def _categories(field: Field, feed: Feed, column: ColumnProfile, dtype: str) -> Categories:
    named = [category.value for category in column.categories]
    known = named if field.categories is None else list(field.categories)
    complete = field.categories is not None or len(named) == column.distinct
    as_text = dtype == "string"
    return Categories(_as_fed(field, named, as_text), _as_fed(field, known, as_text), complete, feed.missing)


def _as_fed(field: Field, values: Sequence[Scalar], as_text: bool) -> Sequence[Scalar]:
    """Categories as the graph gets them."""
    kind = kind_of(field)
    found = object_array([scalar_of(kind, value) for value in values])
    made: list[Scalar] = texts(found, kind, "").tolist() if as_text else found.tolist()
    return made


def _seconds(text: str) -> float:
    """The seconds from 1970 on; a time without a zone is taken as UTC, as the profile does."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return NAN
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return NAN


MEASURES: Mapping[Kind, Callable[[str], float]] = {"numbers": _float, "lengths": len, "moments": _seconds}
