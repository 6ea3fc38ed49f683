"""The profile: a sketch of each column of the training data, bounded in size and free of free text."""

from lading.bundles.records import Record, Scalar
from lading.bundles.signature import FieldType


class CategoryCount(Record):
    """One category, and how many rows held it."""

    value: Scalar
    count: int


class Quantile(Record):
    """The value below which a share of the column's finite values lies."""

    share: float
    value: float


class ColumnProfile(Record):
    """What is known of one column."""

    name: str
    type: FieldType
    dtype: str
    count: int
    """Rows, missing ones included."""
    missing: int
    infinite: int = 0
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    quantiles: tuple[Quantile, ...] = ()
    """At fixed shares from 0 to 1; approximate for long columns. Absent for text."""
    categories: tuple[CategoryCount, ...] = ()
    """The most frequent ones, most frequent first, then by value; absent for text."""
    distinct: int | None = None
    """Distinct values, where they were few enough to count."""
    lengths: tuple[Quantile, ...] = ()
    """For text: the lengths in characters. The text itself is never kept."""


class Profile(Record):
    """The sketch of the training data, target included."""

    rows: int
    columns: tuple[ColumnProfile, ...]
