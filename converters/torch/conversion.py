"""The conversion: a module and the fields of its data become a graph with a signature."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lading.bundles.signature import Field, Form, Signature
from lading.bundles.tensors.feeds import encode
from lading.converters.converter import Converted, Precision, Problem, UnconvertibleError, class_name
from lading.converters.networks.finishing import Export, Origin, finished
from lading.converters.networks.fitting import fitting
from lading.converters.networks.frameworks import untested
from lading.converters.networks.inputs import Inputs, possible_inputs
from lading.converters.networks.naming import NoTensorError
from lading.converters.torch.asking import Asked, asked, evaluating, program_inputs, unwrapped
from lading.converters.torch.exporting import ExportError, exported, written
from lading.converters.torch.problems import problems_of, real_type

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table

TESTED = {"torch": "==2.13.*", "onnxscript": "==0.7.*"}
PACKAGES = ("torch", "onnxscript", "onnx", "numpy")

Asking = Callable[[Any, Sequence[str]], Asked]
"""How a model is asked by the names of its inputs; Keras and transformers have ways of their own."""


def convert(
    model: Any,
    form: Form,
    fields: Sequence[Field],
    precision: Precision,
    ask: Asking = asked,
    origin: Origin | None = None,
) -> Converted:
    """The module as a graph; see ``Converter.convert``."""
    model = unwrapped(model)
    title = class_name(model)
    problems = problems_of(model, fields)
    if not problems and precision == "double" and real_type(model) != "float64":
        found = f"computes in {real_type(model)}"
        problems = [Problem("", found, "give it as float64 where that matters: module.double()")]
    if problems:
        raise UnconvertibleError(title, tuple(problems))
    made = torch_origin(title) if origin is None else origin
    with evaluation(model):
        try:
            module, inputs = _fitting(model, form, fields, ask)
            return finished(_exported(model, module, inputs), inputs, made, module.ask)
        except (NoTensorError, ExportError) as error:
            raise UnconvertibleError(title, (error.problem,)) from error


def torch_origin(title: str) -> Origin:
    """That of a module of PyTorch's own."""
    return Origin(title, "pytorch", f"torch {version('torch')}", PACKAGES, untested(TESTED))


def reference(model: Any, rows: "Table", signature: Signature, ask: Asking = asked) -> dict[str, np.ndarray]:
    """What the module itself answers; see ``Converter.reference``."""
    model, feeds = unwrapped(model), encode(signature, rows.columns_as_numpy())
    with evaluation(model):
        module = ask(model, list(feeds))
        answers = module.ask_calls(feeds) if signature.form == "whole" else module.ask_rows(feeds)
    return {output.tensor.name: answers[output.tensor.name] for output in signature.outputs}


def evaluation(model: Any) -> AbstractContextManager[None]:
    """The module in evaluation mode; a program was exported in one, and keeps it."""
    return evaluating(model) if isinstance(model, torch.nn.Module) else nullcontext()


def _fitting(model: Any, form: Form, fields: Sequence[Field], ask: Asking) -> tuple[Asked, Inputs]:
    """The module with the first of the possible inputs that it takes."""
    shapes = "its inputs' own shapes and types: a mapping from names to arrays where a row is more than numbers"
    return fitting(possible_inputs(form, fields, real_type(model)), partial(ask, model), f"give {shapes}")


def _exported(model: Any, module: Asked, inputs: Inputs) -> Export:
    if not isinstance(model, torch.export.ExportedProgram):
        return exported(module, inputs)
    wanted = program_inputs(model)
    return written(model, module.names, wanted if len(wanted) > 1 else inputs.names)
