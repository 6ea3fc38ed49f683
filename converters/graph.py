"""The graph: a ready-made ONNX model, read, and its inputs and outputs as the tensors of a signature."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from lading.bundles.signature import Tensor, TensorType
from lading.converters.converter import Problem, UnconvertibleError

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto


def read(model: object) -> "ModelProto":
    """The graph, with its external data inside. Raises ``UnconvertibleError`` for what is none."""
    import onnx
    from google.protobuf.message import DecodeError
    from onnx.checker import ValidationError

    try:
        if isinstance(model, str | Path):
            proto = onnx.load(model)
        elif isinstance(model, bytes):
            proto = onnx.load_from_string(model)
        else:
            proto = cast("ModelProto", model)
    except (DecodeError, ValidationError, OSError) as error:
        raise UnconvertibleError(title(model), (_unreadable(error),)) from error
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in proto.graph.initializer):
        problem = Problem("", "keeps its weights in files beside it", "pass the path of the .onnx file instead")
        raise UnconvertibleError(title(model), (problem,))
    if not proto.graph.output or not proto.opset_import:
        raise UnconvertibleError(title(model), (_unreadable(ValueError("it holds no graph")),))
    return proto


def with_notes(model: bytes, notes: Mapping[str, str]) -> bytes:
    """The same graph in a file that carries these notes as ``metadata_props``, in place of others of their names."""
    import onnx

    proto = onnx.load_from_string(model)
    others = {entry.key: entry.value for entry in proto.metadata_props if entry.key not in notes}
    onnx.helper.set_model_props(proto, {**others, **dict(sorted(notes.items()))})
    return proto.SerializeToString(deterministic=True)


def _unreadable(error: Exception) -> Problem:
    return Problem("", f"cannot be read as ONNX ({error})", "check that the file is complete and of this format")


def is_proto(model: object) -> bool:
    """Whether ``model`` is ONNX's own class; onnx is not imported for that."""
    return type(model).__name__ == "ModelProto" and type(model).__module__.split(".")[0] == "onnx"


def title(model: object) -> str:
    """What errors call the graph."""
    return Path(model).name if isinstance(model, str | Path) else "the ONNX graph"


def domain_name(name: str) -> str:
    """An operator set's domain as people call it; ONNX leaves out the name of its own."""
    return "ai.onnx" if name == "" else name


def graph_inputs(proto: "ModelProto") -> list["ValueInfoProto"]:
    """The inputs that a request has to give: those that no initializer fills."""
    filled = {tensor.name for tensor in proto.graph.initializer}
    return [value for value in proto.graph.input if value.name not in filled]


def tensor_of(value: "ValueInfoProto", first: str | None) -> Tensor:
    """The tensor of an input or an output; open dimensions without a name get one, ``first`` the first of them.

    Its element type must be one that ``element_type`` knows.
    """
    extents: list[int | str] = []
    for place, dim in enumerate(value.type.tensor_type.shape.dim):
        named = dim.dim_param if dim.dim_param else f"{value.name}_{place}"
        named = first if first is not None and place == 0 else named
        extents.append(dim.dim_value if dim.HasField("dim_value") else named)
    dtype = element_type(value.type.tensor_type.elem_type)
    return Tensor(name=value.name, dtype=cast(TensorType, dtype), shape=tuple(extents))


def element_type(kind: int) -> TensorType | None:
    """The signature's word for ONNX's number of an element type; None where it has none."""
    from onnx import TensorProto, helper

    if kind == TensorProto.STRING:
        return "string"
    name = helper.tensor_dtype_to_np_dtype(kind).name if kind != TensorProto.UNDEFINED else ""
    return cast(TensorType, name) if name in get_args(TensorType) else None
