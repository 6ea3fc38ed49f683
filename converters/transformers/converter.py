"""Hugging Face's transformers to ONNX: models over what their tokenizer made; classifiers with their labels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lading.bundles.records import Scalar
from lading.bundles.signature import Field, Form, Signature
from lading.converters.converter import Converted, Precision, Problem
from lading.converters.networks.frameworks import derives, need

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table

MODEL = "transformers.modeling_utils.PreTrainedModel"
CLASSIFIERS = ("ForSequenceClassification", "ForImageClassification")
"""How the names of classes end whose answer has a column for each label."""


class TransformersConverter:
    """Converts models of transformers over the tensors that tokenizers make: ``input_ids``, ``attention_mask``."""

    name = "transformers"

    def matches(self, model: object) -> bool:
        """Whether ``model`` is one of transformers' models, on PyTorch."""
        return derives(model, MODEL)

    def features(self, model: object) -> tuple[str, ...] | None:
        """None: what the tokenizer makes has the names of the model's own inputs."""
        return None

    def classes(self, model: object) -> tuple[Scalar, ...] | None:
        """The labels of a classifier of sequences or images, as its configuration has them; None of any other model."""
        config: Any = getattr(model, "config", None)
        several = type(model).__name__.endswith(CLASSIFIERS) and config.num_labels > 1
        if not several or config.problem_type in ("multi_label_classification", "regression"):
            return None
        return tuple(cast("dict[int, str]", config.id2label)[place] for place in range(config.num_labels))

    def diagnose(self, model: object, form: Form, fields: Sequence[Field]) -> list[Problem]:
        """Rows of numbers without names, beside what PyTorch's own converter knows."""
        from lading.converters.torch.problems import problems_of

        if any(field.name in ("input_ids", "inputs_embeds", "pixel_values", "input_values") for field in fields):
            return problems_of(model, fields)
        names = ", ".join(field.name for field in fields[:5])
        remedy = (
            "give what its tokenizer makes: dict(tokenizer(texts, padding='max_length', max_length=128, "
            "truncation=True, return_tensors='np'))"
        )
        return [Problem("", f"takes tokens, the data has {names}", remedy)]

    def convert(self, model: object, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
        """The model, as it answers in evaluation mode, as a graph."""
        need("transformers", "transformers", "transformers", "torch", "onnxscript")
        from lading.converters.transformers.conversion import convert

        return convert(model, form, fields, precision)

    def reference(self, model: object, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
        """What the model itself answers in evaluation mode."""
        from lading.converters.transformers.conversion import reference

        return reference(model, rows, signature)
