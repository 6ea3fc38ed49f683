"""The distances: how far two distributions lie apart, and how far chance alone takes them."""

import math

import numpy as np
from numpy.typing import NDArray

CHANCE = 1.6449
"""The standard normal quantile that 19 of 20 samples stay below."""

Shares = NDArray[np.float64]


def stability_index(training: Shares, live: Shares) -> float:
    """The population stability index of two vectors of counts ``[bins]``.

    It is the sum of (q - p) ln(q / p) over the bins, with p and q the shares of training and of now: Jeffreys'
    divergence, which credit scoring knows by this name (Siddiqi, Credit Risk Scorecards, 2006). Half a count is added
    to every bin (Krichevsky and Trofimov 1981), so that empty ones do not make it infinite; bins that are empty on
    both sides are left out.
    """
    training, live = _filled(training, live)
    p, q = _shares(training), _shares(live)
    return float(np.sum((q - p) * np.log(q / p)))


def chance_index(training: Shares, live: Shares) -> float:
    """The index that 19 of 20 samples of these sizes stay below where nothing has changed.

    It is distributed as chi-squared with one degree of freedom less than there are bins, times 1/n + 1/m (Yurdakul,
    Statistical Properties of Population Stability Index, 2018); the quantile is Wilson and Hilferty's (1931).
    """
    training, live = _filled(training, live)
    freedom = len(training) - 1
    if freedom < 1 or not training.sum() or not live.sum():
        return 0.0
    part = 2 / (9 * freedom)
    quantile = freedom * (1 - part + CHANCE * math.sqrt(part)) ** 3
    return float(quantile * (1 / training.sum() + 1 / live.sum()))


def transport(edges: Shares, training: Shares, live: Shares) -> float:
    """The Wasserstein distance W1 of two distributions by the shares ``[edges]`` of their values up to each edge.

    It is the area between the two distribution functions (Vallender 1974), here with straight lines between the edges:
    how far a value has to be moved on the average to make one distribution of the other, in the unit of the values.
    """
    apart = np.abs(live - training)
    return float(np.sum(np.diff(edges) * (apart[1:] + apart[:-1]) / 2))


def _filled(training: Shares, live: Shares) -> tuple[Shares, Shares]:
    some = (training > 0) | (live > 0)
    return training[some], live[some]


def _shares(counts: Shares) -> Shares:
    smoothed = counts + 0.5
    shares: Shares = smoothed / smoothed.sum()
    return shares
