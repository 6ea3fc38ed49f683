"""scikit-learn models to ONNX: any estimator or pipeline, over data frames of mixed columns or over arrays."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lading.bundles.signature import Field, Form, Signature
from lading.converters.boosting import BOOSTED
from lading.converters.converter import Converted, Precision, Problem
from lading.converters.networks.frameworks import need

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table


def _need() -> None:
    """Raise ``FrameworkNeedsError`` where what converts the models is not installed; their own package may be alone."""
    need("scikit-learn", "sklearn", "sklearn", "skl2onnx")


class SklearnConverter:
    """Converts scikit-learn estimators and pipelines with skl2onnx, repaired where that is silently wrong."""

    name = "sklearn"

    def matches(self, model: object) -> bool:
        """Whether ``model`` is of a class of scikit-learn's, or derived from one by others than frameworks known here."""
        if type(model).__module__.split(".")[0] in BOOSTED:
            return False
        return any(kind.__module__.split(".")[0] == "sklearn" for kind in type(model).__mro__)

    def features(self, model: object) -> tuple[str, ...] | None:
        """The columns that the model was fitted on, where it was fitted on a data frame."""
        names = [str(name) for name in getattr(model, "feature_names_in_", ())]
        # LightGBM 4.6 makes these up for an array, and what is around it takes them over.
        made_up = names == [f"Column_{place}" for place in range(len(names))]
        return None if made_up else tuple(names)

    def takes_dictionaries(self, model: object) -> bool:
        """Whether ``model`` begins with a ``DictVectorizer``."""
        _need()
        from lading.converters.sklearn.layout import takes_dictionaries

        return takes_dictionaries(model)

    def diagnose(self, model: object, form: Form, fields: Sequence[Field]) -> list[Problem]:
        """Unfitted steps, steps without a converter, known wrong conversions, columns that have no place."""
        _need()
        from lading.converters.sklearn.conversion import diagnose

        return diagnose(model, form, fields)

    def convert(self, model: object, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
        """The model as an ONNX graph over one numeric and one text matrix, or over one array ``x``."""
        _need()
        from lading.converters.sklearn.conversion import convert

        return convert(model, form, fields, precision)

    def reference(self, model: object, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
        """What the model itself answers."""
        _need()
        from lading.converters.sklearn.conversion import reference

        return reference(model, rows, signature)
