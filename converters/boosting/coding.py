"""Coding: the columns that a model of boosted trees is fed, with numbers in place of categories."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import FeatureUnion, Pipeline

from lading.converters.boosting.frameworks import Categories
from lading.converters.sklearn.layout import Column
from lading.converters.sklearn.steps import Encode, Select, Table


def coded(columns: Sequence[Column], known: Mapping[int, Categories]) -> tuple[Any, ...]:
    """The steps that make one matrix of ``columns``, in their order, of which some are categories."""
    plain = [place for place in range(len(columns)) if place not in known]
    texts = [place for place in known if columns[place].kind == "text"]
    numbers = [place for place in known if columns[place].kind == "number"]
    parts = [(name, places) for name, places in (("plain", plain), ("texts", texts), ("numbers", numbers)) if places]
    made = [(name, _part([columns[place] for place in places], [known.get(place) for place in places])) for name, places in parts]  # fmt: skip
    order = np.argsort([place for _, places in parts for place in places])
    return FeatureUnion(made), Select(tuple(order.tolist()))


def _part(columns: Sequence[Column], known: Sequence[Categories | None]) -> Pipeline:
    steps: list[Any] = [Select(tuple(column.place for column in columns), columns[0].source)]
    tables = tuple(_table(column, one) for column, one in zip(columns, known, strict=True) if one is not None)
    if tables:
        steps.append(Encode(tables))
    return Pipeline([(f"s{number}", step) for number, step in enumerate(steps)])


def _table(column: Column, known: Categories) -> Table:
    """The codes of a column's values; a missing one, where there may be one, stays missing."""
    may_be = column.field is None or column.field.nullable
    values = np.array([*known.codes, *([np.nan] if may_be else []), known.unseen])[:, None]
    if column.kind == "text":
        return Table((*map(column.text, known.values), *([column.missing] if may_be else [])), None, values, 1)
    return Table((*map(float, known.values), *([np.nan] if may_be else [])), None, values, 1)
