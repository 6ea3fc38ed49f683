"""The conversion: a function of JAX and the fields of its data become a graph with a signature."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import jax
import jax2onnx
import numpy as np
from jax2onnx.plugins.plugin_system import import_all_plugins

from lading.bundles.signature import Field, Form, Signature, TensorType
from lading.bundles.tensors.feeds import encode
from lading.converters.converter import Converted, Precision, Problem, UnconvertibleError, class_name
from lading.converters.jax.asking import Asked
from lading.converters.jax.converter import JaxConverter
from lading.converters.networks.finishing import Export, Origin, finished
from lading.converters.networks.fitting import fitting
from lading.converters.networks.frameworks import untested
from lading.converters.networks.inputs import BATCH, Inputs, possible_inputs
from lading.converters.networks.naming import NoTensorError
from lading.converters.networks.quiet import quiet

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table

OPSET = 21
TESTED = {"jax": "==0.10.*", "jax2onnx": "==0.17.*", "flax": "==0.12.*", "equinox": "==0.13.*"}
PACKAGES = ("jax", "jax2onnx", "flax", "equinox", "onnx", "numpy")


def convert(model: Any, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
    """The function as a graph; see ``Converter.convert``."""
    title, wide = class_name(model), bool(jax.config.jax_enable_x64)
    problems = JaxConverter().diagnose(model, form, fields)
    if precision == "double" and not wide:
        remedy = "set jax.config.update('jax_enable_x64', True) before it is trained"
        problems.append(Problem("", "computes in float32", remedy))
    if problems:
        raise UnconvertibleError(title, tuple(problems))
    origin = Origin(title, "jax", f"jax {version('jax')}", PACKAGES, untested(TESTED))
    try:
        asked, inputs = _fitting(model, form, fields, wide)
        return finished(Export(_exported(asked, inputs, wide)), inputs, origin, asked.ask)
    except NoTensorError as error:
        raise UnconvertibleError(title, (error.problem,)) from error


def reference(model: Any, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
    """What the function itself answers; see ``Converter.reference``."""
    feeds = encode(signature, rows.columns_as_numpy())
    answers = Asked(model, list(feeds)).ask(feeds)
    return {output.tensor.name: answers[output.tensor.name] for output in signature.outputs}


def _fitting(model: Any, form: Form, fields: Sequence[Field], wide: bool) -> tuple[Asked, Inputs]:
    """The model with the first of the possible inputs that it takes."""
    possible = possible_inputs(form, fields, "float64" if wide else "float32")
    narrow: dict[str, TensorType] = {"int64": "int32", "uint64": "uint32", "float64": "float32"}
    return fitting(
        (inputs if wide else inputs.retyped(narrow) for inputs in possible),
        lambda names: Asked(model, names),
        "give arrays of its inputs' own shapes and types, with a row each in the first dimension",
    )


@dataclass(frozen=True)
class _Spec:
    """An input as jax2onnx asks for it; text is an open dimension."""

    shape: tuple[int | str, ...]
    dtype: Any


def _exported(asked: Asked, inputs: Inputs, wide: bool) -> Any:
    specs: list[Any] = [
        _Spec(tuple("B" if extent == BATCH else extent for extent in tensor.shape), np.dtype(tensor.dtype))
        for tensor in inputs.tensors
    ]
    try:
        with quiet():
            _load_plugins()
            return jax2onnx.to_onnx(
                asked, specs, opset=OPSET, enable_double_precision=wide,
                input_names=list(inputs.names), output_names=list(asked.names),
            )  # fmt: skip
    except Exception as error:  # JAX and jax2onnx raise dozens of unrelated classes
        raise NoTensorError(_problem(error)) from error


@cache
def _load_plugins() -> None:
    """Load what jax2onnx knows, and put back jax.numpy's own cumsum, for which it leaves another that takes less."""
    kept = jax.numpy.cumsum
    try:
        import_all_plugins()
    finally:
        jax.numpy.cumsum = kept


def _problem(error: Exception) -> Problem:
    said = " ".join(str(error).split())[:300]
    if "Tracer" in type(error).__name__ or "Concret" in type(error).__name__:
        return Problem(
            "", f"looks at the values of its inputs ({type(error).__name__}: {said})",
            "write jax.numpy.where, jax.lax.cond or jax.lax.select in place of if",
        )  # fmt: skip
    if "positional argument" in said:  # of what it puts in the place of functions of JAX's and flax's
        found = f"calls a function in a way that jax2onnx does not follow ({type(error).__name__}: {said})"
        return Problem("", found, "name all arguments but the first: max_pool(x, window_shape=(2, 2))")
    return Problem(
        "", f"is not followed by jax2onnx ({type(error).__name__}: {said})",
        "compute with jax.numpy, jax.nn and jax.lax, without callbacks, and leave the number of rows open",
    )  # fmt: skip
