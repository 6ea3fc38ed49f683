"""What the converters of all frameworks of boosted trees share; no framework is imported before a model is there."""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lading.bundles.signature import Field, Form, Signature
from lading.converters.converter import GROUP, Converted, Precision, Problem
from lading.converters.networks.frameworks import need
from lading.core.plugins import PluginNeedsError

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table


class BoostedConverter:
    """Converts a framework's estimators, and models of its own kind, with the machinery for scikit-learn's."""

    name: ClassVar[str]
    """The package of the framework."""

    def matches(self, model: object) -> bool:
        """Whether ``model`` is of a class of the framework's."""
        return type(model).__module__.split(".")[0] == self.name

    def features(self, model: object) -> tuple[str, ...] | None:
        """The columns that the model was trained on, where it knows their names."""
        names = self._module("native").names(model)
        return None if names is None else tuple(map(str, names))

    def diagnose(self, model: object, form: Form, fields: Sequence[Field]) -> list[Problem]:
        """An unfitted model, objectives and splits that are not known, columns that have no place."""
        estimator = self._estimator(model)
        from lading.converters.sklearn.conversion import diagnose

        return diagnose(estimator, form, fields)

    def convert(self, model: object, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
        """The model as an ONNX graph over one numeric and one text matrix, or over one array ``x``."""
        estimator = self._estimator(model)
        from lading.converters.sklearn.conversion import convert

        return convert(estimator, form, fields, precision)

    def reference(self, model: object, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
        """What the model itself answers."""
        estimator = self._estimator(model)
        from lading.converters.sklearn.conversion import reference

        return reference(estimator, rows, signature)

    def _estimator(self, model: object) -> Any:
        return self._module("native").estimator(model)

    def _module(self, name: str) -> Any:
        need(self.name, self.name, "sklearn", "skl2onnx")
        try:
            return import_module(f"lading.converters.{self.name}.{name}")
        except ModuleNotFoundError as error:
            raise PluginNeedsError(GROUP, self.name, str(error.name), f"lading[{self.name}]") from error
