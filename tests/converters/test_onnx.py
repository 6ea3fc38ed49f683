"""Ready-made ONNX files: taken when every ONNX Runtime can run them, refused with a remedy when not."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper

from lading.bundles.bundle import open_bundle
from lading.bundles.session import open_session, session_of
from lading.bundles.signature import Form
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.table import table_of
from lading.converters import UnconvertibleError, package
from lading.converters.graph import read
from lading.converters.onnx import OnnxConverter
from lading.converters.parity import UnsteadyGraphError

FLOAT = TensorProto.FLOAT


def graph(
    nodes: Any = None,
    inputs: Any = (("rows", FLOAT, ["batch", 3]),),
    outputs: Any = (("sums", FLOAT, ["batch", 1]),),
    opset: int = 21,
    ir: int = 10,
    initializers: Any = (),
) -> onnx.ModelProto:
    if nodes is None:
        axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
        nodes, initializers = [helper.make_node("ReduceSum", [inputs[0][0], "axes"], ["sums"])], [axes]
    made = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs],
        list(initializers),
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)


FRAME = pd.DataFrame(np.arange(30, dtype=np.float32).reshape(10, 3), columns=["a", "b", "c"])


def diagnosed(proto: Any, data: object = FRAME) -> str:
    table = table_of(data)
    form: Form = "array" if table.form == "frame" else table.form
    with pytest.raises(UnconvertibleError) as refused:
        OnnxConverter().convert(proto, form, fields_of(table), "mixed")
    return str(refused.value)


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "proto"])
def test_a_graph_comes_as_a_path_bytes_or_a_proto(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "sum.onnx"
    onnx.save(graph(), path)
    given: dict[str, Any] = {"path": path, "text": str(path), "bytes": path.read_bytes(), "proto": graph()}
    packaged = package(given[kind], FRAME, name="sums", path=tmp_path / "sums.lading")
    with open_bundle(packaged.path) as bundle:
        signature = bundle.manifest.signature
        assert bundle.manifest.graph.framework == "onnx"
        assert bundle.manifest.parity.worst is None
        assert [field.name for field in signature.fields] == ["a", "b", "c"]
        assert signature.form == "array"
        assert bundle.golden().outputs["sums"][0] == [3.0]


def test_several_inputs_are_fed_by_name(tmp_path: Path) -> None:
    proto = graph(
        [helper.make_node("Add", ["left", "right"], ["sums"])],
        [("left", FLOAT, ["batch", 2]), ("right", TensorProto.FLOAT, ["batch", 2])],
        [("sums", FLOAT, ["batch", 2])],
    )
    arrays = {"left": np.ones((5, 2), np.float32), "right": np.arange(10, dtype=np.float32).reshape(5, 2)}
    packaged = package(proto, arrays, name="sums", path=tmp_path / "sums.lading")
    with open_bundle(packaged.path) as bundle:
        assert bundle.manifest.signature.form == "tensors"
        assert [field.shape for field in bundle.manifest.signature.fields] == [(2,), (2,)]
        assert bundle.golden().outputs["sums"][1] == [3.0, 4.0]


def test_external_data_moves_inside(tmp_path: Path) -> None:
    weights = helper.make_tensor("weights", FLOAT, [3, 1], np.ones(3, np.float32).tobytes(), raw=True)
    proto = graph([helper.make_node("MatMul", ["rows", "weights"], ["sums"])], initializers=[weights])
    path = tmp_path / "model.onnx"
    onnx.save_model(proto, str(path), save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (tmp_path / "weights.bin").exists()
    packaged = package(path, FRAME, name="sums", path=tmp_path / "sums.lading")
    with open_bundle(packaged.path) as bundle:
        assert [entry.path for entry in bundle.manifest.files if entry.path.startswith("model/")] == [
            "model/model.onnx"
        ]
        assert bundle.golden().outputs["sums"][0] == [3.0]
    assert "pass the path of the .onnx file" in diagnosed(path.read_bytes())


def test_missing_external_data_is_named(tmp_path: Path) -> None:
    weights = helper.make_tensor("weights", FLOAT, [3, 1], np.ones(3, np.float32).tobytes(), raw=True)
    proto = graph([helper.make_node("MatMul", ["rows", "weights"], ["sums"])], initializers=[weights])
    path = tmp_path / "model.onnx"
    onnx.save_model(proto, str(path), save_as_external_data=True, location="weights.bin", size_threshold=0)
    (tmp_path / "weights.bin").unlink()
    assert "weights.bin" in diagnosed(path)


CUSTOM = [helper.make_node("Solve", ["rows"], ["sums"], domain="com.example")]
BRANCH = helper.make_graph(
    [helper.make_node("Odd", [], ["inner"], domain="com.example")], "then", [], [helper.make_empty_tensor_value_info("inner")]
)  # fmt: skip
NESTED = [helper.make_node("If", ["rows"], ["sums"], then_branch=BRANCH, else_branch=BRANCH)]

REFUSED: dict[str, tuple[Any, str]] = {
    "operators of others": (graph(CUSTOM), "uses operators of com.example"),
    "operators of others inside a branch": (graph(NESTED), "uses operators of com.example"),
    "an opset that is too new": (graph(opset=27), "uses opset 27 of ai.onnx; ONNX Runtime runs up to 26"),
    "an IR version that is too new": (graph(ir=14), "has IR version 14"),
    "a frozen batch": (graph(inputs=[("rows", FLOAT, [1, 3])]), "takes exactly 1 rows at a time"),
    "an input without rows": (graph(inputs=[("rows", FLOAT, [])]), "has no dimension that counts rows"),
    "too few columns": (graph(inputs=[("rows", FLOAT, ["batch", 5])]), "has the shape ['batch', 5], the data has 3 columns"),
    "images from a table": (graph(inputs=[("rows", FLOAT, ["batch", 3, 4])]), "the data has 3 columns"),
    "several inputs from a table": (
        graph(inputs=[("left", FLOAT, ["batch", 2]), ("right", FLOAT, ["batch", 1])]), "takes the inputs left, right",
    ),
    "no ONNX at all": (b"not a graph", "cannot be read as ONNX"),
    "nothing": (b"", "cannot be read as ONNX"),
    "a path to nothing": (Path("nowhere.onnx"), "cannot be read as ONNX"),
}  # fmt: skip


@pytest.mark.parametrize(("proto", "message"), REFUSED.values(), ids=REFUSED)
def test_graphs_that_cannot_be_served_are_refused(proto: Any, message: str) -> None:
    assert message in diagnosed(proto)


CALL = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "k": np.array(2, np.float32)}


def scaled(**changes: Any) -> onnx.ModelProto:
    """A graph that takes a frozen matrix and a single value."""
    given = {
        "nodes": [helper.make_node("Mul", ["x", "k"], ["y"]), helper.make_node("NonZero", ["x"], ["z"])],
        "inputs": [("x", FLOAT, [2, 3]), ("k", FLOAT, [])],
        "outputs": [("y", FLOAT, [2, 3]), ("z", TensorProto.INT64, [2, "found"])],
    }
    return graph(**{**given, **changes})


def test_a_graph_that_takes_no_rows_is_packaged_with_its_calls(tmp_path: Path) -> None:
    calls = [CALL, {"x": CALL["x"] * 3, "k": np.array(np.nan, np.float32)}]
    packaged = package(scaled(), calls, name="scaled", path=tmp_path / "scaled.lading")
    with open_bundle(packaged.path) as bundle:
        signature, golden = bundle.manifest.signature, bundle.golden()
        assert bundle.manifest.provenance.data.rows == bundle.manifest.parity.rows == golden.rows == 2
    assert signature.form == "whole"
    assert [(field.name, field.shape, field.nullable) for field in signature.fields] == [
        ("x", (2, 3), True), ("k", (), True),
    ]  # fmt: skip
    assert [output.tensor.shape for output in signature.outputs] == [(2, 3), (2, "found")]
    assert golden.fields["k"] == (2.0, None)
    assert golden.outputs["y"][0] == [[0.0, 2.0, 4.0], [6.0, 8.0, 10.0]]
    assert golden.outputs["z"][0] == [[0, 0, 1, 1, 1], [1, 2, 0, 1, 2]]


def test_a_model_of_calls_is_loaded_and_answers_each(tmp_path: Path) -> None:
    packaged = package(scaled(), [CALL], name="scaled", path=tmp_path / "scaled")
    with open_bundle(packaged.path) as bundle:
        session = session_of(bundle.manifest.signature, open_session(bundle.read("model/model.onnx")))
    (found,) = session.run(["y"], {name: np.stack([value, value]) for name, value in CALL.items()})
    assert found.tolist() == [(CALL["x"] * 2).tolist()] * 2


UNFIT: dict[str, tuple[Any, Any, str]] = {
    "an element type": (
        scaled(outputs=[("y", TensorProto.BFLOAT16, [2, 3])]), CALL, "holds values of type bfloat16; cast it in the graph"
    ),
    "an unknown shape": (scaled(inputs=[("x", FLOAT, None), ("k", FLOAT, [])]), CALL, "a shape that the graph does not state"),
    "another shape": (scaled(), {**CALL, "x": np.zeros((2, 4))}, "has the shape [2, 3], the data gives [2, 4]"),
    "other names": (scaled(), {"x": CALL["x"]}, "takes the inputs x, k; give each call as a mapping"),
    "no inputs": (
        graph([helper.make_node("Constant", [], ["sums"], value_float=1.0)], (), [("sums", FLOAT, [])]), CALL,
        "takes no inputs, so that its answer never changes",
    ),
    "an operator for other types": (
        scaled(
            nodes=[helper.make_node("Max", ["x", "k"], ["y"])],
            inputs=[("x", TensorProto.INT16, [2, 3]), ("k", TensorProto.INT16, [])],
            outputs=[("y", TensorProto.INT16, [2, 3])],
        ),
        {"x": CALL["x"].astype(np.int16), "k": np.int16(1)},
        "Could not find an implementation for Max(13)",
    ),
    "a frozen batch": (scaled(), {"x": np.zeros((2, 3)), "k": np.zeros(2)}, "give a list of calls"),
}  # fmt: skip


@pytest.mark.parametrize(("proto", "call", "message"), UNFIT.values(), ids=UNFIT)
def test_graphs_that_cannot_be_called_are_refused(proto: Any, call: Any, message: str, tmp_path: Path) -> None:
    by_rows = "give a list of calls" in message
    with pytest.raises(UnconvertibleError) as refused:
        package(proto, call if by_rows else [call], name="unfit", path=tmp_path / "unfit.lading")
    assert message in str(refused.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["sequence", "optional"])
def test_what_is_no_tensor_is_refused(kind: str) -> None:
    tensor = helper.make_tensor_type_proto(FLOAT, [2])
    made = {"sequence": helper.make_sequence_type_proto, "optional": helper.make_optional_type_proto}[kind](tensor)
    proto = scaled(nodes=[helper.make_node("Identity", ["x"], ["y"])], inputs=(), outputs=())
    proto.graph.input.append(helper.make_value_info("x", made))
    proto.graph.output.append(helper.make_value_info("y", made))
    words = {"sequence": "is no tensor but a sequence", "optional": "is no tensor but something that may be absent"}
    assert diagnosed(proto, [{"x": np.zeros(2)}]).count(words[kind]) == 2


def test_a_graph_that_draws_random_numbers_is_refused(tmp_path: Path) -> None:
    proto = graph(
        [helper.make_node("Dropout", ["rows", "share", "training"], ["sums"], seed=1)],
        outputs=[("sums", FLOAT, ["batch", 3])],
        initializers=[
            helper.make_tensor("share", FLOAT, [], [0.5]),
            helper.make_tensor("training", TensorProto.BOOL, [], [True]),
        ],
    )
    with pytest.raises(UnsteadyGraphError, match="it draws random numbers; export it for inference"):
        package(proto, {"rows": np.ones((4, 3), np.float32)}, name="dropout", path=tmp_path / "dropout.lading")


def test_text_where_numbers_go_is_refused() -> None:
    assert "takes numbers, column 'b' is string" in diagnosed(graph(), FRAME.assign(b="text"))


def test_arrays_of_another_shape_are_refused() -> None:
    assert "the data gives rows of [4]" in diagnosed(graph(), {"rows": np.ones((5, 4), np.float32)})


def test_a_list_of_dictionaries_is_refused_with_the_option_that_avoids_it() -> None:
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(FRAME.to_numpy(), np.arange(10) % 2)
    assert "ZipMap" in diagnosed(to_onnx(model, FRAME.to_numpy()[:1], target_opset=21))


def test_operators_that_the_graph_defines_itself_are_its_own() -> None:
    proto = graph(
        [helper.make_node("Twice", ["rows"], ["sums"], domain="local")], outputs=[("sums", FLOAT, ["batch", 3])]
    )
    body = [helper.make_node("Add", ["x", "x"], ["y"])]
    opsets = [helper.make_opsetid("", 21)]
    proto.functions.append(helper.make_function("local", "Twice", ["x"], ["y"], body, opsets))
    proto.opset_import.append(helper.make_opsetid("local", 1))
    converted = OnnxConverter().convert(proto, "array", fields_of(table_of(FRAME)), "mixed")
    assert converted.precision == "float32"


def test_text_columns_feed_a_tensor_of_text() -> None:
    proto = graph(
        [helper.make_node("Identity", ["words"], ["same"])],
        [("words", TensorProto.STRING, ["batch", 2])],
        [("same", TensorProto.STRING, ["batch", 2])],
    )
    frame = pd.DataFrame({"a": ["x", None, "y"], "b": ["u", "v", "w"]})
    converted = OnnxConverter().convert(proto, "array", fields_of(table_of(frame)), "mixed")
    assert [field.feed.missing for field in converted.signature.fields if field.feed is not None] == ["", None]


def test_the_given_proto_stays_as_it_was() -> None:
    proto = graph()
    before = proto.SerializeToString()
    read(proto)
    OnnxConverter().convert(proto, "array", fields_of(table_of(FRAME)), "mixed")
    assert proto.SerializeToString() == before
