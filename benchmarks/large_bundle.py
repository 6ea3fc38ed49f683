"""A large bundle: ``python -m benchmarks.large_bundle PATH BYTES`` makes one, nearly all of it weights in the graph."""

import sys
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper

from lading.converters.package import package

COLUMNS = 4


def main() -> None:
    """Make the bundle."""
    path, size = sys.argv[1:]
    rows = np.eye(COLUMNS, dtype=np.float32)
    package(large_graph(int(size)).SerializeToString(), rows, name="large", path=Path(path))


def large_graph(size: int) -> ModelProto:
    """A graph that adds up four columns, times the first of so many bytes."""
    weights = np.random.default_rng(0).bytes(size)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", COLUMNS])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1])]
    nodes = [
        helper.make_node("ReduceSum", ["x", "one"], ["sum"], keepdims=1),
        helper.make_node("Slice", ["weights", "zero", "one"], ["first"]),
        helper.make_node("Cast", ["first"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["sum", "number"], ["y"]),
    ]
    constants = [
        TensorProto(name="weights", data_type=TensorProto.UINT8, dims=[size], raw_data=weights),
        helper.make_tensor("zero", TensorProto.INT64, [1], [0]),
        helper.make_tensor("one", TensorProto.INT64, [1], [1]),
    ]
    graph = helper.make_graph(nodes, "large", inputs, outputs, constants)
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])


if __name__ == "__main__":
    main()
