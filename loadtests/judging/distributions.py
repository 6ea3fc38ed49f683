"""Distributions: the few that intervals are made of, without SciPy, which the commands do without."""

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_TINY = 1e-300
_STEPS = 10_000


def beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b): the probability that a beta variate is at most ``x``.

    By the continued fraction of DLMF 8.17.22 (https://dlmf.nist.gov/8.17), evaluated as Lentz does it.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # where the fraction converges quickly
        return 1.0 - beta_share(1.0 - x, b, a)
    front = math.exp(
        a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) - math.log(a)
    )
    return front / _lentz(lambda m: _beta_term(m, x, a, b))


def beta_quantile(share: float, a: float, b: float) -> float:
    """The ``x`` at which I_x(a, b) is ``share``."""
    return _solved(lambda x: beta_share(x, a, b) - share, 0.0, 1.0)


def binomial_share(k: float, n: float, p: float) -> float:
    """The probability of at most ``k`` successes among ``n``, each of probability ``p`` (DLMF 8.17.5)."""
    if k < 0 or k >= n:
        return 0.0 if k < 0 else 1.0
    return beta_share(1.0 - p, n - k, k + 1)


def student_quantile(share: float, freedom: float) -> float:
    """The quantile of Student's t with so many degrees of ``freedom``, at a ``share`` above one half.

    From P(|T| > t) = I_x(freedom / 2, 1 / 2) with x = freedom / (freedom + t²) (Abramowitz and Stegun, 26.7.1).
    """
    x = beta_quantile(2 * (1 - share), freedom / 2, 0.5)
    return math.sqrt(freedom * (1 - x) / x)


def normal_quantile(share: float) -> float:
    """The quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(share)


@cache
def signed_rank_shares(n: int) -> NDArray[np.float64]:
    """The probability that Wilcoxon's signed-rank statistic of ``n`` pairs is at most 0, 1, …, n (n + 1) / 2.

    Exact: each rank counts or does not, by a fair coin (Hollander and Wolfe, Nonparametric Statistical Methods, 3.1).
    """
    shares = np.ones(1)
    for rank in range(1, n + 1):
        grown = np.zeros(len(shares) + rank)
        grown[: len(shares)] += shares / 2
        grown[rank:] += shares / 2
        shares = grown
    return np.cumsum(shares)


def _beta_term(m: int, x: float, a: float, b: float) -> float:
    half = m // 2
    if m % 2 == 0:
        return half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
    return -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))


def _lentz(term: Callable[[int], float]) -> float:
    """1 + d1 / (1 + d2 / (1 + …)), by the modified algorithm of Lentz (Thompson and Barnett 1986)."""
    found, c, d = 1.0, 1.0, 0.0
    for m in range(1, _STEPS):
        d = 1 / _not_zero(1 + term(m) * d)
        c = _not_zero(1 + term(m) / c)
        found *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return found


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _solved(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a growing function is zero, by halving, to the last bit that matters."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
