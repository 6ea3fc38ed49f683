"""The conversion: PyTorch's, of a model that keeps no memory of what it has seen."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lading.bundles.signature import Field, Form, Signature
from lading.converters.converter import Converted, Precision, UnconvertibleError, class_name
from lading.converters.networks.finishing import Origin
from lading.converters.networks.frameworks import untested
from lading.converters.torch import conversion
from lading.converters.torch.asking import Asked, asked

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table

TESTED = {**conversion.TESTED, "transformers": "==5.*"}


def convert(model: Any, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
    """The model as a graph; see ``Converter.convert``."""
    from lading.converters.transformers.converter import TransformersConverter

    title = class_name(model)
    if problems := TransformersConverter().diagnose(model, form, fields):
        raise UnconvertibleError(title, tuple(problems))
    reference = f"transformers {version('transformers')}, torch {version('torch')}"
    origin = Origin(title, "transformers", reference, ("transformers", *conversion.PACKAGES), untested(TESTED))
    return conversion.convert(model, form, fields, precision, ask, origin)


def reference(model: Any, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
    """What the model itself answers; see ``Converter.reference``."""
    return conversion.reference(model, rows, signature, ask)


def ask(model: Any, names: Sequence[str]) -> Asked:
    """The model by the names of its inputs, answering its numbers and nothing that it would go on from."""
    plain = asked(model, names)
    if not hasattr(model.config, "use_cache"):
        return plain

    def call(tensors: Sequence[torch.Tensor]) -> Any:
        return model(**dict(zip(names, tensors, strict=True)), use_cache=False)

    return Asked(model, call)
