"""Asking: a module called by the names of its inputs, whose answers have names too."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from lading.converters.converter import Problem
from lading.converters.networks.naming import NoTensorError, named

ROWS = 64
"""Rows that the original is asked together: enough to be quick, few enough for the memory of large networks."""


class Asked(torch.nn.Module):
    """A module that takes its inputs in order and answers a tuple of tensors."""

    def __init__(self, module: torch.nn.Module, call: Callable[[Sequence[torch.Tensor]], Any]) -> None:
        super().__init__()
        self.module = module
        self._call = call
        self.names: tuple[str, ...] = ()
        """What the tensors of the last answer are called."""

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The tensors of the module's answer, one after the other."""
        answers = dict(named(self._call(tensors), torch.Tensor))
        self.names = tuple(answers)
        return tuple(answers.values())

    def ask(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The answers by name to the inputs, which come in the module's order."""
        with torch.no_grad():
            answers = self(*(torch.tensor(array) for array in arrays.values()))
        return {name: answer.numpy() for name, answer in zip(self.names, answers, strict=True)}

    def ask_rows(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The same for many rows, some at a time."""
        rows = len(next(iter(arrays.values())))
        starts = range(0, max(rows, 1), ROWS)
        parts = [self.ask({name: array[start : start + ROWS] for name, array in arrays.items()}) for start in starts]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def ask_calls(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The same for calls that the module takes whole, one after the other."""
        calls = range(len(next(iter(arrays.values()))))
        parts = [self.ask({name: array[call, ...] for name, array in arrays.items()}) for call in calls]
        return {name: np.stack([part[name] for part in parts]) for name in parts[0]}


def unwrapped(model: Any) -> Any:
    """The module itself, where it was compiled or spread over devices."""
    if isinstance(model, torch.nn.DataParallel | torch.nn.parallel.DistributedDataParallel):
        return model.module
    return getattr(model, "_orig_mod", model)


def asked(model: Any, names: Sequence[str]) -> Asked:
    """``model`` with its inputs in the order of ``names``. Raises ``NoTensorError``."""
    if isinstance(model, torch.export.ExportedProgram):
        return Asked(model.module(), _structured(model, names))
    return Asked(model, _calling(model, names))


@contextmanager
def evaluating(model: torch.nn.Module) -> Iterator[None]:
    """The module in evaluation mode; each of its parts is put back into the mode that it was in."""
    training = [part for part in model.modules() if part.training]
    if training:
        model.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


def _calling(module: torch.nn.Module, names: Sequence[str]) -> Callable[[Sequence[torch.Tensor]], Any]:
    parameters = inspect.signature(module.forward).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    takes_all = inspect.Parameter.VAR_KEYWORD in kinds
    required = [
        name
        for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    ]
    strangers = [name for name in names if name not in parameters and not takes_all]
    if not strangers and set(required) <= set(names):
        return lambda tensors: module(**dict(zip(names, tensors, strict=True)))
    if len(names) == 1 and len(required) <= 1 and parameters:
        return lambda tensors: module(*tensors)
    raise NoTensorError(
        Problem(
            "", f"takes {', '.join(parameters) or 'nothing'}, the data has {', '.join(names)}",
            "give a mapping from the names of forward() to arrays",
        )
    )  # fmt: skip


def _structured(program: Any, names: Sequence[str]) -> Callable[[Sequence[torch.Tensor]], Any]:
    wanted = program_inputs(program)
    if len(names) != len(wanted) or (len(names) > 1 and set(names) != set(wanted)):
        problem = Problem(
            "", f"takes {', '.join(wanted)}, the data has {', '.join(names)}",
            "give a mapping from the names of the program's inputs to arrays",
        )  # fmt: skip
        raise NoTensorError(problem)
    module, order = program.module(), [names.index(name) if len(names) > 1 else 0 for name in wanted]

    def call(tensors: Sequence[torch.Tensor]) -> Any:
        flat = [tensors[place] for place in order]
        args, kwargs = torch.utils._pytree.tree_unflatten(flat, program.call_spec.in_spec)
        return module(*args, **kwargs)

    return call


def program_inputs(program: Any) -> tuple[str, ...]:
    """The names of the tensors that a program takes."""
    return tuple(str(name) for name in program.graph_signature.user_inputs)
