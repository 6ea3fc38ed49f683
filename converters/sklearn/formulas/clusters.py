"""Clusters: estimators that answer with the nearest of their centres."""

from typing import Any

import numpy as np
from sklearn.cluster import AffinityPropagation, Birch, BisectingKMeans, MeanShift
from sklearn.neighbors import NearestCentroid

from lading.converters.sklearn.formulas.distances import squared
from lading.converters.sklearn.formulas.value import Formulas, Value


def nearest_centre(model: Any, x: Value) -> tuple[Value, Value]:
    """The place of the nearest centre, and the distances to all of them."""
    distances = squared(x, model.cluster_centers_)
    return distances.argmin(), distances.sqrt()


def birch(model: Any, x: Value) -> tuple[Value, Value]:
    """The cluster of the nearest subcluster, and the distances to all of those."""
    distances = squared(x, model.subcluster_centers_)
    labels = x.constant(np.asarray(model.subcluster_labels_, dtype=np.int64))
    return labels[distances.argmin()], distances.sqrt()


def bisecting(model: Any, x: Value) -> tuple[Value, Value]:
    """The leaf that is reached by going to the nearer of two centres at each node of the tree."""
    mean = getattr(model, "_X_mean", 0.0)
    return _below(model._bisecting_tree, x, mean).whole().reshape(-1), squared(x, model.cluster_centers_).sqrt()


def _below(node: Any, x: Value, mean: Any) -> Value:
    if node.left is None:
        return x.constant(np.array([[float(node.label)]]))
    distances = squared(x, np.vstack([node.left.center, node.right.center]) + mean)
    nearer = distances.columns([0]) <= distances.columns([1])
    return nearer.where(_below(node.left, x, mean), _below(node.right, x, mean))


def nearest_centroid(model: Any, x: Value) -> tuple[Value, Value]:
    """The class of the nearest centroid, by the prior too where classes are not equally likely.

    The probabilities are those of Gaussians around the centroids (Hastie and others, Elements of Statistical
    Learning, 18.2).
    """
    deviations = getattr(model, "within_class_std_dev_", 1.0)
    scale = np.where(deviations == 0, 1.0, deviations)
    distances = squared(x / scale, model.centroids_ / scale)
    priors = np.asarray(getattr(model, "class_prior_", np.full(len(model.classes_), 1 / len(model.classes_))))
    scores = np.log(priors) * 2.0 - distances
    probabilities = scores.apply("Softmax", axis=1)
    if np.isclose(priors, 1 / len(priors)).all():
        return squared(x, model.centroids_).argmin(), probabilities
    return scores.argmax(), probabilities


FORMULAS: Formulas = {
    AffinityPropagation: nearest_centre,
    Birch: birch,
    BisectingKMeans: bisecting,
    MeanShift: nearest_centre,
    NearestCentroid: nearest_centroid,
}
"""What each of them computes."""
