"""The fields: a table's columns as a signature states them, with what was seen in the data."""

from typing import Any

from lading.bundles.records import Scalar
from lading.bundles.signature import Field, Range
from lading.bundles.tables.observing import Counts, Numbers
from lading.bundles.tables.table import Column, Table


def fields_of(table: Table) -> tuple[Field, ...]:
    """One field for each column, without a feed: nullable, categories and range are what the data shows.

    Text has categories where its values are few, short and repeated; ``observing`` has the bounds.
    Reads each column once, a batch at a time.
    """
    return tuple(_field(table, column) for column in table.columns)


def _field(table: Table, column: Column) -> Field:
    seen = _seen(table, column)
    return Field(
        name=column.name,
        type=column.type,
        dtype=column.dtype,
        shape=column.shape,
        category_type=column.category_type,
        **seen,
    )


def _seen(table: Table, column: Column) -> dict[str, Any]:
    if column.type in ("string", "category"):
        counts = Counts(column)
        for span in table.spans(column.name):
            counts.see(span)
        return {"nullable": counts.missing > 0, "categories": _categories(counts)}
    numbers = Numbers()
    for span in table.spans(column.name):
        numbers.see(span)
    measured = column.type in ("integer", "number")
    return {"nullable": numbers.missing > 0, "range": _range(numbers) if measured else None}


def _categories(counts: Counts) -> tuple[Scalar, ...] | None:
    return None if counts.counts is None else tuple(sorted(counts.counts))


def _range(numbers: Numbers) -> Range | None:
    if numbers.minimum is None or numbers.maximum is None:
        return None
    return Range(minimum=numbers.minimum, maximum=numbers.maximum)
