"""Changing rows: some values of a table replaced, in the library and the types that the model was trained on."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from lading.bundles.signature import Field
from lading.bundles.tables.table import Table, table_of

Values = Sequence[object]


@dataclass(frozen=True)
class Edit:
    """A real row with some values replaced."""

    row: int
    values: tuple[tuple[str, object], ...]


def edited(rows: Table, edits: Sequence[Edit]) -> Table:
    """One row for each edit."""
    taken = rows.take([edit.row for edit in edits])
    names = {name for edit in edits for name, _ in edit.values}
    touched = [column.name for column in rows.columns if column.name in names]
    columns = taken.columns_as_numpy()
    changes = {name: [_plain(value) for value in columns[name].tolist()] for name in touched}
    for number, edit in enumerate(edits):
        for name, value in edit.values:
            changes[name][number] = value
    return changed(taken, changes)


def _plain(value: object) -> object:
    if isinstance(value, float) and value != value:
        return None
    return value


def as_stored(field: Field, value: float) -> float:
    """The number that a column of the field's type would hold."""
    return float(np.float32(value)) if field.dtype.lower().startswith("float32") else value


def changed(rows: Table, changes: Mapping[str, Values]) -> Table:
    """``rows`` with the values of some columns replaced; None is missing. The rows given stay as they are."""
    original = rows.original
    if isinstance(original, np.ndarray):
        return table_of(_in_array(rows, original, changes), [column.name for column in rows.columns])
    if isinstance(original, pa.Table):
        return table_of(_in_arrow(original, changes))
    if "polars" in sys.modules and type(original).__module__.startswith("polars"):
        return table_of(_in_polars(original, changes))
    return table_of(_in_pandas(original, changes))


def _in_array(rows: Table, original: np.ndarray, changes: Mapping[str, Values]) -> np.ndarray:
    fresh = original.copy()
    for place, column in enumerate(rows.columns):
        if column.name in changes:
            values = [np.nan if value is None else value for value in changes[column.name]]
            fresh[:, place] = np.array(values, dtype=original.dtype)
    return fresh


def _in_arrow(original: pa.Table, changes: Mapping[str, Values]) -> pa.Table:
    for name, values in changes.items():
        place = original.schema.get_field_index(name)
        kind = original.schema.field(place).type
        plain = kind.value_type if pa.types.is_dictionary(kind) else kind
        original = original.set_column(place, name, pa.array(list(values), type=plain))
    return original


def _in_polars(original: Any, changes: Mapping[str, Values]) -> Any:
    import polars as pl

    fresh = []
    for name, values in changes.items():
        kind = original.schema[name]
        fresh.append(pl.Series(name, list(values), dtype=pl.String if kind in (pl.Categorical, pl.Enum) else kind))
    return original.with_columns(fresh)


def _in_pandas(original: Any, changes: Mapping[str, Values]) -> Any:
    import pandas as pd

    fresh = original.copy()
    for name, values in changes.items():
        column = original[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            kept = list(column.dtype.categories)
            new = [value for value in dict.fromkeys(values) if value is not None and value not in kept]
            fresh[name] = pd.Categorical(list(values), categories=[*kept, *new])
        elif column.dtype == object:
            gone = column[column.isna()]
            marker = gone.iloc[0] if len(gone) else np.nan  # None and NaN are not the same to an encoder
            fresh[name] = pd.Series(
                [marker if value is None else value for value in values], column.index, dtype=object
            )
        else:
            if isinstance(column.dtype, pd.BooleanDtype):  # which takes no 1.0 for true
                values = [None if value is None else bool(value) for value in values]
            fresh[name] = pd.Series(list(values), index=column.index, dtype=column.dtype)
    return fresh
