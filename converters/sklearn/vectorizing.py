"""Vectorizing: the steps that stand in for a fitted ``DictVectorizer``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline

from lading.converters.sklearn.dictionaries import keys_of
from lading.converters.sklearn.layout import Column
from lading.converters.sklearn.steps import Cast, Encode, Select, Step, Table


def vectorize_steps(model: DictVectorizer, columns: Sequence[Column | None]) -> tuple[Any, ...]:
    """The numbers as they are and the texts one-hot, in the order of the vectorizer's own columns."""
    keys = keys_of(model, [None if column is None else column.field for column in columns])
    parts: list[tuple[str, Sequence[Step]]] = []
    order = list(keys.numbers.values())
    if keys.numbers:
        single = np.dtype(model.dtype) == np.float32
        parts.append(("numbers", (_select(columns, list(keys.numbers)), *_rounded(single))))
    if keys.texts:
        order += [place for known in keys.texts.values() for place in known.values()]
        tables = tuple(_one_hot(tuple(known)) for known in keys.texts.values())
        parts.append(("texts", (_select(columns, list(keys.texts)), Encode(tables))))
    pipelines = [(name, Pipeline([(f"s{at}", step) for at, step in enumerate(steps)])) for name, steps in parts]
    made = parts[0][1] if len(parts) == 1 else (FeatureUnion(pipelines),)
    return (*made, Select(tuple(np.argsort(order).tolist())))


def _select(columns: Sequence[Column | None], places: Sequence[int]) -> Select:
    taken = [column for place in places if (column := columns[place]) is not None]
    return Select(tuple(column.place for column in taken), taken[0].source)


def _rounded(single: bool) -> tuple[Step, ...]:
    return (Cast(double=False), Cast(double=True)) if single else ()


def _one_hot(values: tuple[str, ...]) -> Table:
    return Table(values, tuple(range(len(values) + 1)), None, len(values))
