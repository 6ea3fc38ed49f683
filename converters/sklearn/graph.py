"""The graph: a rewritten model goes through skl2onnx and comes out with the names and shapes that are promised."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument
from skl2onnx import convert_sklearn
from skl2onnx._parse import _parse_sklearn_simple_model
from skl2onnx._supported_operators import _get_sklearn_operator_name
from skl2onnx.common._registration import _converter_pool
from skl2onnx.common.data_types import DoubleTensorType, StringTensorType
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from lading.bundles.session import Session, open_session
from lading.bundles.signature import Tensor
from lading.converters.sklearn import computing, counting, nodes, trees
from lading.converters.sklearn.answers import Promised

OPSETS = {"": 21, "ai.onnx.ml": 3}
IR_VERSION = 10
BATCH = "batch"
FLOAT_ONLY = frozenset(
    {
        "LinearClassifier", "LinearRegressor", "SVMClassifier", "SVMRegressor",
        "TreeEnsembleClassifier", "TreeEnsembleRegressor",
    }
)  # fmt: skip
"""Operators of ai.onnx.ml that answer in float32 whatever they are fed."""


UNEVEN = frozenset({"LinearClassifier", "LinearRegressor"})
"""Operators that answer a row otherwise, in its last bits, when others are asked with it; a MatMul does not."""

BOUNDED = frozenset({"Softmax", "Sigmoid", "Normalizer"})
"""Operators whose answers are never below 0 or above 1, when they are probabilities."""


def graph_of(
    model: Pipeline,
    inputs: Sequence[tuple[str, str, int]],
    outputs: Sequence[str | None],
) -> onnx.ModelProto:
    """The ONNX graph of a rewritten model.

    ``inputs`` are names, kinds (``number``, ``text``) and widths; ``outputs`` are the names that the graph's outputs
    get, in skl2onnx's order, None for one that is left out. Raises whatever skl2onnx raises.
    """
    options = _options(model)
    try:
        proto = _converted(model, inputs, options, UNEVEN)
    except NotImplementedError:  # the scores of a linear model, which skl2onnx writes by no other operator
        proto = _converted(model, inputs, options, frozenset())
    _keep(proto, outputs)
    return proto


def _converted(
    model: Pipeline,
    inputs: Sequence[tuple[str, str, int]],
    options: Mapping[int, Mapping[str, object]],
    avoided: frozenset[str],
) -> onnx.ModelProto:
    kinds = {"number": DoubleTensorType, "text": StringTensorType}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        proto: onnx.ModelProto = convert_sklearn(
            model,
            "lading",
            initial_types=[(name, kinds[kind]([None, width])) for name, kind, width in inputs],
            target_opset=OPSETS,
            options=options,
            custom_parsers=_parsers(model),
            custom_conversion_functions={
                **nodes.WRITERS,
                **trees.WRITERS,
                computing.Computed: computing.write,
                counting.Count: counting.write,
            },
            custom_shape_calculators={
                **nodes.SHAPES,
                computing.Computed: computing.shape,
                counting.Count: counting.shape,
            },
            black_op=set(avoided),
        )
    return proto


def _options(model: Pipeline) -> dict[int, dict[str, object]]:
    options: dict[int, dict[str, object]] = {}
    last = model.steps[-1][1]
    if "zipmap" in allowed_options(last):
        # Options go to the outermost object: skl2onnx hands them on to the last step.
        options[id(model)] = {"zipmap": False}
    elif is_classifier(last):
        options[id(last)] = {}  # without any, skl2onnx asks for a zipmap that the class does not have
    return options


def _parsers(model: Pipeline) -> dict[type, Any]:
    """Classifiers that cannot be told to leave out the zipmap are parsed without one."""
    last = model.steps[-1][1]
    needs = is_classifier(last) and "zipmap" not in allowed_options(last)
    return {type(last): _parse_sklearn_simple_model} if needs else {}


def allowed_options(model: object) -> Mapping[str, object]:
    """The options that skl2onnx has for an estimator; empty where it knows none."""
    name = _get_sklearn_operator_name(type(model))
    found = _converter_pool.get(name)
    allowed = None if found is None else found.get_allowed_options()
    return {} if allowed is None else allowed


def _keep(proto: onnx.ModelProto, outputs: Sequence[str | None]) -> None:
    """Rename the outputs, leave out those without a name, and every node that only they needed."""
    graph = proto.graph
    _make_way(graph, {name for name in outputs if name is not None} - {value.name for value in graph.output})
    for value, name in zip(list(graph.output), outputs, strict=True):
        if name is None:
            graph.output.remove(value)
        elif name != value.name:
            graph.node.append(helper.make_node("Identity", [value.name], [name], name=f"name_{name}"))
            value.name = name
    needed = {value.name for value in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    del graph.node[:]
    graph.node.extend(reversed(kept))
    constants = [constant for constant in graph.initializer if constant.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(constants)


def _make_way(graph: onnx.GraphProto, names: set[str]) -> None:
    """Rename tensors between nodes that have a name which an output is to get, as those of an ensemble's members do."""
    for node in graph.node:
        for tensors in (node.input, node.output):
            tensors[:] = [f"{name}_inside" if name in names else name for name in tensors]


def finish(proto: onnx.ModelProto, promised: Sequence[Promised]) -> tuple[bytes, tuple[Tensor, ...]]:
    """The serialised graph with true shapes declared, and its outputs, which are those that are ``promised``.

    Raises ``ModelLoadError`` when ONNX Runtime refuses the graph, and whatever it raises while it runs.
    """
    for one, value in zip(promised, proto.graph.output, strict=True):
        if one.meaning == "label":
            _flatten_label(proto.graph, one)
        _narrow(proto.graph, value)
        if one.meaning == "probabilities":
            _bound(proto.graph, value)
    for value in (*proto.graph.input, *proto.graph.output):
        _open_first(value)
    proto.ir_version = IR_VERSION
    # skl2onnx states the lowest versions that its own nodes need; domains of its own functions stay.
    opsets = {**{entry.domain: entry.version for entry in proto.opset_import}, **OPSETS}
    del proto.opset_import[:]
    proto.opset_import.extend(helper.make_opsetid(domain, number) for domain, number in sorted(opsets.items()))
    proto.doc_string = ""
    del proto.metadata_props[:]
    del proto.graph.value_info[:]
    found = _measured(proto)
    for value in proto.graph.output:
        shape = value.type.tensor_type.shape
        del shape.dim[:]
        for extent in found[value.name].shape:
            dim = shape.dim.add()
            if isinstance(extent, str):
                dim.dim_param = extent
            else:
                dim.dim_value = extent
    return proto.SerializeToString(deterministic=True), tuple(found[value.name] for value in proto.graph.output)


def _flatten_label(graph: onnx.GraphProto, label: Promised) -> None:
    """Make a label ``[N]``, since one-against-one gives ``[N, 1]``, and positions where it has to be coded."""
    name, last = label.name, f"{label.name}_unshaped"
    for node in graph.node:
        for place, output in enumerate(node.output):
            if output == name:
                node.output[place] = last
    keys = [int(value) for value in label.classes or ()] if label.coded else []
    codes = list(range(len(keys)))
    if keys != codes:
        graph.node.append(
            helper.make_node(
                "LabelEncoder", [last], [f"{name}_coded"], f"code_{name}", domain="ai.onnx.ml",
                keys_int64s=keys, values_int64s=codes, default_int64=-1,
            )
        )  # fmt: skip
        last = f"{name}_coded"
    graph.initializer.append(helper.make_tensor(f"{name}_shape", TensorProto.INT64, [1], [-1]))
    graph.node.append(helper.make_node("Reshape", [last, f"{name}_shape"], [name], f"shape_{name}"))


def _narrow(graph: onnx.GraphProto, value: onnx.ValueInfoProto) -> None:
    """Leave an output in the float32 that it was computed in, where a last cast only makes it longer to write."""
    if value.type.tensor_type.elem_type != TensorProto.DOUBLE:
        return
    makers = {name: node for node in graph.node for name in node.output}
    name, passed = value.name, list[onnx.NodeProto]()
    while name in makers and makers[name].op_type in ("Cast", "Identity") and not _to_float(makers[name]):
        passed.append(makers[name])
        name = makers[name].input[0]
    inner = {name, *(node.output[0] for node in passed)}
    others = [node for node in graph.node if node not in passed and inner & set(node.input)]
    if others or name not in makers or not (makers[name].op_type in FLOAT_ONLY or _to_float(makers[name])):
        return
    for node in passed:
        graph.node.remove(node)
    outputs = makers[name].output
    outputs[list(outputs).index(name)] = value.name
    value.type.tensor_type.elem_type = TensorProto.FLOAT


def _to_float(node: onnx.NodeProto) -> bool:
    return node.op_type == "Cast" and node.attribute[0].i == TensorProto.FLOAT


def _bound(graph: onnx.GraphProto, value: onnx.ValueInfoProto) -> None:
    """Keep probabilities within 0 and 1, where rounding takes sums of leaves and of logarithms a little beyond."""
    maker = next(node for node in graph.node if value.name in node.output)
    transforms = {attribute.s for attribute in maker.attribute if attribute.name == "post_transform"}
    if maker.op_type in BOUNDED or transforms & {b"SOFTMAX", b"LOGISTIC"}:
        return
    inner = f"{value.name}_unbounded"
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [inner if name == value.name else name for name in names]
    kind = value.type.tensor_type.elem_type
    ends = ["lowest_probability", "highest_probability"]
    known = {constant.name: constant.data_type for constant in graph.initializer}
    if known.get(ends[0], kind) != kind:
        ends = [f"{end}_of_{value.name}" for end in ends]
    for name, end in zip(ends, (0.0, 1.0), strict=True):
        if name not in known:
            graph.initializer.append(helper.make_tensor(name, kind, [], [end]))
    graph.node.append(helper.make_node("Clip", [inner, *ends], [value.name], f"bound_{value.name}"))


def _open_first(value: onnx.ValueInfoProto) -> None:
    shape = value.type.tensor_type.shape
    if not shape.dim:
        shape.dim.add()
    shape.dim[0].Clear()
    shape.dim[0].dim_param = BATCH


def _measured(proto: onnx.ModelProto) -> dict[str, Tensor]:
    """The outputs as they come out for two rows, since skl2onnx declares some of them wrongly."""
    for value in proto.graph.output:
        value.type.tensor_type.ClearField("shape")
    session = open_session(proto.SerializeToString())
    names = [value.name for value in proto.graph.output]
    answers = _asked(session, names, proto.graph.input)
    return {name: _tensor(name, answer) for name, answer in zip(names, answers, strict=True)}


def _asked(session: Session, names: list[str], inputs: Iterable[onnx.ValueInfoProto]) -> Sequence[Any]:
    """What a graph answers to two rows of zeros; of NaN, of which no graph says that it is too small, if it must be."""
    try:
        return session.run(names, {value.name: _blank(value, 0.0) for value in inputs})
    except (Fail, InvalidArgument):
        return session.run(names, {value.name: _blank(value, np.nan) for value in inputs})


def _blank(value: onnx.ValueInfoProto, number: float) -> np.ndarray:
    width = value.type.tensor_type.shape.dim[1].dim_value
    if value.type.tensor_type.elem_type == TensorProto.STRING:
        return np.full((2, width), "", dtype=object)
    return np.full((2, width), number, dtype=np.float64)


def _tensor(name: str, answer: Any) -> Tensor:
    if not isinstance(answer, np.ndarray) or not answer.shape or answer.shape[0] != 2:
        found = getattr(answer, "shape", type(answer).__name__)
        raise ValueError(f"output {name} has no dimension that counts rows: {found}")
    dtype = "string" if answer.dtype.kind in "OU" else answer.dtype.name
    return Tensor(name=name, dtype=dtype, shape=(BATCH, *answer.shape[1:]))
