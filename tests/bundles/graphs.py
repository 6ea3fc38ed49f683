"""Small ONNX graphs for the bundles of tests."""

from collections.abc import Mapping

from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

SAID = "the bytes of a model"
"""What stands in each of them, so that tests find a place to spoil."""


def penguins(said: str = SAID, external: Mapping[str, int] | None = None) -> bytes:
    """A graph that answers the golden rows of the small draft, with data in ``external`` files of these sizes."""
    nodes = [
        helper.make_node("IsNaN", ["numbers"], ["missing"]),
        helper.make_node("Where", ["missing", "even", "sure"], ["probabilities"]),
        helper.make_node("Squeeze", ["missing", "one"], ["flat"]),
        helper.make_node("Where", ["flat", "gentoo", "adelie"], ["label"]),
    ]
    model = model_of(nodes, said)
    model.graph.initializer.extend(
        [
            helper.make_tensor("even", TensorProto.FLOAT, [1, 2], [0.5, 0.5]),
            helper.make_tensor("sure", TensorProto.FLOAT, [1, 2], [0.75, 0.25]),
            helper.make_tensor("one", TensorProto.INT64, [1], [1]),
            TensorProto(name="gentoo", data_type=TensorProto.STRING, string_data=[b"Gentoo"]),
            TensorProto(name="adelie", data_type=TensorProto.STRING, string_data=[b"Adelie"]),
        ]
    )
    for location, size in ({} if external is None else external).items():
        add_external(model.graph, {"location": location, "length": str(size)}, size)
    return model.SerializeToString()


def model_of(nodes: list[NodeProto], said: str = SAID) -> ModelProto:
    """A model of these nodes with the inputs and the outputs of the small draft."""
    inputs = [
        helper.make_tensor_value_info("numbers", TensorProto.DOUBLE, ["rows", 1]),
        helper.make_tensor_value_info("texts", TensorProto.STRING, ["rows", 1]),
    ]
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.STRING, ["rows"]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 2]),
    ]
    opsets = [helper.make_opsetid("", 21)]
    return helper.make_model(
        helper.make_graph(nodes, "penguins", inputs, outputs), producer_name=said, ir_version=10, opset_imports=opsets
    )


def add_external(graph: GraphProto, entries: Mapping[str, str], size: int = 4) -> None:
    """Add a tensor of bytes that lie in another file, as ``entries`` say."""
    tensor = graph.initializer.add(name=f"external {len(graph.initializer)}", data_type=TensorProto.UINT8, dims=[size])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
