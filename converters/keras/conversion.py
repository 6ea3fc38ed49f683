"""The conversion: a model on PyTorch's backend goes the way of its modules; one on another is brought there first."""

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from lading.bundles.signature import Field, Form, Signature
from lading.bundles.tensors.feeds import encode
from lading.converters.converter import Converted, Precision, Problem, UnconvertibleError, class_name
from lading.converters.keras.asking import answered
from lading.converters.keras.exporting import INPUTS, exported_here
from lading.converters.keras.problems import problems_of
from lading.converters.networks.finishing import Export, Origin, finished
from lading.converters.networks.frameworks import untested
from lading.converters.networks.inputs import Arrays, Inputs, possible_inputs

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table

TESTED = {"keras": "==3.15.*", "torch": "==2.13.*", "onnxscript": "==0.7.*"}
PACKAGES = ("keras", "torch", "onnxscript", "onnx", "numpy")
ROWS = 64
"""Rows that the original is asked together."""


def convert(model: Any, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
    """The model as a graph; see ``Converter.convert``."""
    title = class_name(model)
    problems = problems_of(model, fields)
    real = keras.backend.standardize_dtype(model.compute_dtype)
    if real not in ("float32", "float64"):
        problems.append(Problem("", f"computes in {real}", "give it in float32: keras.config.set_dtype_policy"))
    elif precision == "double" and real != "float64":
        problems.append(Problem("", f"computes in {real}", "make it with keras.config.set_floatx('float64')"))
    if problems:
        raise UnconvertibleError(title, tuple(problems))
    backend = keras.backend.backend()
    reference = f"keras {version('keras')} on {backend}"
    origin = Origin(title, "keras", reference, PACKAGES, untested(TESTED))
    inputs = _fitting(model, form, fields, real, title)
    export = exported_here(model, inputs) if backend == "torch" else _exported_elsewhere(model, inputs, title)
    return finished(export, inputs, origin, lambda arrays: _ask(model, arrays))


def reference(model: Any, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
    """What the model itself answers; see ``Converter.reference``."""
    feeds = encode(signature, rows.columns_as_numpy())
    count = len(next(iter(feeds.values())))
    if signature.form == "whole":
        calls = [_ask(model, {name: array[call, ...] for name, array in feeds.items()}) for call in range(count)]
        return {name: np.stack([call[name] for call in calls]) for name in calls[0]}
    starts = range(0, max(count, 1), ROWS)
    parts = [_ask(model, {name: array[at : at + ROWS] for name, array in feeds.items()}) for at in starts]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _ask(model: Any, arrays: Arrays) -> dict[str, np.ndarray]:
    """The answers by name to the inputs by name, as the model predicts."""
    tensors = {name: keras.ops.convert_to_tensor(array) for name, array in arrays.items()}
    return {name: keras.ops.convert_to_numpy(answer) for name, answer in answered(model, tensors).items()}


def _fitting(model: Any, form: Form, fields: Sequence[Field], real: str, title: str) -> Inputs:
    """The first of the possible inputs that the model takes."""
    refusals: list[Exception] = []
    for inputs in possible_inputs(form, fields, real):
        try:
            _ask(model, inputs.example(2))
        except UnconvertibleError:
            raise
        except Exception as error:  # whatever the user's model raises is a fact about that model
            refusals.append(error)
        else:
            return inputs
    shown = " ".join(str(refusals[-1]).split())[:300]
    found = f"fails on rows like those of the data ({type(refusals[-1]).__name__}: {shown})"
    remedy = "give its inputs' own shapes: a mapping from the inputs' names to arrays where a row is more than numbers"
    raise UnconvertibleError(title, (Problem("", found, remedy),)) from refusals[-1]


def _exported_elsewhere(model: Any, inputs: Inputs, title: str) -> Export:
    """The model saved, and exported by a process in which Keras runs on PyTorch."""
    import onnx

    with TemporaryDirectory(prefix="lading-keras-") as folder:
        saved, written = Path(folder) / "model.keras", Path(folder) / "model.onnx"
        with redirect_stdout(io.StringIO()):
            model.save(saved)
        command = [sys.executable, "-m", "lading.converters.keras.exporting", str(saved), str(written)]
        asked = INPUTS.dump_json(inputs).decode()
        environment = {**os.environ, "KERAS_BACKEND": "torch"}
        ended = subprocess.run(  # noqa: S603 - this interpreter, and files of ours
            command, input=asked, env=environment, capture_output=True, text=True
        )
        if ended.returncode:
            said = ended.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            found = f"does not run on Keras's backend torch, which exports it ({said[0]:.300})"
            remedy = (
                "register its own classes (keras.saving.register_keras_serializable) in a module, or train on torch"
            )
            raise UnconvertibleError(title, (Problem("", found, remedy),))
        return Export(onnx.load(written))
