"""The model that all are measured on, packaged once, and the rows that they are asked about."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier

from lading.bundles.bundle import open_bundle
from lading.converters import package

NAME = "breast-cancer"
TREES = 200


@dataclass(frozen=True)
class Subject:
    """What is measured: the bundle, its graph on disk, and rows with the answers of the bare session."""

    bundle: Path
    graph: Path
    input: str
    input_type: str
    fields: tuple[str, ...]
    rows: NDArray[np.float64]
    """Shape ``[32, 30]``."""
    expected: NDArray[Any]
    """The probabilities of the classes, shape ``[32, 2]``."""


def make_subject(folder: Path) -> Subject:
    """Train, package and write the graph into ``folder``."""
    rows, classes = load_breast_cancer(return_X_y=True)
    model = GradientBoostingClassifier(n_estimators=TREES, random_state=7).fit(rows, classes)
    packaged = package(model, rows, name=NAME, path=folder / f"{NAME}.lading")
    graph = folder / "model.onnx"
    with open_bundle(packaged.path) as bundle:
        graph.write_bytes(bundle.read(bundle.manifest.graph.path))
        signature = bundle.manifest.signature
    (tensor,) = signature.inputs
    asked = rows[:32]
    names = [output.tensor.name for output in signature.outputs if output.meaning == "probabilities"]
    (expected,) = session(graph).run(names, {tensor.name: asked.astype(tensor.dtype)})
    return Subject(
        bundle=packaged.path,
        graph=graph,
        input=tensor.name,
        input_type=tensor.dtype,
        fields=tuple(field.name for field in signature.fields),
        rows=asked,
        expected=expected,
    )


def session(graph: Path) -> onnxruntime.InferenceSession:
    """The graph as every contender runs it: one thread, which sleeps when there is nothing to do."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
