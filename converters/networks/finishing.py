"""Finishing: what an exporter wrote becomes a graph of the format, with its rows counted and a signature."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lading.bundles.manifest import Graph
from lading.bundles.session import ModelLoadError, open_session
from lading.bundles.signature import Output, Signature
from lading.converters.converter import Converted, Problem, UnconvertibleError
from lading.converters.graph import domain_name, tensor_of
from lading.converters.graph_problems import problems_of_parts
from lading.converters.networks.inputs import BATCH, Arrays, Inputs
from lading.converters.weights import Weights

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, ValueInfoProto

Run = Callable[[Arrays], Arrays]
"""What the original network answers, output by output."""

NEAR = 1e-4
"""How far the graph may answer from the original at other extents, absolutely and relatively."""


@dataclass(frozen=True)
class Export:
    """What an exporter wrote."""

    proto: "ModelProto"
    weights: Weights | None = None


@dataclass(frozen=True)
class Origin:
    """What a network came from."""

    title: str
    """What errors call the model."""
    framework: str
    reference: str
    packages: tuple[str, ...]
    notes: tuple[str, ...] = ()


def finished(export: Export, inputs: Inputs, origin: Origin, run: Run) -> Converted:
    """The graph with a complete signature.

    It is run for several rows and for one, so that its batch is known to be open; not for none, which ends the process
    where the graph has an LSTM, and which a server answers without the graph. Raises ``UnconvertibleError``.
    """
    proto = export.proto
    _clean(proto)
    given = inputs.example(1) if inputs.form == "whole" else {}
    if inputs.form == "whole":
        inputs = inputs.opened({value.name: tensor_of(value, None).shape for value in proto.graph.input})
    if problems := problems_of_parts(proto, inputs.form):
        raise UnconvertibleError(origin.title, tuple(problems))
    data = proto.SerializeToString(deterministic=True)
    session = _opened(data if export.weights is None else export.weights.written(data), origin)
    if inputs.form == "whole":
        _check_extents(session, inputs, given, origin, run)
    else:
        _measure(proto, session, inputs, origin)
    kinds = {tensor.dtype for tensor in inputs.tensors if tensor.dtype.startswith("float")} or {"float32"}
    return Converted(
        model=proto.SerializeToString(deterministic=True),
        graph=Graph(
            framework=origin.framework,
            ir_version=proto.ir_version,
            opsets={domain_name(entry.domain): entry.version for entry in proto.opset_import},
        ),
        signature=Signature(
            form=inputs.form,
            fields=inputs.fields,
            inputs=inputs.tensors,
            outputs=tuple(
                Output(tensor=tensor_of(value, None if inputs.form == "whole" else BATCH), meaning="tensor")
                for value in proto.graph.output
            ),
        ),
        precision=min(kinds),
        reference=origin.reference,
        packages=origin.packages,
        weights=export.weights,
        notes=origin.notes,
    )


def _opened(graph: bytes | Path, origin: Origin) -> Any:
    try:
        return open_session(graph)
    except ModelLoadError as error:
        remedy = "give the model in float32 where it is not, or replace what the message names by a related layer"
        raise UnconvertibleError(
            origin.title, (Problem("", f"makes a graph that does not load ({error})", remedy),)
        ) from error


def _clean(proto: "ModelProto") -> None:
    """Leave out what exporters write of the machine: the paths of sources, lines of code."""
    del proto.metadata_props[:]
    proto.doc_string = ""
    proto.graph.doc_string = ""
    _clean_graph(proto.graph)
    for function in proto.functions:
        function.doc_string = ""
        del function.metadata_props[:]
        del function.value_info[:]
        _clean_nodes(function.node)


def _clean_graph(graph: "GraphProto") -> None:
    del graph.value_info[:]
    del graph.metadata_props[:]
    values: list[Any] = [*graph.input, *graph.output, *graph.initializer]
    for value in values:
        value.doc_string = ""
        del value.metadata_props[:]
    _clean_nodes(graph.node)


def _clean_nodes(nodes: "Sequence[Any]") -> None:
    for node in nodes:
        node.doc_string = ""
        del node.metadata_props[:]
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                _clean_graph(inner)


def _measure(proto: "ModelProto", session: Any, inputs: Inputs, origin: Origin) -> None:
    """State the shapes of the outputs as they are for several rows and for one."""
    names = [value.name for value in proto.graph.output]
    found = {rows: _shapes(session, names, inputs, rows, origin) for rows in (2, 3, 1)}
    for place, value in enumerate(proto.graph.output):
        if any(shapes[place][:1] != (rows,) for rows, shapes in found.items()):
            shown = ", ".join(f"{list(shapes[place])} for {rows}" for rows, shapes in sorted(found.items()))
            problem = Problem(
                f"output {value.name}", f"does not have a row for each row that it is asked: {shown}",
                "return tensors whose first dimension is that of the inputs, or give a list of calls, each a mapping "
                "from names to arrays, where nothing counts rows",
            )  # fmt: skip
            raise UnconvertibleError(origin.title, (problem,))
        _declare(value, found[2][place], found[3][place])
    for value in proto.graph.input:
        value.type.tensor_type.shape.dim[0].dim_param = BATCH


def _shapes(session: Any, names: list[str], inputs: Inputs, rows: int, origin: Origin) -> list[tuple[int, ...]]:
    try:
        return [answer.shape for answer in session.run(names, inputs.example(rows))]
    except Exception as error:  # ONNX Runtime's errors share no other class
        problem = Problem(
            "", f"takes no batch of {rows} rows once it is a graph ({' '.join(str(error).split())[:300]})",
            "leave the first dimension of every tensor as it is: no fixed sizes in reshapes, no branches on it",
        )  # fmt: skip
        raise UnconvertibleError(origin.title, (problem,)) from error


def _declare(value: "ValueInfoProto", first: tuple[int, ...], second: tuple[int, ...]) -> None:
    shape = value.type.tensor_type.shape
    names = [dim.dim_param for dim in shape.dim]
    del shape.dim[:]
    for place, (one, other) in enumerate(zip(first, second, strict=True)):
        dim = shape.dim.add()
        if place == 0:
            dim.dim_param = BATCH
        elif one == other:
            dim.dim_value = one
        else:
            dim.dim_param = names[place] if place < len(names) and names[place] else f"{value.name}_{place}"


def _check_extents(session: Any, inputs: Inputs, asked_with: Arrays, origin: Origin, run: Run) -> None:
    """That the graph answers as the original where open dimensions are one less than in the calls given."""
    asked = {tensor.name: _shortened(tensor.shape, asked_with[tensor.name]) for tensor in inputs.tensors}
    expected = run(asked)
    try:
        found = session.run(list(expected), dict(asked))
    except Exception as error:
        raise _extents_matter(origin, " ".join(str(error).split())[:300]) from error
    for name, given in zip(expected, found, strict=True):
        if given.shape != expected[name].shape or not np.allclose(given, expected[name], NEAR, NEAR, equal_nan=True):
            raise _extents_matter(origin, f"{name} is another there than the model's")


def _shortened(shape: tuple[int | str, ...], array: np.ndarray) -> np.ndarray:
    kept = tuple(
        slice(None, max(1, have - 1)) if isinstance(extent, str) else slice(None)
        for extent, have in zip(shape, array.shape, strict=True)
    )
    return np.ascontiguousarray(array[kept])


def _extents_matter(origin: Origin, reason: str) -> UnconvertibleError:
    remedy = "give arrays of one size as rows instead: a mapping from names to arrays whose first dimension counts rows"
    return UnconvertibleError(
        origin.title, (Problem("", f"cannot be asked about other extents than those given ({reason})", remedy),)
    )
