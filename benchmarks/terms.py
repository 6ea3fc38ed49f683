"""The terms: what is the same for every contender, whichever environment it runs in."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

PROCESSES = 2
"""How many of a server's processes compute answers."""

BATCH, BATCH_MILLISECONDS = 8, 1
"""Where a server puts requests together: how many at most, and how long the first of them waits for others."""

GRAPH = "BENCHMARK_GRAPH"
PORT = "BENCHMARK_PORT"
"""Environment variables: the path of the graph, and the port that the server is asked on."""

MODEL = "model"
"""The name of the model, where a server's paths have one."""

DTYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(string)": np.object_}

SESSION = {"session.intra_op.allow_spinning": "0"}
"""Entries of the session's configuration: its thread sleeps when there is nothing to do."""


def session(graph: Path) -> onnxruntime.InferenceSession:
    """The graph as every contender runs it: in one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    for name, value in SESSION.items():
        options.add_session_config_entry(name, value)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


class Graph:
    """A graph for servers that are written by hand: a matrix of numbers and one of texts in, label and shares out."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the graph at ``path``, of which the environment tells where it is not given."""
        self.path = Path(os.environ[GRAPH]) if path is None else path
        self.session = session(self.path)
        self.inputs = {tensor.name: DTYPES[tensor.type] for tensor in self.session.get_inputs()}
        self.outputs = tuple(tensor.name for tensor in self.session.get_outputs())

    def __reduce__(self) -> tuple[type["Graph"], tuple[Path]]:
        """Travel as a path, to processes that are spawned."""
        return Graph, (self.path,)

    def run(self, numbers: Any, texts: Any = None) -> tuple[Any, Any]:
        """The labels and the probabilities of the classes, as arrays."""
        given = {name: texts if dtype is np.object_ else numbers for name, dtype in self.inputs.items()}
        feeds = {name: np.asarray(given[name], dtype) for name, dtype in self.inputs.items()}
        labels, probabilities = self.session.run(None, feeds)
        return labels, probabilities

    def answer(self, numbers: Any, texts: Any = None) -> dict[str, list[Any]]:
        """The same as lists, by name."""
        labels, probabilities = self.run(numbers, texts)
        return {"labels": labels.tolist(), "probabilities": probabilities.tolist()}


def port() -> int:
    """The port to listen on."""
    return int(os.environ[PORT])
