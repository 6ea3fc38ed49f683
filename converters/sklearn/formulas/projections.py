"""Projections: transformers that multiply rows with a matrix, and what they do before and after."""

from typing import Any

import numpy as np
from sklearn.cluster import FeatureAgglomeration
from sklearn.cross_decomposition import CCA, PLSSVD, PLSCanonical
from sklearn.decomposition import (
    DictionaryLearning,
    FactorAnalysis,
    FastICA,
    MiniBatchDictionaryLearning,
    MiniBatchSparsePCA,
    SparseCoder,
    SparsePCA,
)
from sklearn.neural_network import BernoulliRBM
from sklearn.random_projection import SparseRandomProjection

from lading.converters.sklearn.formulas.value import Formulas, Value


def factor_analysis(model: Any, x: Value) -> Value:
    """The expected factors (Bishop, Pattern Recognition and Machine Learning, 12.66)."""
    loadings = model.components_
    weighed = loadings / model.noise_variance_
    covariance = np.linalg.inv(np.eye(len(loadings)) + weighed @ loadings.T)
    return (x - model.mean_) @ (weighed.T @ covariance)


def fast_ica(model: Any, x: Value) -> Value:
    """The independent components; what is not whitened is not centred."""
    return (x - model.mean_ if model.whiten else x) @ model.components_.T


def sparse_pca(model: Any, x: Value) -> Value:
    """The ridge regression of the rows on the components."""
    components = model.components_
    gram = components @ components.T + model.ridge_alpha * np.eye(len(components))
    return (x - model.mean_) @ np.linalg.solve(gram, components).T


def thresholded(model: Any, x: Value) -> Value:
    """The projections on the dictionary's atoms, each less a threshold towards 0; the signs apart where that is asked."""
    atoms = model.dictionary if isinstance(model, SparseCoder) else model.components_
    threshold = getattr(model, "alpha", None) if model.transform_alpha is None else model.transform_alpha
    projected, least = x @ np.asarray(atoms, dtype=np.float64).T, 1.0 if threshold is None else float(threshold)
    above, below = (projected - least).apply("Max", 0.0), (-projected - least).apply("Max", 0.0)
    if model.positive_code:
        below = below * 0.0
    return above.beside(below) if model.split_sign else above - below


def random_projection(model: Any, x: Value) -> Value:
    """The product with the sparse matrix, which ONNX takes dense."""
    return x @ model.components_.toarray().T


def boltzmann(model: Any, x: Value) -> Value:
    """The probabilities of the hidden units."""
    return (x @ model.components_.T + model.intercept_hidden_).apply("Sigmoid")


def partial_least_squares(model: Any, x: Value) -> Value:
    """The regression that the latent variables make."""
    return (x - model._x_mean) @ model.coef_.T + model.intercept_


def partial_svd(model: Any, x: Value) -> Value:
    """The latent variables of the rows."""
    return ((x - model._x_mean) / model._x_std) @ model.x_weights_


def agglomerated(model: Any, x: Value) -> Value:
    """The mean of the columns of each cluster."""
    members = np.equal.outer(model.labels_, np.unique(model.labels_)).astype(np.float64)
    return x @ (members / members.sum(axis=0))


FORMULAS: Formulas = {
    BernoulliRBM: boltzmann,
    CCA: partial_least_squares,
    DictionaryLearning: thresholded,
    FactorAnalysis: factor_analysis,
    FastICA: fast_ica,
    FeatureAgglomeration: agglomerated,
    MiniBatchDictionaryLearning: thresholded,
    MiniBatchSparsePCA: sparse_pca,
    PLSCanonical: partial_least_squares,
    PLSSVD: partial_svd,
    SparseCoder: thresholded,
    SparsePCA: sparse_pca,
    SparseRandomProjection: random_projection,
}
"""What each of them computes."""
