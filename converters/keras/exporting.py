"""Exporting: a Keras model on PyTorch's backend as a graph, in this process or, for models on others, in one of its own.

``python -m lading.converters.keras.exporting model.keras model.onnx`` reads the inputs on its standard input.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
from pydantic import TypeAdapter

from lading.converters.converter import UnconvertibleError, class_name
from lading.converters.keras.asking import answered
from lading.converters.networks.finishing import Export
from lading.converters.networks.inputs import Inputs
from lading.converters.networks.naming import NoTensorError
from lading.converters.torch.asking import Asked
from lading.converters.torch.exporting import ExportError, exported

INPUTS = TypeAdapter(Inputs)


def exported_here(model: Any, inputs: Inputs) -> Export:
    """A model on PyTorch's backend as a graph. Raises ``UnconvertibleError``."""

    def call(tensors: Sequence[Any]) -> Any:
        return answered(model, dict(zip(inputs.names, tensors, strict=True)))

    module = Asked(model, call)
    try:
        with _followed(model, inputs.form != "whole"):
            module.ask(inputs.example(2))  # so that its answers have names, which tracing does not leave
            return exported(module, inputs)
    except (NoTensorError, ExportError) as error:
        raise UnconvertibleError(class_name(model), (error.problem,)) from error


@contextmanager
def _followed(model: Any, unrolled: bool) -> Iterator[None]:
    """The model without penalties that only training asks for, and with its loops over a series written out.

    Keras computes both with the number of rows as a plain integer, which torch.export would take for the only one.
    """
    other = {"activity_regularizer": None} | ({"unroll": True} if unrolled else {})
    layers = model._flatten_layers()
    kept = [(layer, name, getattr(layer, name)) for layer in layers for name in other if hasattr(layer, name)]
    try:
        for layer, name, _ in kept:
            setattr(layer, name, other[name])
        yield
    finally:
        for layer, name, value in kept:
            setattr(layer, name, value)


def main(saved: str, written: str) -> None:
    """Export a saved model, which this process's own user saved a moment ago."""
    model = keras.saving.load_model(saved, compile=False)
    export = exported_here(model, INPUTS.validate_json(sys.stdin.read()))
    Path(written).write_bytes(export.proto.SerializeToString())


if __name__ == "__main__":
    main(*sys.argv[1:])
