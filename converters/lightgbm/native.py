"""LightGBM's own ``Booster``, which answers as an estimator does."""

from typing import Any

import lightgbm

from lading.converters.boosting.frameworks import Native


class NativeLightgbm(Native):
    """A ``Booster``: it answers with what ``Booster.predict`` says."""

    framework = "lightgbm"

    @property
    def n_features_in_(self) -> int:
        """How many columns it was trained on."""
        return int(self.model.num_feature())

    def predict(self, rows: Any) -> Any:
        """What ``Booster.predict`` answers, ``[N]`` or ``[N, targets]``."""
        return self.model.predict(rows)


def estimator(model: Any) -> Any:
    """The model as an estimator."""
    return NativeLightgbm(model) if isinstance(model, lightgbm.Booster) else model


def names(model: Any) -> Any:
    """The names of the columns that a model was trained on; None where it made up some of its own."""
    found = model.feature_name() if isinstance(model, lightgbm.Booster) else getattr(model, "feature_names_in_", None)
    made_up = found is None or list(found) == [f"Column_{place}" for place in range(len(found))]
    return None if made_up else found
