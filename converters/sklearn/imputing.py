"""Imputers: what a fitted SimpleImputer puts in the place of missing values."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lading.converters.sklearn.layout import Column, is_missing, kept_columns
from lading.converters.sklearn.steps import Fill


def fill_step(imputer: Any, columns: Sequence[Column]) -> Fill:
    """The stand-in for a fitted ``SimpleImputer`` that is fed ``columns``, all of one kind."""
    statistics = imputer.statistics_
    kept = kept_columns(imputer)
    indicators = tuple(int(place) for place in imputer.indicator_.features_) if imputer.add_indicator else ()
    if columns[0].kind == "text":
        missing: Any = tuple(_missing_text(imputer.missing_values, column) for column in columns)
        fills = [column.text(value) for column, value in zip(columns, statistics, strict=True)]
        return Fill(missing, np.array(fills, dtype=object), tuple(kept), indicators)
    missing = np.nan if is_missing(imputer.missing_values) else float(imputer.missing_values)
    # A column that was missing throughout has no statistic: it is dropped, or filled with the constant that it kept.
    numbers = np.array([np.nan if is_missing(value) else float(value) for value in statistics])
    return Fill(missing, numbers, tuple(kept), indicators)


def _missing_text(sought: object, column: Column) -> str:
    """The text that the imputer replaces; one that is never sent where it looks for NaN and the model knows None."""
    if column.none and isinstance(sought, float):
        return f"{column.missing} is not NaN"
    return column.text(sought)
