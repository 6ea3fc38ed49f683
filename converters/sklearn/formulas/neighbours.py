"""Neighbours: what a model answers by the rows of its training that are near."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.impute import KNNImputer
from sklearn.manifold import Isomap
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
    RadiusNeighborsTransformer,
)

from lading.converters.sklearn.formulas.distances import exact, manhattan
from lading.converters.sklearn.formulas.value import Formulas, Value

METRICS: Mapping[str, Callable[[Value, np.ndarray], Value]] = {"euclidean": exact, "manhattan": manhattan}
"""How far rows are from those of the training."""


def by_distance(model: Any) -> bool:
    """Whether the nearest rows of the training count the more the nearer they are.

    Where all count alike skl2onnx has a converter; it divides by the distance without a thought of rows in the very
    place.
    """
    return model.weights == "distance" and getattr(model, "effective_metric_", None) in METRICS


def _nearest(model: Any, x: Value) -> tuple[Value, Value]:
    """The weights of the nearest rows of the training, and their places."""
    near, places = METRICS[model.effective_metric_](x, model._fit_X).nearest(model.n_neighbors)
    return _inverse(near), places


def _inverse(distances: Value) -> Value:
    """The weights of rows at these distances, the more the nearer; where some are in the very place, theirs alone."""
    same = distances.equals(0.0)
    some = same.number().largest() > 0.0
    return some.where(same.number(), 1.0 / same.where(1.0, distances))


def _mean(x: Value, targets: np.ndarray, weights: Value, places: Value) -> Value:
    """The mean of the ``targets`` ``[rows, columns]`` at the places, by weight."""
    found = x.constant(targets)[places] * weights.reshape(0, 0, 1)
    return found.sum(axis=1, keep=False) / weights.sum()


def nearest_regressor(model: Any, x: Value) -> Value:
    """The mean target of the nearest rows of the training."""
    targets = np.asarray(model._y, dtype=np.float64)
    return _mean(x, targets.reshape(len(targets), -1), *_nearest(model, x))


def nearest_classifier(model: Any, x: Value) -> tuple[Value, Value]:
    """The shares of the classes among them."""
    probabilities = _mean(x, np.eye(len(model.classes_))[model._y], *_nearest(model, x))
    return probabilities.argmax(), probabilities


def _within(model: Any, x: Value) -> tuple[Value, Value]:
    """The distances to the rows of the training, and where they are within the radius."""
    distances = exact(x, np.asarray(model._fit_X, dtype=np.float64))
    return distances, (distances <= float(model.radius))


def _weights(model: Any, x: Value) -> Value:
    """The weights of the rows of the training within the radius."""
    distances, near = _within(model, x)
    return near.number() if model.weights == "uniform" else near.number() * _inverse(distances)


def radius_regressor(model: Any, x: Value) -> Value:
    """The mean target within the radius; NaN where nothing is."""
    weights = _weights(model, x)
    targets = np.asarray(model._y, dtype=np.float64)
    total = weights.sum()
    return total.equals(0.0).where(np.nan, weights @ targets.reshape(len(targets), -1) / total)


def radius_classifier(model: Any, x: Value) -> tuple[Value, Value]:
    """The shares of the classes within the radius, or the class for outliers where nothing is."""
    shares = _weights(model, x) @ np.eye(len(model.classes_))[model._y]
    total = shares.sum()
    alone = total.equals(0.0)
    outlier = (model.classes_ == np.ravel(model.outlier_label_)[0]).astype(np.float64)
    probabilities = alone.where(outlier, shares / alone.where(1.0, total))
    return probabilities.argmax(), probabilities


def radius_transformer(model: Any, x: Value) -> Value:
    """The distances to the rows of the training within the radius, else 0; or 1 there."""
    distances, near = _within(model, x)
    return near.number() if model.mode == "connectivity" else near.where(distances, 0.0)


def isomap(model: Any, x: Value) -> Value:
    """The shortest ways to the rows of the training, projected as their own are."""
    near, places = exact(x, np.asarray(model.nbrs_._fit_X, dtype=np.float64)).nearest(model.n_neighbors)
    ways = x.constant(np.asarray(model.dist_matrix_, dtype=np.float64))[places] + near.reshape(0, 0, 1)
    shortest = ways.smallest(axis=1, keep=False)
    kernel, centrer = shortest * shortest * -0.5, model.kernel_pca_._centerer
    rows = kernel.sum() / float(len(centrer.K_fit_rows_))
    centred = kernel - centrer.K_fit_rows_ - rows + float(centrer.K_fit_all_)
    values, vectors = model.kernel_pca_.eigenvalues_, model.kernel_pca_.eigenvectors_
    scaled = np.divide(vectors, np.sqrt(values), out=np.zeros_like(vectors), where=values > 0)
    return centred @ scaled


def imputed(model: Any, x: Value) -> Value:
    """What is missing as the nearest rows of the training have it, of those that have it."""
    absent = x.missing(model.missing_values)
    distances = _shared_distances(model, absent.where(0.0, x), (~absent).number())
    kept = range(model.n_features_in_) if model.keep_empty_features else np.flatnonzero(model._valid_mask)
    parts = [_filled(model, int(place), absent, x, distances) for place in kept]
    parts += [absent.columns(list(model.indicator_.features_)).number()] if model.add_indicator else []
    return parts[0].beside(*parts[1:])


def _shared_distances(model: Any, x: Value, present: Value) -> Value:
    """The distances over the columns that both rows have, as if they had all; infinite where they share none."""
    had = (~model._mask_fit_X).astype(np.float64)
    points = np.where(model._mask_fit_X, 0.0, model._fit_X)
    shared = present @ had.T
    total = ((x * x) @ had.T + present @ (points**2).T + x @ (-2.0 * points.T)).apply("Max", 0.0)
    none = shared.equals(0.0)
    return none.where(np.inf, total / none.where(1.0, shared) * float(points.shape[1])).sqrt()


def _filled(model: Any, place: int, absent: Value, x: Value, distances: Value) -> Value:
    donors = np.flatnonzero(~model._mask_fit_X[:, place])
    if not len(donors):
        return absent.columns([place]).number() * 0.0
    values = np.asarray(model._fit_X[donors, place], dtype=np.float64)
    near, places = distances.columns(donors).nearest(min(model.n_neighbors, len(donors)))
    weights = (near < np.inf).number()
    if model.weights == "distance":
        weights = weights * _inverse(near)
    total = weights.sum()
    alone = total.equals(0.0)
    mean = (x.constant(values)[places] * weights).sum() / alone.where(1.0, total)
    return absent.columns([place]).where(alone.where(float(values.mean()), mean), x.columns([place]))


FORMULAS: Formulas = {
    Isomap: isomap,
    KNeighborsClassifier: nearest_classifier,
    KNeighborsRegressor: nearest_regressor,
    KNNImputer: imputed,
    RadiusNeighborsClassifier: radius_classifier,
    RadiusNeighborsRegressor: radius_regressor,
    RadiusNeighborsTransformer: radius_transformer,
}
"""What each of them computes."""
