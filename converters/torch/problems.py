"""Problems: all that is known to keep a module from being converted rightly."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import torch
from torch.nn.parameter import UninitializedParameter

from lading.bundles.signature import Field
from lading.converters.converter import Problem
from lading.converters.networks import inputs

REAL = {torch.float16: "float16", torch.float32: "float32", torch.float64: "float64"}
"""The types of real numbers that a module may compute in, by NumPy's names."""


def problems_of(model: Any, fields: Sequence[Field]) -> list[Problem]:
    """What keeps ``model`` from being converted for these fields; empty when nothing is known to."""
    return [*_of_kind(model), *_of_weights(model), *_of_parts(model), *inputs.problems_of(fields)]


def real_type(model: Any) -> str:
    """The type of the real numbers that a module computes in."""
    found = (tensor.dtype for _, tensor in _tensors(model) if tensor.is_floating_point())
    return REAL.get(next(found, torch.float32), "float32")


def _tensors(model: Any) -> Iterator[tuple[str, torch.Tensor]]:
    return chain(model.named_parameters(), model.named_buffers())


def _of_kind(model: Any) -> Iterator[Problem]:
    if isinstance(model, torch.jit.ScriptModule):
        yield Problem("", "is a script, which torch.export does not follow", "give the module that it was made from")


def _of_weights(model: Any) -> Iterator[Problem]:
    for name, tensor in _tensors(model):
        path = name.replace(".", " › ")
        if isinstance(tensor, UninitializedParameter | torch.nn.parameter.UninitializedBuffer):
            yield Problem(path, "has no weights yet", "call the module once, and train it")
        elif tensor.device.type != "cpu":
            yield Problem(path, f"lies on {tensor.device}", "give the module on the CPU: module.cpu()")
        elif tensor.is_floating_point() and tensor.dtype not in REAL:
            yield Problem(path, f"is of type {tensor.dtype}", "give the module in float32: module.float()")
        else:
            continue
        return


def _of_parts(model: Any) -> Iterator[Problem]:
    parts = model.named_modules() if isinstance(model, torch.nn.Module) else ()
    for name, part in parts:
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm) and part.running_mean is None:
            yield Problem(
                name.replace(".", " › "), "normalises by the rows that are asked together",
                "track_running_stats=True, or LayerNorm or GroupNorm",
            )  # fmt: skip
