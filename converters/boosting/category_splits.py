"""Splits on categories: a column beside the others for each set of categories, which a tree compares as a number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from onnx import TensorProto

from lading.converters.sklearn.formulas.value import Value


@dataclass(frozen=True)
class Side:
    """A node that looks whether the code of a category is one of some; others go the other way, unknown ones too."""

    node: int = field(compare=False)
    feature: int
    """The column that holds the code."""
    codes: tuple[int, ...]
    left: bool
    """Whether rows with one of ``codes`` go left."""


def sides_of(sides: Iterable[Sequence[Side]]) -> list[Side]:
    """Every question once, those of one column together."""
    return sorted({side for some in sides for side in some}, key=lambda side: (side.feature, side.codes, side.left))


def with_sides(x: Value, sides: Sequence[Side], floors: bool) -> Value:
    """The columns of ``x`` and then one for each side: 0 where a row goes left, 1 right, NaN where the code is missing."""
    features = dict.fromkeys(side.feature for side in sides)
    groups = [[side for side in sides if side.feature == feature] for feature in features]
    return x.beside(*(_answers(x, group, floors) for group in groups))


def _answers(x: Value, sides: Sequence[Side], floors: bool) -> Value:
    """What all questions about one column are answered, ``[N, sides]``."""
    codes = max(max(side.codes, default=0) for side in sides) + 1
    column = x.columns([sides[0].feature])
    # -1 and the first beyond all others are unknown.
    held = column.held(-1.0, float(codes))
    known = (held.apply("Floor") if floors else held).apply("Cast", to=TensorProto.INT64)
    place = column.missing().where(np.array([[codes + 2]]), known + np.array([[1]])).reshape(-1)
    return x.constant(np.stack([_table(side, codes) for side in sides], axis=1))[place]


def _table(side: Side, codes: int) -> np.ndarray:
    """The answers by place: to an unknown code, to each known one, to one beyond, and to a missing one."""
    table = np.full(codes + 3, float(side.left))
    table[np.asarray(side.codes, dtype=np.int64) + 1] = 1.0 - float(side.left)
    table[-1] = np.nan
    return table
