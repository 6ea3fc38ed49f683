"""The scorecard: every column of a row brings points, and their sum is the log-odds of the second class."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BINS = 4
"""Into how many bins numbers are sorted, by quantiles."""
SMOOTHING = 1.0
"""Rows of each class that are added to every bin, so that none has infinite points."""


class NotFittedError(ValueError):
    """A scorecard was asked before it was trained."""


@dataclass(frozen=True)
class NumberPoints:
    """Points of a number, by the bin that it lies in."""

    edges: NDArray[np.float64]
    """Lower bounds of all bins but the first, ascending."""
    points: NDArray[np.float64]
    """Of each bin, and last those of a missing number."""


@dataclass(frozen=True)
class WordPoints:
    """Points of a word; one that is missing has its own, and one that was not seen in training has none."""

    words: tuple[str, ...]
    points: NDArray[np.float64]
    """Of each word, and last those of a missing one."""


class Scorecard:
    """Points by weight of evidence, ``log(share of class 1 in the bin / share of class 0 in the bin)``.

    For two classes; columns are numbers or words, in a data frame.
    """

    def __init__(self) -> None:
        self.columns: dict[str, NumberPoints | WordPoints] = {}
        self.base = 0.0
        """Log-odds before any column."""
        self.classes: tuple[str, str] | None = None

    def fit(self, data: pd.DataFrame, labels: "pd.Series[str]") -> Self:
        """Learn the points of each column of ``data`` ``[rows, columns]`` from labels ``[rows]`` of two classes."""
        first, second = sorted(labels.unique())
        positive = (labels == second).to_numpy()
        self.classes = (first, second)
        self.base = float(np.log(positive.sum() / (~positive).sum()))
        self.columns = {str(name): _learned(data[name], positive) for name in data.columns}
        return self

    def log_odds(self, data: pd.DataFrame) -> NDArray[np.float64]:
        """The sum of the points of each row, shape ``[rows]``. Raises ``NotFittedError`` and ``KeyError``."""
        if self.classes is None:
            raise NotFittedError("this scorecard was not fitted; call fit first")
        total = np.full(len(data), self.base)
        for name, card in self.columns.items():
            total += (
                card.points[_positions(card, data[name])] if isinstance(card, NumberPoints) else _of(card, data[name])
            )
        return total

    def probabilities(self, data: pd.DataFrame) -> NDArray[np.float64]:
        """Of both classes, shape ``[rows, 2]``."""
        second = 1 / (1 + np.exp(-self.log_odds(data)))
        return np.column_stack([1 - second, second])

    def predict(self, data: pd.DataFrame) -> NDArray[Any]:
        """The class of each row, shape ``[rows]``."""
        found = self.log_odds(data) >= 0
        classes: NDArray[Any] = np.array(self.classes, dtype=object)[found.astype(int)]
        return classes


def _learned(column: "pd.Series[Any]", positive: NDArray[np.bool_]) -> NumberPoints | WordPoints:
    if pd.api.types.is_numeric_dtype(column):
        shares = np.linspace(0, 1, BINS + 1)[1:-1]
        edges = np.unique(np.quantile(column.dropna().to_numpy(dtype=np.float64), shares))
        card = NumberPoints(edges, np.empty(0))
        return NumberPoints(edges, _evidence(_positions(card, column), len(edges) + 2, positive))
    words = tuple(sorted(str(word) for word in column.dropna().unique()))
    places = column.map({word: place for place, word in enumerate(words)}).fillna(len(words)).to_numpy(dtype=int)
    return WordPoints(words, _evidence(places, len(words) + 1, positive))


def _positions(card: NumberPoints, column: "pd.Series[Any]") -> NDArray[np.intp]:
    values = column.to_numpy(dtype=np.float64)
    return np.where(np.isnan(values), len(card.edges) + 1, np.searchsorted(card.edges, values, side="right"))


def _of(card: WordPoints, column: "pd.Series[Any]") -> NDArray[np.float64]:
    points = dict(zip((*card.words, None), card.points, strict=True))
    return np.array([points.get(None if pd.isna(word) else word, 0.0) for word in column], dtype=np.float64)


def _evidence(places: NDArray[Any], bins: int, positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    ones = np.bincount(places[positive], minlength=bins) + SMOOTHING
    zeros = np.bincount(places[~positive], minlength=bins) + SMOOTHING
    points: NDArray[np.float64] = np.log((ones / ones.sum()) / (zeros / zeros.sum()))
    return points
