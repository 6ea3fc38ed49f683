"""Weights: those of a graph that are too large to be inside of it, in files of their own until they are in a bundle."""

import shutil
import weakref
from pathlib import Path
from tempfile import mkdtemp

GRAPH = "model.onnx"


class Weights:
    """A temporary folder with a graph's external data, which goes when nobody holds this any more."""

    def __init__(self) -> None:
        self._folder = mkdtemp(prefix="lading-weights-")
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    @property
    def graph(self) -> Path:
        """Where the graph lies, beside its weights."""
        return Path(self._folder) / GRAPH

    def written(self, graph: bytes) -> Path:
        """The path of this graph, beside its weights, from which it can be loaded without a copy of them."""
        self.graph.write_bytes(graph)
        return self.graph

    def files_at(self, graph: str) -> dict[str, Path]:
        """The files of external data, by the paths that they have in a bundle whose graph lies at ``graph``."""
        within = graph[: graph.rfind("/") + 1]
        return {within + path.name: path for path in sorted(self.graph.parent.iterdir()) if path.name != GRAPH}
