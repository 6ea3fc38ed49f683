"""XGBoost's own ``Booster``, which answers as an estimator does."""

from typing import Any

import numpy as np
import xgboost

from lading.converters.boosting.frameworks import Native


class NativeXgboost(Native):
    """A ``Booster``: it answers with what ``Booster.predict`` says of a ``DMatrix`` of the rows."""

    framework = "xgboost"

    @property
    def n_features_in_(self) -> int:
        """How many columns it was trained on."""
        return int(self.model.num_features())

    def predict(self, rows: Any) -> Any:
        """What ``Booster.predict`` answers, ``[N]`` or ``[N, targets]``."""
        kinds = self.model.feature_types
        categories = kinds is not None and "c" in kinds
        typed = kinds if isinstance(rows, np.ndarray) else None
        return self.model.predict(xgboost.DMatrix(rows, enable_categorical=categories, feature_types=typed))


def estimator(model: Any) -> Any:
    """The model as an estimator."""
    return NativeXgboost(model) if isinstance(model, xgboost.Booster) else model


def names(model: Any) -> Any:
    """The names of the columns that a model was trained on; None where it knows none."""
    if isinstance(model, xgboost.Booster):
        return model.feature_names
    return getattr(model, "feature_names_in_", None)
