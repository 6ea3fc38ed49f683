"""Asking: what a Keras model is given for tensors by name, and what its answers are called."""

import inspect
from collections.abc import Mapping
from typing import Any

from lading.converters.converter import Problem, UnconvertibleError, class_name


def structured(model: Any, tensors: Mapping[str, Any]) -> Any:
    """The tensors in the structure that the model takes. Raises ``UnconvertibleError`` where the names are others."""
    wanted = [tensor.name for tensor in model.inputs] if _functional(model) else None
    struct = getattr(model, "_inputs_struct", None)
    if wanted is not None and isinstance(struct, Mapping):
        wanted = list(struct)
    if len(tensors) == 1 and (wanted is None or len(wanted) == 1):
        (only,) = tensors.values()
        return {wanted[0]: only} if wanted is not None and isinstance(struct, Mapping) else only
    if wanted is None:
        return dict(tensors)
    if set(wanted) != set(tensors):
        problem = Problem(
            "", f"takes {', '.join(wanted)}, the data has {', '.join(tensors)}",
            "give a mapping from the names of its inputs to arrays",
        )  # fmt: skip
        raise UnconvertibleError(class_name(model), (problem,))
    ordered = {name: tensors[name] for name in wanted}
    return ordered if isinstance(struct, Mapping) else list(ordered.values())


def answered(model: Any, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The answers by name, as the model predicts; a model of several arguments is given them by their names."""
    given = structured(model, tensors)
    if isinstance(given, dict) and not _functional(model):
        parameters = inspect.signature(model.call).parameters
        if len(given) > 1 and all(name in parameters for name in given):
            first = next(name for name in parameters if name in given)
            rest = {name: tensor for name, tensor in given.items() if name != first}
            return named(model, model(given[first], **rest, training=False))
    return named(model, model(given, training=False))


def named(model: Any, answer: Any) -> dict[str, Any]:
    """The tensors of an answer by name: keys, the names of output layers, or positions."""
    if isinstance(answer, Mapping):
        return {str(name): tensor for name, tensor in answer.items()}
    if not isinstance(answer, list | tuple):
        return {"output": answer}
    names = model.output_names if _functional(model) else [f"output_{place}" for place in range(len(answer))]
    return dict(zip(names, answer, strict=True))


def _functional(model: Any) -> bool:
    return hasattr(model, "_inputs_struct")
