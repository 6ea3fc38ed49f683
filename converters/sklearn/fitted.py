"""Fitted: whether an estimator has been trained."""

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted


def is_fitted(model: Any) -> bool:
    """Whether it was trained; what has nothing to learn counts as trained."""
    if callable(getattr(model, "is_fitted", None)):  # CatBoost's way to tell
        return bool(model.is_fitted())
    if not isinstance(model, BaseEstimator):
        return True
    try:
        check_is_fitted(model)
    except NotFittedError:
        return False
    except TypeError:  # not an estimator instance, or no fit method
        return True
    return True
