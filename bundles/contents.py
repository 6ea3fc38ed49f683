"""The contents: what a bundle's files hold, looked at before anything uses them; no code, and a graph that computes."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from lading.bundles.graphs.scan import ScanError, scan
from lading.bundles.kinds import HEAD, forbidden_content, forbidden_name
from lading.bundles.manifest import MODEL_PREFIX
from lading.bundles.storage.content import Content
from lading.bundles.storage.integrity import ForbiddenContentError, GraphError, TooLargeError
from lading.core.settings import LIMITS, Limits

if TYPE_CHECKING:
    from lading.bundles.bundle import Bundle


def check_contents(contents: Mapping[str, Content], graph: str, bundle: str, limits: Limits = LIMITS) -> None:
    """Look at every file of a bundle, whose bytes are those that its manifest records, and into the graph at ``graph``.

    Raises ``ForbiddenContentError``, ``TooLargeError`` and ``GraphError``.
    """
    for name, content in contents.items():
        kind = forbidden_name(name) or forbidden_content(_head(content), content.size)
        if kind is not None:
            raise ForbiddenContentError(bundle, name, kind)
    if (size := contents[graph].size) > limits.graph_bytes:
        raise TooLargeError(bundle, f"has a graph of {size} bytes", limits.graph_bytes, "LADING_GRAPH_BYTES")
    check_graph(contents[graph].chunks(), contents, graph, bundle)


def check_graph(pieces: Iterator[bytes], contents: Mapping[str, Content], graph: str, bundle: str) -> None:
    """That the graph at ``graph``, which comes in ``pieces``, may be loaded, and that nothing lies beside it unused.

    Raises ``GraphError``.
    """
    folder = graph[: graph.rfind("/") + 1]
    beside = {
        name: content.size for name, content in contents.items() if name.startswith(MODEL_PREFIX) and name != graph
    }
    locations = {name.removeprefix(folder): size for name, size in beside.items() if name.startswith(folder)}
    try:
        used = scan(pieces, contents[graph].size, locations)
    except ScanError as error:
        raise GraphError(bundle, graph, str(error)) from error
    if unused := beside.keys() - {folder + location for location in used}:
        raise GraphError(bundle, graph, f"has no data in {min(unused)}, which lies beside it")


def graph_of(bundle: "Bundle") -> tuple[bytes, dict[str, bytes]]:
    """The graph of an open bundle, and its external data by the locations that it calls them, to be loaded.

    The very bytes that are returned were checked and looked at. Raises what ``Bundle.read`` does, and ``GraphError``.
    """
    path = bundle.manifest.graph.path
    data, folder = bundle.read(path), path[: path.rfind("/") + 1]
    check_graph(iter([data]), bundle.contents(), path, str(bundle.path))
    beside = [entry.path for entry in bundle.manifest.files if entry.path.startswith(folder) and entry.path != path]
    return data, {name.removeprefix(folder): bundle.read(name) for name in beside}


def _head(content: Content) -> bytes:
    head = b""
    for piece in content.chunks():
        head += piece[: HEAD - len(head)]
        if len(head) == HEAD:
            break
    return head
