"""The edges: where the values of a column of numbers are cut, and what share of its training data lay below each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lading.bundles.profile import Quantile

OUTSIDE = tuple(2.0**power for power in range(-3, 11))
"""How far beyond the training range there are edges, in its widths: enough to tell twice as far from ten times."""

DECILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""The shares at which the bins of the population stability index are cut."""


@dataclass(frozen=True)
class Edges:
    """The edges of a column: a value lies in the bin of the first edge that is not below it.

    What share of the training data is up to an edge is known exactly where values seldom repeat. Where they do, it is
    somewhere between ``least`` and ``most``: the profile says which value a share reaches, not how far it goes on.
    """

    values: NDArray[np.float64]
    """Rising; ``below`` is just under the least training value, ``above`` at the largest one."""
    least: NDArray[np.float64]
    most: NDArray[np.float64]
    below: int
    above: int
    cuts: tuple[int, ...]
    """The edges at the deciles."""
    spread: float
    """How far the outer deciles lie apart, or the extremes where these are the same."""

    def cast(self, dtype: DTypeLike) -> NDArray[Any]:
        """The edges as values of ``dtype`` round, so that no training value comes to lie outside by rounding."""
        kind = np.dtype(dtype)
        if kind.kind != "f":
            return self.values
        with np.errstate(over="ignore"):
            made = self.values.astype(kind)
            made[self.below] = np.nextafter(made[self.below + 1], np.array(-np.inf, dtype=kind))
        return made

    def training(self, live: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share of training values up to each edge: of what it can have been, what is nearest to ``live``."""
        return np.clip(live, self.least, self.most)


def edges_of(quantiles: Sequence[Quantile]) -> Edges | None:
    """The edges of a column with these quantiles; None for a column without values."""
    if not quantiles:
        return None
    shares = np.array([quantile.share for quantile in quantiles])
    found = np.array([quantile.value for quantile in quantiles], dtype=np.float64)
    inner = np.unique(found)
    deciles = np.unique(found[np.isin(shares, DECILES)])
    least = shares[np.searchsorted(found, inner, side="right") - 1]
    most = np.minimum(_next_shares(shares, least), least + _most_at(inner, least, len(deciles) < len(DECILES)))
    return _with_outside(inner, least, most, deciles, _spread(shares, found))


def _with_outside(
    inner: NDArray[np.float64],
    least: NDArray[np.float64],
    most: NDArray[np.float64],
    deciles: NDArray[np.float64],
    spread: float,
) -> Edges:
    low, high = float(inner[0]), float(inner[-1])
    with np.errstate(over="ignore"):
        width = np.float64(high) - low
        steps = np.array(OUTSIDE) * (width if width > 0 else max(abs(low), 1.0))
        under = [*(low - steps)[::-1], np.nextafter(low, -np.inf)]
        values = np.concatenate([under, inner, high + steps])
    first, last = len(under), len(under) + len(inner) - 1
    none, every = np.zeros(len(under)), np.ones(len(steps))
    least, most = np.append(least[:-1], 1.0), np.append(most[:-1], 1.0)
    return Edges(
        values=values,
        least=np.concatenate([none, least, every]),
        most=np.concatenate([none, most, every]),
        below=first - 1,
        above=last,
        cuts=tuple(int(place) + first for place in np.searchsorted(inner, deciles) if place < len(inner) - 1),
        spread=spread,
    )


def _next_shares(shares: NDArray[np.float64], reached: NDArray[np.float64]) -> NDArray[np.float64]:
    """The next larger of ``shares`` after each that is ``reached``."""
    places = np.searchsorted(shares, reached, side="right")
    following: NDArray[np.float64] = shares[np.minimum(places, len(shares) - 1)]
    return following


def _most_at(values: NDArray[np.float64], least: NDArray[np.float64], repeated: bool) -> NDArray[np.float64] | float:
    """The most that may lie at each of ``values``: anything where deciles are ``repeated``, and so values are few.

    Whole numbers may repeat, too: as often as they lie close together there. Of others each is taken to be alone.
    """
    if repeated:
        return 1.0
    if len(values) < 2 or (np.trunc(values) != values).any():
        return 0.0
    places = np.arange(len(values))
    before, after = np.maximum(places - 1, 0), np.minimum(places + 1, len(values) - 1)
    with np.errstate(over="ignore"):
        density: NDArray[np.float64] = (least[after] - least[before]) / (values[after] - values[before])
    return density


def _spread(shares: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    outer = values[np.isin(shares, (DECILES[0], DECILES[-1]))]
    with np.errstate(over="ignore"):
        spread = float(outer[-1] - outer[0]) if len(outer) else 0.0
        return spread if spread > 0 else float(values[-1] - values[0])
