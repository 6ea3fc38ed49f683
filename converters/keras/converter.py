"""Keras 3 to ONNX: sequential, functional and subclassed models, whatever backend they run on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lading.bundles.signature import Field, Form, Signature
from lading.converters.converter import Converted, Precision, Problem
from lading.converters.networks.frameworks import derives, need

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table

LAYER = "keras.src.layers.layer.Layer"


class KerasConverter:
    """Converts models of Keras by PyTorch's exporter, on which they run as they do on their own backend."""

    name = "keras"

    def matches(self, model: object) -> bool:
        """Whether ``model`` is a model or a layer of Keras 3."""
        return derives(model, LAYER)

    def features(self, model: object) -> tuple[str, ...] | None:
        """None: a model of Keras does not know the columns that it was trained on."""
        return None

    def diagnose(self, model: object, form: Form, fields: Sequence[Field]) -> list[Problem]:
        """Models without weights yet, layers that are Python functions, text columns."""
        from lading.converters.keras.problems import problems_of

        return problems_of(model, fields)

    def convert(self, model: object, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
        """The model, as it predicts, as a graph."""
        need("Keras", "keras", "keras", "torch", "onnxscript")
        from lading.converters.keras.conversion import convert

        return convert(model, form, fields, precision)

    def reference(self, model: object, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
        """What the model itself predicts, on the backend that it is on."""
        from lading.converters.keras.conversion import reference

        return reference(model, rows, signature)
