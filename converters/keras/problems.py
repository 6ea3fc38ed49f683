"""Problems: all that is known to keep a Keras model from being converted rightly."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras

from lading.bundles.signature import Field
from lading.converters.converter import Problem
from lading.converters.networks import inputs

TEXT = ("StringLookup", "TextVectorization", "HashedCrossing", "Hashing")
"""Layers that look at text, or hash."""


def problems_of(model: Any, fields: Sequence[Field]) -> list[Problem]:
    """What keeps ``model`` from being converted for these fields; empty when nothing is known to."""
    return [*_of_building(model), *_of_layers(model), *inputs.problems_of(fields)]


def _of_building(model: Any) -> Iterator[Problem]:
    if not model.built:
        yield Problem("", "has no weights yet", "call it once on some rows, or fit it")


def _of_layers(model: Any) -> Iterator[Problem]:
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.Lambda):
            found = "is a Python function, which has no place in a graph"
            yield Problem(layer.name, found, "write it as a layer of its own, with call() of keras.ops")
        elif type(layer).__name__ in TEXT:
            yield Problem(
                layer.name, f"is a {type(layer).__name__}, which no graph computes", "do that before the model"
            )
