"""The distributions are those of SciPy."""

import numpy as np
import pytest
from scipy import stats

from lading.loadtests.judging.distributions import (
    beta_quantile,
    beta_share,
    binomial_share,
    signed_rank_shares,
    student_quantile,
)

SHAPES = [(0.5, 0.5), (1.0, 1.0), (2.0, 5.0), (0.3, 4000.0), (12.7, 11987.3), (5000.0, 5001.0), (1e5, 3.0)]


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_the_beta_distribution(a: float, b: float) -> None:
    for share in (1e-9, 0.005, 0.3, 0.5, 0.975, 0.995):
        x = float(stats.beta.ppf(share, a, b))
        assert beta_quantile(share, a, b) == pytest.approx(x, rel=1e-6, abs=1e-300)
        assert beta_share(x, a, b) == pytest.approx(float(stats.beta.cdf(x, a, b)), rel=1e-9)
    assert (beta_share(-1, a, b), beta_share(2, a, b)) == (0.0, 1.0)


@pytest.mark.parametrize(("n", "p"), [(40, 0.99), (12000, 0.999), (7, 0.5), (1, 0.01)])
def test_the_binomial_distribution(n: int, p: float) -> None:
    for k in {-1, 0, n // 2, int(n * p), n - 1, n}:
        assert binomial_share(k, n, p) == pytest.approx(float(stats.binom.cdf(k, n, p)), rel=1e-8, abs=1e-300)


@pytest.mark.parametrize("freedom", [1, 2, 5, 29, 1000])
@pytest.mark.parametrize("share", [0.75, 0.975, 0.995, 0.9999])
def test_students_distribution(freedom: int, share: float) -> None:
    assert student_quantile(share, freedom) == pytest.approx(float(stats.t.ppf(share, freedom)), rel=1e-8)


@pytest.mark.parametrize("n", [1, 2, 7, 12, 30])
def test_the_signed_rank_statistic(n: int) -> None:
    """Against all signs where they can be counted, else against SciPy's exact test."""
    shares = signed_rank_shares(n)
    assert len(shares) == n * (n + 1) // 2 + 1
    assert shares[-1] == pytest.approx(1)
    if n <= 12:
        signs = np.array(np.meshgrid(*[[0, 1]] * n)).reshape(n, -1)
        sums = np.arange(1, n + 1) @ signs
        assert shares == pytest.approx([(sums <= one).mean() for one in range(len(shares))])
    else:
        values = np.arange(1, n + 1) * np.where(np.arange(n) % 3 == 0, 1, -1)
        found = stats.wilcoxon(values, alternative="less", method="exact")
        assert shares[int(values[values > 0].sum())] == pytest.approx(found.pvalue)
