"""Answer names: what outputs, classes and columns are called where a model's answers are told by meaning."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from lading.bundles.signature import Output, Signature


def predicted(signature: Signature) -> tuple[Output, ...]:
    """The outputs that ``predict`` gave: the label, one for each target where there are several; else the value.

    Else the only output; none where nobody has said which one it is.
    """
    for meaning in ("label", "value"):
        found = tuple(output for output in signature.outputs if output.meaning == meaning)
        if len(found) == 1 or (found and all(output.targets is not None for output in found)):
            return found
    return signature.outputs if len(signature.outputs) == 1 else ()


def keys(signature: Signature) -> list[str]:
    """The key of each output in an answer: what it means, or its tensor's name where that would not be unique."""
    meanings = Counter(output.meaning for output in signature.outputs)
    return [
        output.tensor.name if output.meaning == "tensor" or meanings[output.meaning] > 1 else output.meaning
        for output in signature.outputs
    ]


def class_values(output: Output) -> list[Any]:
    """The class names with the type that they had before JSON."""
    kinds: Mapping[str | None, Callable[[Any], Any]] = {"boolean": bool, "integer": int, "number": float}
    convert = kinds.get(output.class_type, lambda value: value)
    return [convert(value) for value in output.classes or ()]


def class_names(output: Output) -> list[str]:
    """The class names as keys of a JSON object: text as it is, else its JSON."""
    return [value if isinstance(value, str) else orjson.dumps(value).decode() for value in class_values(output)]


def column_names(signature: Signature, output: Output) -> list[str] | None:
    """The names of the columns of an output, where it has named columns."""
    names: list[str] = []
    if output.meaning in ("probabilities", "scores"):
        names = class_names(output)
    elif output.meaning == "value":
        names = list(output.targets or ())
    extents = signature.row_shape(output.tensor)
    fits = len(extents) == 1 and (extents[0] == len(names) or isinstance(extents[0], str))
    return names if fits and len(names) > 1 else None
