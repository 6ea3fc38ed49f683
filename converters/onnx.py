"""Ready-made ONNX files: checked, given a signature, and taken as they are."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lading.bundles.manifest import Graph
from lading.bundles.session import open_session
from lading.bundles.signature import Feed, Field, Output, Signature, Tensor, TensorType
from lading.converters.converter import Converted, Form, Precision, Problem, UnconvertibleError

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

    from lading.bundles.tables.table import Table

DOMAINS = {"": 26, "ai.onnx": 26, "ai.onnx.ml": 5}
"""The operator sets that every ONNX Runtime has built in, and the newest version that it promises to run."""
NEWEST_IR = 13


class OnnxConverter:
    """Takes ONNX graphs: a path ending in ``.onnx``, the file's bytes, or a ``ModelProto``."""

    name = "onnx"

    def matches(self, model: object) -> bool:
        """Whether ``model`` is a path to an ONNX file, bytes, or a ``ModelProto``."""
        if isinstance(model, str | Path):
            return Path(model).suffix == ".onnx"
        return isinstance(model, bytes) or _is_proto(model)

    def features(self, model: object) -> tuple[str, ...] | None:
        """None: a graph's columns have no names."""
        return None

    def diagnose(self, model: object, form: Form, fields: Sequence[Field]) -> list[Problem]:
        """Operators that ONNX Runtime does not have, versions that are too new, a frozen batch, outputs of no type."""
        proto = read(model)
        problems = [*_of_opsets(proto), *_of_nodes(proto), *_of_outputs(proto), *_of_inputs(proto)]
        return problems if problems else _of_fields(proto, fields)

    def convert(self, model: object, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
        """The graph as it is, any external data moved inside, with a signature read off its inputs and outputs."""
        problems = self.diagnose(model, form, fields)
        if problems:
            raise UnconvertibleError(_title(model), tuple(problems))
        proto = read(model)
        inputs = tuple(_tensor(value) for value in graph_inputs(proto))
        signature = Signature(
            form="tensors" if form == "tensors" else "array",
            fields=tuple(_fed(field, position, form, inputs) for position, field in enumerate(fields)),
            inputs=inputs,
            outputs=tuple(Output(tensor=_tensor(value), meaning="tensor") for value in proto.graph.output),
        )
        widths = {tensor.dtype for tensor in inputs if tensor.dtype.startswith("float")}
        return Converted(
            model=proto.SerializeToString(deterministic=True),
            graph=Graph(
                framework="onnx",
                ir_version=proto.ir_version,
                opsets={_domain(entry.domain): entry.version for entry in proto.opset_import},
            ),
            signature=signature,
            precision="float64" if widths == {"float64"} else "float32",
            reference=f"the given graph, onnxruntime {version('onnxruntime')}",
            packages=("onnx", "numpy"),
        )

    def reference(self, model: object, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
        """What ONNX Runtime answers for the graph as it was given."""
        from lading.bundles.tensors.feeds import encode

        session = open_session(read(model).SerializeToString())
        names = [output.tensor.name for output in signature.outputs]
        answers = session.run(names, encode(signature, rows.columns_as_numpy()))
        return dict(zip(names, answers, strict=True))


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
        raise UnconvertibleError(_title(model), (_unreadable(error),)) from error
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in proto.graph.initializer):
        problem = Problem("", "keeps its weights in files beside it", "pass the path of the .onnx file instead")
        raise UnconvertibleError(_title(model), (problem,))
    if not proto.graph.output or not proto.opset_import:
        raise UnconvertibleError(_title(model), (_unreadable(ValueError("it holds no graph")),))
    return proto


def _unreadable(error: Exception) -> Problem:
    return Problem("", f"cannot be read as ONNX ({error})", "check that the file is complete and of this format")


def _is_proto(model: object) -> bool:
    return type(model).__name__ == "ModelProto" and type(model).__module__.split(".")[0] == "onnx"


def _title(model: object) -> str:
    return Path(model).name if isinstance(model, str | Path) else "the ONNX graph"


def _domain(name: str) -> str:
    return "ai.onnx" if name == "" else name


def graph_inputs(proto: "ModelProto") -> list["ValueInfoProto"]:
    """The inputs that a request has to give: those that no initializer fills."""
    filled = {tensor.name for tensor in proto.graph.initializer}
    return [value for value in proto.graph.input if value.name not in filled]


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
                    "", f"uses opset {entry.version} of {_domain(entry.domain)}; ONNX Runtime runs up to {newest}",
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
    wrong = [value.name for value in proto.graph.output if not value.type.HasField("tensor_type")]
    return [
        Problem(
            f"output {name}", "is no tensor but a list of dictionaries",
            "export it without ZipMap: options={id(model): {'zipmap': False}}",
        )
        for name in wrong
    ]  # fmt: skip


def _of_inputs(proto: "ModelProto") -> list[Problem]:
    problems = []
    for value in graph_inputs(proto):
        tensor = value.type.tensor_type
        if not value.type.HasField("tensor_type") or not tensor.shape.dim:
            found, remedy = "has no dimension that counts rows", "export it with a first dimension for the batch"
            problems.append(Problem(f"input {value.name}", found, remedy))
        elif tensor.shape.dim[0].HasField("dim_value"):
            frozen = f"takes exactly {tensor.shape.dim[0].dim_value} rows at a time"
            remedy = "export it with an open batch: dynamic_shapes={0: Dim('batch')} for torch.onnx.export"
            problems.append(Problem(f"input {value.name}", frozen, remedy))
    return problems


def _of_fields(proto: "ModelProto", fields: Sequence[Field]) -> list[Problem]:
    inputs = {value.name: _tensor(value) for value in graph_inputs(proto)}
    if set(inputs) == {field.name for field in fields}:
        return [problem for field in fields for problem in _of_shape(field, inputs[field.name])]
    names = ", ".join(inputs)
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


def _of_shape(field: Field, tensor: Tensor) -> list[Problem]:
    known = list(tensor.shape[1:])
    fits = len(known) == len(field.shape) and all(
        isinstance(extent, str) or extent == given for extent, given in zip(known, field.shape, strict=False)
    )
    if fits:
        return []
    found = f"has the shape {list(tensor.shape)}, the data gives rows of {list(field.shape)}"
    return [Problem(f"input {tensor.name}", found, "pass arrays of the input's own shape")]


def _tensor(value: "ValueInfoProto") -> Tensor:
    from onnx import TensorProto, helper

    kind = value.type.tensor_type.elem_type
    dtype = "string" if kind == TensorProto.STRING else helper.tensor_dtype_to_np_dtype(kind).name
    extents: list[int | str] = []
    for place, dim in enumerate(value.type.tensor_type.shape.dim):
        named = dim.dim_param if dim.dim_param else f"{value.name}_{place}"
        extents.append(dim.dim_value if dim.HasField("dim_value") else ("batch" if place == 0 else named))
    return Tensor(name=value.name, dtype=cast(TensorType, dtype), shape=tuple(extents))


def _fed(field: Field, position: int, form: Form, inputs: Sequence[Tensor]) -> Field:
    names = {tensor.name for tensor in inputs}
    if form == "tensors" and field.name in names:
        return field.model_copy(update={"feed": Feed(input=field.name)})
    missing = "" if inputs[0].dtype == "string" and field.nullable else None
    return field.model_copy(update={"feed": Feed(input=inputs[0].name, column=position, missing=missing)})
