"""CatBoost's plain ``CatBoost``, which answers as an estimator does; the others are estimators already."""

from typing import Any

from catboost import CatBoost

from lading.converters.boosting.frameworks import Native


class NativeCatboost(Native):
    """A ``CatBoost``: it answers with what ``CatBoost.predict`` says, which are the sums of its trees."""

    framework = "catboost"

    @property
    def n_features_in_(self) -> int:
        """How many columns it was trained on. Raises ``AttributeError`` before that."""
        if not self.is_fitted():
            raise AttributeError("the model is not fitted")
        return len(self.model.feature_names_)

    def is_fitted(self) -> bool:
        """Whether it was trained."""
        return bool(self.model.is_fitted())

    def predict(self, rows: Any) -> Any:
        """What ``CatBoost.predict`` answers, ``[N]`` or ``[N, targets]``."""
        return self.model.predict(rows)


def estimator(model: Any) -> Any:
    """The model as an estimator; one that was loaded from a file counts no columns, and a copy of it is made to."""
    if type(model) is CatBoost:
        return NativeCatboost(model)
    if model.is_fitted() and not model.n_features_in_:
        model = model.copy()
        model._n_features_in = len(model.feature_names_)
    return model


def names(model: Any) -> Any:
    """The names of the columns that a model was trained on; None where it made up some of its own."""
    if not model.is_fitted():
        return None
    found = list(model.feature_names_)
    return None if found == [str(place) for place in range(len(found))] else found
