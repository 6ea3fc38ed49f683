"""Graph problems: all that is known to keep a ready-made ONNX graph from being served."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, get_args

from lading.bundles.session import ModelLoadError, open_session
from lading.bundles.signature import Field, Form, Tensor, TensorType
from lading.bundles.tensors.rules import fits
from lading.converters.converter import Problem
from lading.converters.graph import domain_name, element_type, graph_inputs, tensor_of

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

DOMAINS = {"": 26, "ai.onnx": 26, "ai.onnx.ml": 5}
"""The operator sets that every ONNX Runtime has built in, and the newest version that it promises to run."""
NEWEST_IR = 13

OTHER_KINDS = {
    "map_type": "a dictionary",
    "optional_type": "something that may be absent",
    "sequence_type": "a sequence",
    "sparse_tensor_type": "sparse",
}
"""What an input or an output can be beside a tensor."""


def problems_of(proto: "ModelProto", form: Form, fields: Sequence[Field]) -> list[Problem]:
    """Everything that keeps the graph from answering data of this form; empty when nothing is known to."""
    found = problems_of_parts(proto, form)
    return found or _of_fields(proto, form, fields) or _of_loading(proto)


def problems_of_parts(proto: "ModelProto", form: Form) -> list[Problem]:
    """What of it can be told without the data and without loading the graph."""
    return [*_of_opsets(proto), *_of_nodes(proto), *_of_outputs(proto), *_of_inputs(proto, form)]


def graph_tensors(values: "Sequence[ValueInfoProto]", form: Form) -> tuple[Tensor, ...]:
    """Inputs or outputs as the signature's tensors, the dimension that counts rows called ``batch``."""
    return tuple(tensor_of(value, None if form == "whole" else "batch") for value in values)


def _of_opsets(proto: "ModelProto") -> list[Problem]:
    problems = []
    if proto.ir_version > NEWEST_IR:
        problems.append(
            Problem(
                "", f"has IR version {proto.ir_version}; ONNX Runtime reads up to {NEWEST_IR}",
                "export it with an older IR version: onnx.helper.make_model(..., ir_version=10)",
            )
        )  # fmt: skip
    for entry in proto.opset_import:
        newest = DOMAINS.get(entry.domain)
        if newest is not None and entry.version > newest:
            problems.append(
                Problem(
                    "", f"uses opset {entry.version} of {domain_name(entry.domain)}; ONNX Runtime runs up to {newest}",
                    "export it with opset 21, or lower it with onnx.version_converter",
                )
            )  # fmt: skip
    return problems


def _of_nodes(proto: "ModelProto") -> list[Problem]:
    strangers = sorted({node.domain for node in _nodes(proto.graph) if node.domain not in DOMAINS})
    local = {function.domain for function in proto.functions}
    return [
        Problem(
            "", f"uses operators of {domain}, which not every ONNX Runtime has",
            "export it with the operators of ai.onnx and ai.onnx.ml only",
        )
        for domain in strangers
        if domain not in local
    ]  # fmt: skip


def _nodes(graph: Any) -> list[Any]:
    """The nodes of a graph and of the graphs inside them."""
    found = list(graph.node)
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                found.extend(_nodes(inner))
    return found


def _of_outputs(proto: "ModelProto") -> list[Problem]:
    return [
        Problem(f"output {value.name}", *told)
        for value in proto.graph.output
        if (told := _of_maps(value) or _of_type(value)) is not None
    ]


def _of_maps(value: "ValueInfoProto") -> tuple[str, str] | None:
    """The list of dictionaries that converters of classifiers make unless told otherwise."""
    if value.type.sequence_type.elem_type.WhichOneof("value") != "map_type":
        return None
    return (
        "is no tensor but a list of dictionaries",
        "export it without ZipMap: options={id(model): {'zipmap': False}}",
    )


def _of_type(value: "ValueInfoProto") -> tuple[str, str] | None:
    """What is wrong with the type of an input or an output, and what to do; None where nothing is."""
    from onnx import TensorProto

    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        return f"is no tensor but {OTHER_KINDS.get(str(kind), 'of no type')}", "export it with tensors only"
    if element_type(value.type.tensor_type.elem_type) is not None:
        return None
    name = TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
    return f"holds values of type {name}", f"cast it in the graph, to one of {', '.join(get_args(TensorType))}"


def _of_inputs(proto: "ModelProto", form: Form) -> list[Problem]:
    inputs = graph_inputs(proto)
    if not inputs:
        return [Problem("", "takes no inputs, so that its answer never changes", "keep that answer instead")]
    told = ((value, _of_type(value) or (_of_shape if form == "whole" else _of_rows)(value)) for value in inputs)
    return [Problem(f"input {value.name}", *problem) for value, problem in told if problem is not None]


def _of_shape(value: "ValueInfoProto") -> tuple[str, str] | None:
    if value.type.tensor_type.HasField("shape"):
        return None
    return "has a shape that the graph does not state", "state it, with a name for each dimension that is open"


def _of_rows(value: "ValueInfoProto") -> tuple[str, str] | None:
    dims = value.type.tensor_type.shape.dim
    if not dims:
        return (
            "has no dimension that counts rows",
            "export it with a first dimension for the batch, or give a list of calls, each a mapping from the "
            "inputs' names to arrays as the graph takes them",
        )
    if dims[0].HasField("dim_value"):
        return (
            f"takes exactly {dims[0].dim_value} rows at a time",
            "export it with an open batch: dynamic_shapes={0: Dim('batch')} for torch.onnx.export; where that "
            "dimension counts no rows give a list of calls, each a mapping from the inputs' names to arrays as the "
            "graph takes them",
        )
    return None


def _of_fields(proto: "ModelProto", form: Form, fields: Sequence[Field]) -> list[Problem]:
    inputs = {tensor.name: tensor for tensor in graph_tensors(graph_inputs(proto), form)}
    if set(inputs) == {field.name for field in fields}:
        return list(_of_extents(inputs, form, fields))
    names = ", ".join(inputs)
    if form == "whole":
        return [Problem("", f"takes the inputs {names}", "give each call as a mapping from these names to arrays")]
    if len(inputs) > 1 or any(field.shape for field in fields):
        return [Problem("", f"takes the inputs {names}", "pass the rows as a mapping from these names to arrays")]
    (only,) = inputs.values()
    if len(only.shape) != 2 or (isinstance(only.shape[1], int) and only.shape[1] != len(fields)):
        return [
            Problem(
                f"input {only.name}", f"has the shape {list(only.shape)}, the data has {len(fields)} columns",
                "pass the columns that the graph takes, or a mapping from its input's name to an array",
            )
        ]  # fmt: skip
    return [
        Problem(f"input {only.name}", f"takes numbers, column {field.name!r} is {field.type}", "pass numbers only")
        for field in fields
        if field.type not in ("boolean", "integer", "number") and only.dtype != "string"
    ]


def _of_extents(inputs: dict[str, Tensor], form: Form, fields: Sequence[Field]) -> Iterator[Problem]:
    """The fields whose data does not have the shape of the input that they are."""
    for field in fields:
        tensor, given = inputs[field.name], [int(extent) for extent in field.shape]
        if not fits(tensor.shape if form == "whole" else tensor.shape[1:], given):
            what = f"{given}" if form == "whole" else f"rows of {given}"
            found = f"has the shape {list(tensor.shape)}, the data gives {what}"
            yield Problem(f"input {tensor.name}", found, "pass arrays of the input's own shape")


def _of_loading(proto: "ModelProto") -> list[Problem]:
    """What only the runtime itself knows: an operator, or a type of one, that it does not have."""
    try:
        open_session(proto.SerializeToString())
    except ModelLoadError as error:
        return [Problem("", f"does not load ({error})", "export it with operators, types and attributes that it has")]
    return []
