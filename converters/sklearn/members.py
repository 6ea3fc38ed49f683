"""Members: the fitted estimators that are inside another one."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.feature_selection import SelectorMixin

from lading.converters.boosting.frameworks import boosting_of
from lading.converters.sklearn.formulas.composites import asks, is_constant, listed, members


def members_of(model: Any) -> list[tuple[str, Any]]:
    """The fitted estimators inside an ensemble or another wrapper; of many alike the first."""
    if asks(model):
        return list({name: member for name, member in members(model) if not is_constant(member)}.items())
    found = getattr(model, "estimators_", None)
    if hasattr(model, "estimators") and found is not None:
        return listed(model)
    if found is not None and len(found):
        return [("estimator", np.ravel(found)[0])]
    if isinstance(model, TransformedTargetRegressor):
        return [("regressor", model.regressor_)]
    if isinstance(model, SelectorMixin) and not hasattr(model, "predict"):
        return []
    calibrated = getattr(model, "calibrated_classifiers_", None)
    single = calibrated[0].estimator if calibrated else getattr(model, "estimator_", None)
    return [("estimator", single)] if isinstance(single, BaseEstimator) or boosting_of(single) is not None else []
