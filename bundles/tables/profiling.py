"""Profiling: the sketch of each column of the training data; the same data gives the same sketch, always."""

from collections.abc import Mapping
from typing import Any

from lading.bundles.profile import CategoryCount, ColumnProfile, Profile, Quantile
from lading.bundles.records import Scalar
from lading.bundles.tables.observing import Counts, Lengths, Numbers, Sample
from lading.bundles.tables.table import Column, Table

SHARES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""The shares that quantiles are given at."""

TOP_CATEGORIES = 50
"""How many of the most frequent categories are named."""


def profile_of(table: Table) -> Profile:
    """The profile of every column; a tensor's elements count as one column's values.

    Dates and timestamps are measured in seconds since 1970-01-01T00:00:00 UTC. Text that is not categories keeps
    the lengths of its values only. One column is in work at a time, so memory is bounded by a batch of one column.
    """
    return Profile(rows=table.rows, columns=tuple(_column_profile(table, column) for column in table.columns))


def _column_profile(table: Table, column: Column) -> ColumnProfile:
    match column.type:
        case "boolean":
            seen = _counted(table, column)
        case "string" | "category":
            seen = _counted_or_measured(table, column)
        case _:
            seen = _measured(table, column)
    return ColumnProfile(name=column.name, type=column.type, dtype=column.dtype, **seen)


def _measured(table: Table, column: Column) -> dict[str, Any]:
    numbers = Numbers()
    cells = 0
    for span in table.spans(column.name):
        numbers.see(span)
        cells += len(span)
    return {
        "count": cells,
        "missing": numbers.missing,
        "infinite": numbers.infinite,
        "minimum": numbers.minimum,
        "maximum": numbers.maximum,
        "mean": numbers.mean,
        "quantiles": _quantiles(numbers.sample, numbers.minimum, numbers.maximum),
    }


def _counted(table: Table, column: Column) -> dict[str, Any]:
    counts = Counts(column)
    for span in table.spans(column.name):
        counts.see(span)
    return _of_counts(counts)


def _counted_or_measured(table: Table, column: Column) -> dict[str, Any]:
    counts, lengths = Counts(column), Lengths()
    is_text = column.category_type in (None, "string")
    for span in table.spans(column.name):
        counts.see(span)
        if is_text:
            lengths.see(span)
    seen = _of_counts(counts)
    if is_text and counts.counts is None:
        seen["lengths"] = _quantiles(lengths.sample, lengths.smallest, lengths.largest)
    return seen


def _of_counts(counts: Counts) -> dict[str, Any]:
    found = counts.counts
    return {
        "count": counts.missing + counts.seen,
        "missing": counts.missing,
        "categories": () if found is None else _top(found),
        "distinct": None if found is None else len(found),
    }


def _top(counts: Mapping[Scalar, int]) -> tuple[CategoryCount, ...]:
    """The most frequent first, then by value."""
    by_value = sorted(counts)
    ordered = sorted(by_value, key=lambda value: -counts[value])
    return tuple(CategoryCount(value=value, count=counts[value]) for value in ordered[:TOP_CATEGORIES])


def _quantiles(sample: Sample, minimum: float | None, maximum: float | None) -> tuple[Quantile, ...]:
    """The sample's quantiles between the true extremes."""
    if minimum is None or maximum is None:
        return ()
    inner = sample.quantiles(SHARES[1:-1])
    values = [minimum, *inner, maximum]
    return tuple(Quantile(share=share, value=value) for share, value in zip(SHARES, values, strict=True))
