"""Encoders: what a fitted encoder makes of each category, asked of the encoder itself."""

import copy
import warnings
from collections.abc import Sequence
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
            values = np.append(values, np.array([_unseen(known)]))
        columns[name] = pd.Series(values, dtype=object if known.dtype.kind in "OU" else None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it tells that the last row is unknown, as it should be
        return encoder.transform(pd.DataFrame(columns))


def accepts_unseen(encoder: Any) -> bool:
    """Whether the encoder answers for a category that it has not seen."""
    return getattr(encoder, "handle_unknown", "ignore") != "error"


def _unseen(known: np.ndarray) -> object:
    if known.dtype.kind in "biuf":
        finite = known[np.isfinite(known.astype(np.float64))]
        return known.dtype.type(finite.max() + 1) if len(finite) and known.dtype.kind != "b" else 2
    return UNSEEN


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
