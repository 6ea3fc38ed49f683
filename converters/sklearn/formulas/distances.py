"""Distances: how far rows are from the points that a model knows."""

import numpy as np

from lading.converters.sklearn.formulas.value import Value


def squared(x: Value, points: np.ndarray) -> Value:
    """The squared Euclidean distances ``[N, points]``, expanded as in scikit-learn."""
    points = np.asarray(points, dtype=np.float64)
    crossed = x @ (-2.0 * points.T)
    return ((x * x).sum() + crossed + (points**2).sum(axis=1)).apply("Max", 0.0)


def manhattan(x: Value, points: np.ndarray) -> Value:
    """The sums of absolute differences ``[N, points]``."""
    points = np.asarray(points, dtype=np.float64)
    return (x.reshape(-1, 1, points.shape[1]) - points[None]).apply("Abs").sum(axis=2, keep=False)


def exact(x: Value, points: np.ndarray) -> Value:
    """The Euclidean distances ``[N, points]`` without cancellation, as trees of neighbours compute them."""
    points = np.asarray(points, dtype=np.float64)
    differences = x.reshape(-1, 1, points.shape[1]) - points[None]
    return (differences * differences).sum(axis=2, keep=False).sqrt()
