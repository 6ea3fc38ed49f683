"""The loose graph: an ONNX file without its bundle, and which bundle it says that it is from."""

from pathlib import Path

from lading.bundles.graphs.parts import graph_parts
from lading.bundles.origin import Origin
from lading.core.console import print_facts, print_json
from lading.core.errors import UsageError


class NoOriginError(UsageError):
    """An ONNX file does not say which bundle it is from."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} does not say which bundle it is from; look for its SHA-256 among the files of bundles"


class LooseFormatError(UsageError):
    """A loose graph is to be shown as what takes a whole bundle."""

    def __init__(self, path: str, asked: str) -> None:
        super().__init__(path, asked)
        self.path, self.asked = path, asked

    def __str__(self) -> str:
        return f"{self.path} is a graph without its bundle, and {self.asked} needs the bundle; leave --format out"


def show_loose_graph(path: Path, asked: str) -> None:
    """Print which bundle the file says that it is from, which anybody may have written there.

    Raises ``NoOriginError``, ``NoOnnxError`` and ``LooseFormatError``.
    """
    if asked not in ("text", "json"):
        raise LooseFormatError(str(path), asked)
    origin = Origin.of(graph_parts(path.read_bytes(), str(path)).notes)
    if origin is None:
        raise NoOriginError(str(path))
    if asked == "json":
        print_json({"path": str(path), "origin": origin.facts})
    else:
        print_facts(origin.facts)
