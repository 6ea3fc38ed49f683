"""Encoders: what a fitted encoder makes of each category, asked of the encoder itself."""

import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.preprocessing import OneHotEncoder

from lading.converters.sklearn.layout import Column, is_missing
from lading.converters.sklearn.steps import Encode, Table

UNSEEN = "no category of this name was ever seen"


def encode_step(encoder: Any, columns: Sequence[Column]) -> Encode:
    """The stand-in for a fitted encoder that is fed ``columns``."""
    asked = copy.deepcopy(encoder).set_output(transform="default")
    if isinstance(asked, OneHotEncoder):
        asked.sparse_output = True
    answers = _answers(asked, asked.categories_)
    widths = _widths(asked, answers.shape[1])
    tables, start = [], 0
    for position, column in enumerate(columns):
        part = answers[:, start : start + widths[position]]
        tables.append(_table(asked, position, column, part))
        start += widths[position]
    return Encode(tuple(tables))


def _widths(encoder: Any, total: int) -> list[int]:
    if isinstance(encoder, OneHotEncoder):
        return [int(width) for width in encoder._n_features_outs]
    return [total // len(encoder.categories_)] * len(encoder.categories_)


def _answers(encoder: Any, categories: Sequence[np.ndarray]) -> Any:
    """The encoded categories: row k holds the k-th category of each column, or its last one where it has fewer.

    After them comes a row of categories that no column has, where the encoder takes such.
    """
    rows = max(len(known) for known in categories)
    names = getattr(encoder, "feature_names_in_", range(len(categories)))
    columns = {}
    for name, known in zip(names, categories, strict=True):
        places = np.minimum(np.arange(rows), len(known) - 1)
        values = known[places]
        if accepts_unseen(encoder):
            values = np.append(values, np.array([unseen(known)]))
        columns[name] = pd.Series(values, dtype=object if known.dtype.kind in "OU" else None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it tells that the last row is unknown, as it should be
        return encoder.transform(pd.DataFrame(columns))


def accepts_unseen(encoder: Any) -> bool:
    """Whether the encoder answers for a category that it has not seen."""
    return getattr(encoder, "handle_unknown", "ignore") != "error"


def unseen(known: np.ndarray) -> Any:
    """A value that is none of the ``known`` categories, of their own type where that has another one."""
    if known.dtype.kind in "iu":
        return next(filter(_other_than(known), _integers(known)))
    if known.dtype.kind == "f":
        return next(filter(_other_than(known), _numbers(known)))
    return 2 if known.dtype.kind == "b" else UNSEEN


def _other_than(known: np.ndarray) -> Callable[[Any], bool]:
    held = frozenset(known.tolist())
    return lambda value: value.item() not in held


def _integers(known: np.ndarray) -> Iterator[Any]:
    """Beyond the largest, before the smallest, between two; and of another type where all of their own are known."""
    kind, ends = known.dtype.type, np.iinfo(known.dtype)
    least, most = int(known.min()), int(known.max())
    between = range(least, min(most, least + len(known)))
    inside = (value for value in (most + 1, least - 1, *between) if ends.min <= value <= ends.max)
    yield from map(kind, inside)
    yield np.int64(most + 1)


def _numbers(known: np.ndarray) -> Iterator[Any]:
    """Beyond the largest, before the smallest, or next to one of them; where none is finite, 0."""
    kind, finite = known.dtype.type, np.sort(known[np.isfinite(known)])
    if not len(finite):
        yield kind(0)
        return
    with np.errstate(over="ignore"):
        near = np.nextafter(finite[::-1, None], np.array([np.inf, -np.inf], finite.dtype))
        tried = [finite[-1] + kind(1), finite[0] - kind(1), *near.ravel()]
    yield from filter(np.isfinite, tried)


def _table(encoder: Any, position: int, column: Column, part: Any) -> Table:
    known = encoder.categories_[position]
    if column.kind == "text":
        keys: Any = tuple(column.text(value) for value in known)
    else:
        keys = tuple(np.nan if is_missing(value) else float(value) for value in known)
    width = part.shape[1]
    if sparse.issparse(part):
        return Table(keys, _positions(part.tocsr(), len(known), accepts_unseen(encoder)), None, width)
    rows = np.asarray(part, dtype=np.float64)
    last = rows[-1:] if accepts_unseen(encoder) else np.zeros((1, width))
    return Table(keys, None, np.concatenate([rows[: len(known)], last]), width)


def _positions(part: Any, known: int, unseen: bool) -> tuple[int, ...]:
    """The one output column that is 1 in each row, or the width where none is."""
    rows, width = part.shape
    places = np.full(rows, width)
    entries = part.tocoo()
    places[entries.row] = entries.col
    return (*places[:known].tolist(), int(places[-1]) if unseen else width)
