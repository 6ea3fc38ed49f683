"""Unwrapping: the estimator that answers for a search, a frozen estimator or one that trained itself."""

import copy
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from lading.converters.converter import Problem, class_name
from lading.converters.sklearn.derived import answers_otherwise


def unwrapped(model: Any) -> Any:
    """The estimator that answers for ``model``; a problem where nothing was fitted."""
    while isinstance(model, BaseEstimator):
        if hasattr(model, "best_estimator_"):
            if not isinstance(model, BaseSearchCV) or answers_otherwise(model):
                return Problem("", f"is a search of another kind ({class_name(model)})", "package its best_estimator_")
            model = model.best_estimator_
        elif type(model).__name__ == "FrozenEstimator" and type(model).__module__ == "sklearn.frozen._frozen":
            model = model.estimator
        elif type(model) is SelfTrainingClassifier and hasattr(model, "estimator_"):
            model = model.estimator_
        elif type(model).__module__.startswith("sklearn.model_selection._search"):
            return Problem("", "is a search that has no best estimator", "fit it, with refit=True")
        else:
            break
    return _opened(model) if isinstance(model, Pipeline) else model


def _opened(model: Pipeline) -> Any:
    """A pipeline whose last step answers for itself; the same one where it does already."""
    name, last = model.steps[-1]
    inner = unwrapped(last)
    if isinstance(inner, Problem):
        return inner.within(name)
    if inner is last:
        return model
    fresh = copy.copy(model)
    fresh.steps = [*model.steps[:-1], (name, inner)]
    return fresh
