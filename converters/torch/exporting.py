"""Exporting: a module that is called by its inputs' names, as an ONNX graph."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import onnx
import torch
from torch.export import Dim

from lading.bundles.storage.atomic import WriteError
from lading.converters.converter import Problem
from lading.converters.networks.finishing import Export
from lading.converters.networks.inputs import Inputs
from lading.converters.networks.naming import NoTensorError
from lading.converters.networks.quiet import quiet
from lading.converters.torch.asking import Asked
from lading.converters.weights import Weights
from lading.core.errors import LadingError

OPSET = 20
ROWS = 2
"""Rows of the example: an extent of 1 would be taken for one that never changes."""
INSIDE = 1 << 30
"""Bytes of weights that a graph may have inside; protobuf itself ends at twice that."""
LARGEST = (1 << 31) - 1
"""Bytes of one tensor that ONNX Runtime loads from memory, which is whence servers load weights."""
SHOWN = 300


class ExportError(Exception):
    """PyTorch does not export a module."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def exported(module: Asked, inputs: Inputs) -> Export:
    """The module as a graph, with its weights beside it where they are more than ``INSIDE`` bytes.

    Rows are counted by an open dimension; of the form ``whole`` all extents of two and more are open that can be.
    Raises ``ExportError``.
    """
    _check_sizes(module.state_dict())
    example = inputs.example(ROWS)
    tensors = tuple(torch.tensor(array) for array in example.values())
    if inputs.form == "whole":
        shapes = tuple(dict.fromkeys(range(tensor.ndim), Dim.AUTO) for tensor in tensors)
    else:
        shapes = tuple({0: Dim.DYNAMIC} for _ in tensors)
    with quiet(), _explained():
        program = torch.export.export(module, tensors, dynamic_shapes={"tensors": shapes}, strict=False)
        return _written(program, module.names, inputs.names, _size(module) > INSIDE)


def written(program: Any, outputs: tuple[str, ...], inputs: tuple[str, ...]) -> Export:
    """A program that was exported before, as a graph. Raises ``ExportError``."""
    _check_sizes(program.state_dict)
    size = sum(tensor.numel() * tensor.element_size() for tensor in program.state_dict.values())
    with quiet(), _explained():
        return _written(program, outputs, inputs, size > INSIDE)


def _written(program: Any, outputs: tuple[str, ...], inputs: tuple[str, ...], beside: bool) -> Export:
    made = torch.onnx.export(
        program,
        dynamo=True,
        opset_version=OPSET,
        input_names=list(inputs),
        output_names=list(outputs),
        external_data=beside,
        verbose=False,
    )
    if not beside:
        return Export(made.model_proto)
    weights = Weights()
    try:
        made.save(weights.graph, external_data=True)
    except OSError as error:
        raise WriteError(str(weights.graph.parent), str(error)) from error
    return Export(onnx.load(weights.graph, load_external_data=False), weights)


def _check_sizes(weights: Mapping[str, torch.Tensor]) -> None:
    """Raise ``ExportError`` for the first tensor that is too large to be loaded."""
    for name, tensor in weights.items():
        if (size := tensor.numel() * tensor.element_size()) > LARGEST:
            path = name.removeprefix("module.").replace(".", " › ")
            remedy = "make several layers of that one, or give the module in float16: module.half()"
            raise ExportError(Problem(path, f"has {size:,} bytes, and no tensor is loaded beyond 2 GiB", remedy))


def _size(module: torch.nn.Module) -> int:
    """Bytes of the weights, those that are shared counted once."""
    storages = {
        tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes()
        for tensor in (*module.parameters(), *module.buffers())
    }
    return sum(storages.values())


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (NoTensorError, LadingError):
        raise
    except Exception as error:  # export and exporter raise dozens of unrelated classes
        raise ExportError(_problem(error)) from error


def _problem(error: BaseException) -> Problem:
    causes = list(_causes(error))
    said = " ".join(" ".join(str(cause) for cause in causes).split())
    names = {type(cause).__name__ for cause in causes}
    first = _first_words(causes[-1])
    if "GuardOnDataDependentSymNode" in names or "data-dependent" in said.lower():
        return Problem(
            "", f"branches on the values of its inputs, which torch.export cannot follow ({first})",
            "write torch.where in place of if, or torch.cond, or take such a step out of the module",
        )  # fmt: skip
    if names & {"ConstraintViolationError", "UserError"} and ("constant" in said or "specializ" in said):
        return Problem(
            "", f"takes one number of rows only ({first})",
            "leave the first dimension of every tensor open: no fixed sizes in reshapes, no branches on it, x.shape[0] in "
            "place of len(x)",
        )  # fmt: skip
    if names & {"DispatchError", "ConversionError"}:
        return Problem(
            "", f"computes with what has no operators in ONNX ({first})",
            "replace that operation by those of torch.nn and torch.nn.functional",
        )  # fmt: skip
    return Problem(
        "", f"is not followed by torch.export ({type(causes[-1]).__name__}: {first})",
        "make forward() compute with tensors only: no NumPy, no lists of numbers, no files",
    )  # fmt: skip


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _first_words(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = lines[0] if lines else type(error).__name__
    return told if len(told) <= SHOWN else told[:SHOWN] + "…"
