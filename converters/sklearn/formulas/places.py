"""Places: transformers that put each number of a column in its place among those of the training."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.preprocessing import Binarizer, KBinsDiscretizer, QuantileTransformer
from sklearn.preprocessing._data import BOUNDS_THRESHOLD

from lading.converters.sklearn.formulas.features import interpolated
from lading.converters.sklearn.formulas.value import Formulas, Value

CENTRAL = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
OUTER = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
"""Both quotients of polynomials of Wichura's algorithm AS 241 (Applied Statistics 37, 1988), the lowest power first."""


def binarized(model: Any, x: Value) -> Value:
    """1 above the threshold, else 0."""
    return (x > float(model.threshold)).number()


def binned(model: Any, x: Value) -> Value:
    """The bin of each number, or a column for each bin of each column."""
    parts = []
    for column, edges in enumerate(model.bin_edges_):
        inner, count = np.asarray(edges[1:-1], dtype=np.float64), int(model.n_bins_[column])
        numbers = x.columns([column])
        place = (numbers >= inner).whole().sum() if len(inner) else (numbers * 0.0).whole()
        parts.append(place.number() if model.encode == "ordinal" else place.equals(np.arange(count)).number())
    return parts[0].beside(*parts[1:])


def quantiles(model: Any, x: Value) -> Value:
    """The share of the training below each number, or the number of the normal distribution that has such a share below."""
    shares = [_share(model, x.columns([column]), model.quantiles_[:, column]) for column in range(model.n_features_in_)]
    found = shares[0].beside(*shares[1:])
    return _normal(found) if model.output_distribution == "normal" else found


def _share(model: Any, x: Value, known: np.ndarray) -> Value:
    """The straight lines between the quantiles, of which several may be one number: then the middle of their shares."""
    start, end = float(known[0]), float(known[-1])
    there = x.missing().where(start, x)
    if model.output_distribution == "normal":
        at_start, at_end = (there - BOUNDS_THRESHOLD) < start, (there + BOUNDS_THRESHOLD) > end
    else:
        at_start, at_end = there <= start, there >= (end if len(known) > 1 else np.inf)
    found = at_start.where(0.0, at_end.where(1.0, _between(there.held(start, end), known, model.references_)))
    return x.missing().where(np.nan, found)


def _between(x: Value, known: np.ndarray, shares: np.ndarray) -> Value:
    places, first = np.unique(known, return_index=True)
    last = len(known) - 1 - np.unique(known[::-1], return_index=True)[1]
    low, high = shares[first], shares[last]
    return interpolated(x, places, low, high) + x.equals(places).number() @ ((high - low) / 2).reshape(-1, 1)


def _normal(share: Value) -> Value:
    """The quantiles of the standard normal distribution, none further out than scikit-learn goes, which is 5.2."""
    outermost = BOUNDS_THRESHOLD - np.spacing(1)
    p = share.held(outermost, 1.0 - outermost)
    middle = p - 0.5
    inner = middle * _quotient(CENTRAL, 0.180625 - middle * middle)
    tail = (-(p.apply("Min", 1.0 - p).log())).sqrt() - 1.6
    outer = _quotient(OUTER, tail) * (middle >= 0.0).where(1.0, -1.0)
    found = (middle.apply("Abs") <= 0.425).where(inner, outer)
    return share.missing().where(np.nan, found)


def _quotient(polynomials: tuple[Sequence[float], Sequence[float]], x: Value) -> Value:
    above, below = (_polynomial(coefficients, x) for coefficients in polynomials)
    return above / below


def _polynomial(coefficients: Sequence[float], x: Value) -> Value:
    found = x * 0.0 + coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        found = found * x + coefficient
    return found


FORMULAS: Formulas = {Binarizer: binarized, KBinsDiscretizer: binned, QuantileTransformer: quantiles}
"""What each of them computes."""
