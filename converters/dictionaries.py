"""Dictionaries: rows as mappings from keys to single values, and the table that they are."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from lading.bundles.tables.problems import DataColumnError
from lading.bundles.tensors.values import shown
from lading.converters.training_data import NoRowsError

ABSENT = object()
"""Where a dictionary lacks a key."""

SMALLEST, LARGEST = -(2**63), 2**63 - 1
"""The integers that a column of them has room for."""


@runtime_checkable
class TakesDictionaries(Protocol):
    """A converter to some of whose models a row is a dictionary."""

    def takes_dictionaries(self, model: object) -> bool:
        """Whether ``model`` was trained on dictionaries."""


def tabled(data: Any) -> Any:
    """A list of dictionaries as a frame with a column for each key, in the order in which they come; else as it is.

    Where a dictionary lacks a key its text is missing, and its number is 0: that is what they are to the models that
    take dictionaries. Raises ``NoRowsError`` for an empty list, ``DataColumnError`` for a key whose values are no
    column.
    """
    if isinstance(data, list) and not data:
        raise NoRowsError
    return _table(list(data)) if _are_dictionaries(data) else data


def tabled_parts(data: Any) -> Any:
    """The same for rows that may have their target beside them: ``(rows, target)``."""
    if isinstance(data, tuple) and len(data) == 2:
        return tabled(data[0]), data[1]
    return tabled(data)


def _are_dictionaries(data: Any) -> bool:
    listed = isinstance(data, list) or getattr(data, "ndim", None) == 1
    return listed and len(data) > 0 and all(isinstance(row, Mapping) for row in data)


def _table(rows: Sequence[Mapping[Any, object]]) -> Any:
    import pandas as pd

    keys = dict.fromkeys(key for row in rows for key in row)
    return pd.DataFrame({key: _column(str(key), [row.get(key, ABSENT) for row in rows]) for key in keys})


def _column(key: str, values: Sequence[Any]) -> Any:
    """The values of a key as a column of text, of truths, of whole or of other numbers."""
    import pandas as pd

    kinds = {kind for row, value in enumerate(values) if (kind := _kind(key, row, value)) is not None}
    if "text" in kinds:
        _refuse_mixed(key, values, kinds)
        return pd.Series([value if isinstance(value, str) else None for value in values], dtype=object)
    there = [0 if value is ABSENT else value for value in values]
    if kinds == {"truth"}:
        return _nullable([value if value is None else bool(value) for value in there], "boolean")
    if kinds and kinds <= {"truth", "whole"}:
        return _nullable([value if value is None else int(value) for value in there], "Int64")
    return pd.Series([np.nan if value is None else float(value) for value in there], dtype=np.float64)


def _nullable(values: Sequence[Any], dtype: Any) -> Any:
    """A column of pandas' nullable type where something is missing, else of NumPy's."""
    import pandas as pd

    return pd.Series(values, dtype=dtype) if None in values else pd.Series(values)


def _kind(key: str, row: int, value: object) -> str | None:
    """What a value is; None for one that is not there, or is None. Raises ``DataColumnError`` for what has no column."""
    match value:
        case str():
            return "text"
        case bool() | np.bool_():
            return "truth"
        case int() | np.integer():
            return "whole" if SMALLEST <= value <= LARGEST else "number"
        case float() | np.floating():
            return "nan" if value != value else "number"
        case _ if value is None or value is ABSENT:
            return None
        case list() | tuple() | set() | frozenset():
            example = "{'genre=drama': 1, 'genre=crime': 1} for {'genre': ['drama', 'crime']}"
            remedy = f"give each of them a key of its own, which the model takes for the same: {example}"
            raise DataColumnError(key, f"holds several values in row {row}", remedy)
        case _:
            raise DataColumnError(key, f"holds {shown(value)} in row {row}", "make it text, a number, or true or false")


def _refuse_mixed(key: str, values: Sequence[object], kinds: set[str]) -> None:
    """Raise ``DataColumnError`` for text in some rows and numbers in others."""
    if kinds <= {"text", "nan"}:
        return
    named = [row for row, value in enumerate(values) if isinstance(value, str)]
    other = [row for row, value in enumerate(values) if _kind(key, row, value) not in ("text", "nan", None)]
    found = f"holds text in row {named[0]} and a number in row {other[0]}"
    raise DataColumnError(key, found, "train with text alone, str(value), or with a key for each")
