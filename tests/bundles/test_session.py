import pickle

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lading.bundles.session import (
    BrokenRuntimeError,
    ModelLoadError,
    RowByRow,
    UnevenAnswersError,
    add_external,
    open_session,
    refuse_broken_runtime,
)


def doubling(external: str | None = None) -> onnx.ModelProto:
    """A graph that answers ``x + x + weight``."""
    weight = numpy_helper.from_array(np.array([1.0, 2.0], dtype=np.float32), "weight")
    if external is not None:
        onnx.external_data_helper.set_external_data(weight, external, offset=0, length=8)
        weight.ClearField("raw_data")
    rows = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in ("x", "y")]
    nodes = [helper.make_node("Add", ["x", "x"], ["twice"]), helper.make_node("Add", ["twice", "weight"], ["y"])]
    graph = helper.make_graph(nodes, "doubling", rows[:1], rows[1:], [weight])
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])


def test_a_graph_answers() -> None:
    session = open_session(doubling().SerializeToString(), threads=2)
    np.testing.assert_array_equal(session.run(None, {"x": np.ones((1, 2), np.float32)})[0], [[3, 4]])


def test_one_run_uses_the_threads_that_were_given_and_none_spins() -> None:
    options = open_session(doubling().SerializeToString()).get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_external_data_comes_from_memory() -> None:
    model = doubling("weights.bin").SerializeToString()
    weights = np.array([1.0, 2.0], dtype=np.float32).tobytes()
    session = open_session(model, external={"weights.bin": weights})
    np.testing.assert_array_equal(session.run(None, {"x": np.zeros((1, 2), np.float32)})[0], [[1, 2]])


def test_a_runtime_that_takes_no_external_data_says_what_to_install() -> None:
    with pytest.raises(ModelLoadError, match=r"install onnxruntime>=1\.28"):
        add_external(object(), {"weights.bin": b""})


def test_external_data_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ModelLoadError, match=r"weights\.bin"):
        open_session(doubling("weights.bin").SerializeToString())


@pytest.mark.parametrize("model", [b"", b"no graph", doubling().SerializeToString()[:60]])
def test_what_is_no_graph_is_an_error(model: bytes) -> None:
    with pytest.raises(ModelLoadError, match="cannot load the graph") as caught:
        open_session(model)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_an_error_that_is_not_the_runtimes_own_is_passed_on() -> None:
    with pytest.raises(TypeError):
        open_session(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["1.26.0", "1.27.0", "1.27.0+cuda"])
def test_versions_that_answer_wrongly_are_refused(version: str) -> None:
    with pytest.raises(BrokenRuntimeError, match=f"onnxruntime {version[:6]}") as caught:
        refuse_broken_runtime(version)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("version", ["1.20.1", "1.25.1", "1.28.0", "1.31.1"])
def test_other_versions_are_taken(version: str) -> None:
    refuse_broken_runtime(version)


def test_a_graph_that_takes_no_rows_is_asked_row_by_row() -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, []) for name in ("x", "y")]
    nodes = [helper.make_node("Neg", ["x"], ["y"])]
    graph = helper.make_graph(nodes, "scalar", values[:1], values[1:])
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])
    session = RowByRow(open_session(model.SerializeToString()))
    (found,) = session.run(["y"], {"x": np.array([1.5, -2.0], np.float32)})
    assert found.dtype == np.float32
    assert found.tolist() == [-1.5, 2.0]


def test_rows_whose_answers_differ_in_shape_are_no_tensor() -> None:
    values = [
        helper.make_tensor_value_info("x", TensorProto.BOOL, [3]),
        helper.make_tensor_value_info("y", TensorProto.INT64, [1, "found"]),
    ]
    graph = helper.make_graph([helper.make_node("NonZero", ["x"], ["y"])], "found", values[:1], values[1:])
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])
    session = RowByRow(open_session(model.SerializeToString()))
    rows = np.array([[True, False, True], [False, True, False], [False, True, True]])
    (alike,) = session.run(["y"], {"x": rows[[0, 2]]})
    assert alike.tolist() == [[[0, 2]], [[1, 2]]]
    with pytest.raises(UnevenAnswersError, match=r"'y' has shape \[1, 2\] for one row and \[1, 1\] for another"):
        session.run(["y"], {"x": rows})


def test_a_row_has_the_same_bits_alone_as_among_others() -> None:
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", [51]), ("y", [1]))
    ]
    graph = helper.make_graph([helper.make_node("ReduceMean", ["x"], ["y"])], "mean", values[:1], values[1:])
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])
    session = RowByRow(open_session(model.SerializeToString()))
    rows = np.random.default_rng(1).normal(size=(50, 51)).astype(np.float32)
    (among,) = session.run(["y"], {"x": rows})
    alone = [session.run(["y"], {"x": row[np.newaxis].copy()})[0] for row in rows]
    assert among.tobytes() == np.concatenate(alone).tobytes()
