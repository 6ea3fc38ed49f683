"""The parts of a graph, read off its bytes, are those that ONNX's own library reads."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lading.bundles.graphs.parts import NoOnnxError, graph_parts


def model(weights: float = 1.0) -> onnx.ModelProto:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 2])
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Scaler", ["c"], ["y"], domain="ai.onnx.ml", offset=[0.0], scale=[weights]),
    ]
    initializers = [
        numpy_helper.from_array(np.full((2, 2), weights, np.float32), "w"),
        helper.make_tensor("n", TensorProto.INT64, [], [7]),
    ]
    graph = helper.make_graph(nodes, "g", [x], [y], initializers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)])
    helper.set_model_props(made, {"lading.name": "penguins"})
    return made


def test_the_parts_are_those_of_the_model() -> None:
    parts = graph_parts(model().SerializeToString(), "x.onnx")
    assert parts.opsets == {"ai.onnx": 21, "ai.onnx.ml": 3}
    assert parts.operators == {"MatMul": 1, "Relu": 2, "ai.onnx.ml.Scaler": 1}
    assert {name: (one.dtype, one.shape) for name, one in parts.weights.items()} == {
        "w": ("float32", (2, 2)),
        "n": ("int64", ()),
    }
    assert parts.notes == {"lading.name": "penguins"}


def test_other_weights_and_attributes_are_other_parts() -> None:
    one, other = (graph_parts(model(weights).SerializeToString(), "x") for weights in (1.0, 2.0))
    assert one.weights["w"].digest != other.weights["w"].digest
    assert one.weights["n"] == other.weights["n"]
    assert len(set(one.nodes) - set(other.nodes)) == 1
    assert one.operators == other.operators


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(model().SerializeToString()[:-3], id="cut short"),
        pytest.param(b"no ONNX", id="something else"),
        pytest.param(bytes([7 << 3, 5]), id="a number for a graph"),
        pytest.param(bytes([8 << 3 | 2, 2, 2 << 3 | 2, 0]), id="a text for a version"),
        pytest.param(bytes([1 << 3 | 3]), id="a group"),
    ],
)
def test_what_is_no_onnx_is_refused_with_its_name(data: bytes) -> None:
    with pytest.raises(NoOnnxError, match=r"x\.onnx .*, which is no ONNX"):
        graph_parts(data, "x.onnx")


def test_extents_may_come_in_one_piece() -> None:
    tensor = bytes([1 << 3 | 2, 2, 3, 4, 2 << 3, 99, 8 << 3 | 2, 1]) + b"w"
    graph = bytes([5 << 3 | 2, len(tensor)]) + tensor
    (weights,) = graph_parts(bytes([7 << 3 | 2, len(graph)]) + graph, "x").weights.values()
    assert (weights.dtype, weights.shape) == ("type 99", (3, 4))
    assert str(weights).startswith("type 99[3,4] sha256:")
