"""Several labels: classifiers that answer each row with a label for each of several targets, and what they answer."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier

from lading.converters.boosting.frameworks import boosting_of

INDICATED = np.array([0, 1])
"""The classes of a target that is a column of an indicator matrix: whether the row has the label."""

SPLIT = (DummyClassifier, KNeighborsClassifier, RadiusNeighborsClassifier)
"""Estimators that are, for each target, one of their own kind."""


def is_several(model: Any) -> bool:
    """Whether a fitted classifier answers each row with several labels."""
    if isinstance(model, ClassifierChain | MultiOutputClassifier):
        return True
    if (boosting := boosting_of(model)) is not None:
        return boosting.labels(model) > 1
    return isinstance(getattr(model, "classes_", None), list) or _is_indicating(model)


def _is_indicating(model: Any) -> bool:
    """Whether a classifier learnt an indicator matrix, a column for each label."""
    binarizer = getattr(model, "label_binarizer_", getattr(model, "_label_binarizer", None))
    return str(getattr(binarizer, "y_type_", "")).startswith("multilabel")


def classes_of(model: Any) -> list[np.ndarray]:
    """The classes of each target, in the order of the columns of ``predict``."""
    if isinstance(model, ClassifierChain):
        known = [member.classes_ for member in model.estimators_]
        return [_plain(known[place]) for place in np.argsort(model.order_)]
    if isinstance(model, MultiOutputClassifier):
        return [_plain(member.classes_) for member in model.estimators_]
    if (boosting := boosting_of(model)) is not None:
        return [INDICATED] * boosting.labels(model)
    if isinstance(model.classes_, list):
        return [_plain(classes) for classes in model.classes_]
    return [INDICATED] * len(model.classes_)


def _plain(classes: np.ndarray) -> np.ndarray:
    """Classes in a type of their own, where a table of several types made objects of them all."""
    kinds = set(map(type, classes.tolist()))
    return np.array(classes.tolist()) if classes.dtype == object and len(kinds) == 1 else classes


def has_probabilities(model: Any) -> bool:
    """Whether a classifier of several labels has probabilities for each of its targets.

    A chain answers with a column for each target, in which those of two classes alone have a place.
    """
    if isinstance(model, ClassifierChain):
        return hasattr(model, "predict_proba") and all(len(classes) == 2 for classes in classes_of(model))
    return hasattr(model, "predict_proba")


def single(model: Any, place: int) -> Any:
    """One of ``SPLIT`` as it answers for one target."""
    made = copy.copy(model)
    made.classes_ = classes_of(model)[place]
    if isinstance(model, DummyClassifier):
        made.n_outputs_, made.n_classes_ = 1, model.n_classes_[place]
        made.class_prior_ = model.class_prior_[place]
        made.constant = None if model.constant is None else np.ravel(model.constant)[place]
        return made
    made.outputs_2d_, made._y = False, model._y[:, place]
    if isinstance(model, RadiusNeighborsClassifier) and model.outlier_label_ is not None:
        made.outlier_label_ = [model.outlier_label_[place]]
    return made


def labels(model: Any, rows: Any) -> list[np.ndarray]:
    """What ``predict`` answers, target by target, each ``[N]``."""
    found = model.predict(rows)
    matrix = np.asarray(found.toarray() if hasattr(found, "toarray") else found)
    return list(matrix.reshape(len(matrix), -1).T)


def probabilities(model: Any, rows: Any) -> list[np.ndarray]:
    """What ``predict_proba`` answers, target by target, each ``[N, classes]``.

    Where it is one matrix, its columns are the probabilities of the second of two classes.
    """
    found: Sequence[np.ndarray] | np.ndarray = model.predict_proba(rows)
    if isinstance(found, list):
        return found
    return [np.stack([1.0 - column, column], axis=1) for column in np.asarray(found).T]
