"""Features: transformers that make other columns of each column, and answers that need no columns at all."""

from typing import Any

import numpy as np
from onnx import TensorProto
from scipy.interpolate import PPoly
from sklearn.covariance import EllipticEnvelope
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomTreesEmbedding
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.impute import MissingIndicator
from sklearn.isotonic import IsotonicRegression
from sklearn.preprocessing import Normalizer, SplineTransformer

from lading.converters.sklearn.formulas.value import Formulas, Value


def missing_indicator(model: Any, x: Value) -> Value:
    """Where values are missing, of all columns or of those that lacked some."""
    found = x.missing(model.missing_values)
    kept = range(model.n_features_in_) if model.features == "all" else model.features_
    return found.columns(list(kept))


def weighed_terms(model: Any, x: Value) -> Value:
    """Counts of terms, by how rare each term is, as long as their norm says."""
    if model.sublinear_tf:
        none = x.equals(0.0)
        x = none.where(0.0, none.where(1.0, x).log() + 1.0)
    if model.use_idf:
        x = x * model.idf_
    if model.norm is None:
        return x
    length = (x * x).sum().sqrt() if model.norm == "l2" else x.apply("Abs").sum()
    return x / length.equals(0.0).where(1.0, length)


def interpolated(x: Value, places: np.ndarray, values: np.ndarray, begins: np.ndarray | None = None) -> Value:
    """The straight lines between points, for one column ``[N, 1]``; the outer lines go on outside.

    The line to the next point ``begins`` elsewhere than at the point's own value, where that jumps.
    """
    starts = values if begins is None else begins
    if len(places) == 1:
        return x * 0.0 + float(values[0])
    above = (
        (x > places[1:-1]).whole().sum(keep=False) if len(places) > 2 else (x.columns([0]) * 0.0).whole().reshape(-1)
    )
    slopes = (values[1:] - starts[:-1]) / np.diff(places)

    def at(table: np.ndarray) -> Value:
        return x.constant(table.reshape(-1, 1))[above]

    return at(slopes) * (x - at(places[:-1])) + at(starts[:-1])


def isotonic(model: Any, x: Value) -> Value:
    """The line through the thresholds; NaN outside, or what is at their ends."""
    places = np.asarray(model.X_thresholds_, dtype=np.float64)
    values = np.asarray(model.y_thresholds_, dtype=np.float64)
    if model.out_of_bounds == "clip" or len(values) == 1:
        return interpolated(x.held(model.X_min_, model.X_max_), places, values)
    outside = (x < places[0]) | (x > places[-1])
    return outside.where(np.nan, interpolated(x, places, values))


def dummy_classifier(model: Any, x: Value) -> tuple[Value, Value]:
    """The same class for every row."""
    chosen = int(np.argmax(model.class_prior_))
    if model.strategy == "constant":
        chosen = int(np.flatnonzero(model.classes_ == np.ravel(model.constant)[0])[0])
    sure = np.eye(len(model.classes_))[chosen]
    chances = np.asarray(model.class_prior_) if model.strategy == "prior" else sure
    return _repeated(x, sure).argmax(), _repeated(x, chances)


def dummy_regressor(model: Any, x: Value) -> Value:
    """The same number for every row."""
    constant = np.asarray(model.constant_, dtype=np.float64).reshape(1, -1)
    return _repeated(x, constant)


def _repeated(x: Value, row: np.ndarray) -> Value:
    """The same row for every row of ``x``, whatever these hold, NaN and infinity too."""
    none = x.columns([0]).missing().whole().reshape(-1) * np.array([0])
    return x.constant(row.reshape(1, -1))[none]


def unit(model: Any, x: Value) -> Value:
    """Rows divided by their length; one that has none stays as it is."""
    lengths = {
        "l1": lambda: x.apply("Abs").sum(),
        "l2": lambda: (x * x).sum().sqrt(),
        "max": lambda: x.apply("Abs").largest(),
    }
    length = lengths[model.norm]()
    return x / length.equals(0.0).where(1.0, length)


def ellipse(model: Any, x: Value) -> tuple[Value, Value]:
    """Inside or outside of an ellipse, by Mahalanobis's distance."""
    centred = x - model.location_
    score = -((centred @ model.get_precision()) * centred).sum() - float(model.offset_)
    return ((score >= 0.0).whole() * np.array([2]) - np.array([1])).reshape(-1), score


def spline(model: Any, x: Value) -> Value:
    """The B-splines of each column, as polynomials between knots."""
    parts = [_splines(model, curve, x.columns([place])) for place, curve in enumerate(model.bsplines_)]
    return parts[0].beside(*parts[1:])


def _splines(model: Any, curve: Any, x: Value) -> Value:
    degree, knots = curve.k, curve.t
    lowest, highest = float(knots[degree]), float(knots[-degree - 1])
    absent = x.missing()
    x = absent.where(lowest, x)
    inside = x.held(lowest, highest)
    if model.extrapolation == "periodic":
        span = highest - lowest
        x = x - ((x - lowest) / span).apply("Floor") * span
    found = _polynomials(curve, x if model.extrapolation in ("continue", "periodic") else inside)
    if model.extrapolation == "linear":
        slope = curve.derivative()
        for end in (lowest, highest):
            beyond = (x - inside) * ((x < lowest) if end == lowest else (x > highest)).number()
            found = found + beyond * np.atleast_2d(slope(end))
    found = absent.where(0.0, found)
    count = curve.c.shape[1]
    return found if model.include_bias else found.columns(range(count - 1))


def _polynomials(curve: Any, x: Value) -> Value:
    """The polynomials of the stretch between two knots that each number of ``[N, 1]`` lies in."""
    degree, count = curve.k, curve.c.shape[1]
    starts, inner = curve.t[degree : -degree - 1], slice(degree, len(curve.t) - degree - 1)
    pieces = [PPoly.from_spline((curve.t, curve.c[:, column], degree)).c[:, inner] for column in range(count)]
    table = np.moveaxis(np.array(pieces), 0, 2).transpose(1, 0, 2)  # [stretches, powers, splines]
    place = (x >= starts[1:]).whole().sum(keep=False) if len(starts) > 1 else (x * 0.0).whole().reshape(-1)
    step = x - x.constant(starts.reshape(-1, 1))[place]
    powers = [x * 0.0 + 1.0]
    for _ in range(degree):
        powers.insert(0, powers[0] * step)
    joined = powers[0].beside(*powers[1:]) if degree else powers[0]
    return (joined.reshape(-1, 1, degree + 1) @ x.constant(table)[place]).reshape(-1, count)


def leaves(model: Any, x: Value) -> Value:
    """In which leaf of each tree a row ends: the one all of whose decisions it meets."""
    parts = [_leaves(tree.tree_, x) for tree in model.estimators_]
    known = model.one_hot_encoder_.categories_
    kept = [
        np.searchsorted(np.flatnonzero(tree.tree_.children_left < 0), leaf)
        for tree, leaf in zip(model.estimators_, known, strict=True)
    ]
    parts = [part.columns(places) for part, places in zip(parts, kept, strict=True)]
    return parts[0].beside(*parts[1:])


def _leaves(tree: Any, x: Value) -> Value:
    inner, ends = np.flatnonzero(tree.children_left >= 0), np.flatnonzero(tree.children_left < 0)
    if not len(inner):
        return x.columns([0]) * 0.0 + 1.0
    wanted = np.zeros((len(inner), len(ends)))  # 1 where the leaf lies on the left of the decision, -1 on its right
    parents = {int(child): (place, sign) for place, node in enumerate(inner) for child, sign in ((tree.children_left[node], 1), (tree.children_right[node], -1))}  # fmt: skip
    for column, end in enumerate(ends):
        at = int(end)
        while at in parents:
            place, sign = parents[at]
            wanted[place, column] = sign
            at = int(inner[place])
    compared = x.apply("Cast", to=TensorProto.FLOAT).number().columns(tree.feature[inner])
    goes = (compared <= tree.threshold[inner]).number() * 2.0 - 1.0
    return (goes @ wanted).equals(np.abs(wanted).sum(axis=0)).number()


FORMULAS: Formulas = {
    DummyClassifier: dummy_classifier,
    DummyRegressor: dummy_regressor,
    EllipticEnvelope: ellipse,
    IsotonicRegression: isotonic,
    MissingIndicator: missing_indicator,
    Normalizer: unit,
    RandomTreesEmbedding: leaves,
    SplineTransformer: spline,
    TfidfTransformer: weighed_terms,
}
"""What each of them computes."""
