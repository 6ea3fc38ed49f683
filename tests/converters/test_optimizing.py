"""Optimising: steps that were asked for, each proved again and stated in the bundle."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from lading.bundles.bundle import open_bundle
from lading.bundles.difference import difference
from lading.bundles.graphs.operators import may_be_used
from lading.bundles.manifest import Manifest
from lading.bundles.parity import Tolerance
from lading.converters import package
from lading.converters.optimizing import StepError, UnknownStepError
from lading.core.main import main
from lading.runtime.model import Model

SIZES = (8, 64, 64, 3)
LOOSE = Tolerance(absolute=0.2, relative=0.2)


@pytest.fixture(scope="module")
def network() -> bytes:
    """A network in float32, with a constant that can be worked out."""
    chance = np.random.default_rng(3)
    nodes, weights, last = [], [], "x"
    for layer, (width, height) in enumerate(pairwise(SIZES)):
        values = (chance.normal(size=(width, height)) / width**0.5).astype(np.float32)
        weights += [
            numpy_helper.from_array(values, f"w{layer}"),
            numpy_helper.from_array(np.array([0.5], np.float32), f"h{layer}"),
        ]
        nodes += [
            helper.make_node("Add", [f"h{layer}", f"h{layer}"], [f"one{layer}"]),
            helper.make_node("MatMul", [last, f"w{layer}"], [f"a{layer}"]),
            helper.make_node("Mul", [f"a{layer}", f"one{layer}"], [f"m{layer}"]),
            helper.make_node("Relu", [f"m{layer}"], [f"r{layer}"]),
        ]
        last = f"r{layer}"
    nodes.append(helper.make_node("Identity", [last], ["y"]))
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", SIZES[0]])]
    made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", SIZES[-1]])]
    graph = helper.make_graph(nodes, "network", given, made, weights)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return bytes(proto.SerializeToString())


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.random.default_rng(4).normal(size=(100, SIZES[0])).astype(np.float32)


def manifest(path: Path) -> Manifest:
    with open_bundle(path) as bundle:
        return bundle.manifest


def made(network: bytes, rows: np.ndarray, path: Path, **how: Any) -> Path:
    return package(network, rows, name="network", path=path, **how).path


def test_nothing_is_done_unasked(network: bytes, rows: np.ndarray, tmp_path: Path) -> None:
    path = made(network, rows, tmp_path / "plain.lading")
    assert manifest(path).graph.steps is None
    assert b"steps" not in (tmp_path / "plain.lading").read_bytes()


def test_graph_puts_nodes_together_and_keeps_the_answers(network: bytes, rows: np.ndarray, tmp_path: Path) -> None:
    packaged = package(network, rows, name="network", path=tmp_path / "quick.lading", optimize=["graph"])
    (step,) = manifest(packaged.path).graph.steps or ()
    (gain,) = packaged.gains
    assert (step.name, step.label_flips, step.rows) == ("graph", 0, packaged.parity.rows)
    assert step.nodes_after < step.nodes_before
    assert gain.bytes == (step.bytes_before, step.bytes_after)
    assert set(gain.seconds) == {1, 32}
    assert packaged.parity.waiver is None


def test_int8_makes_it_small_and_has_to_be_allowed_to_differ(network: bytes, rows: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(StepError, match="leave the step int8 out"):
        made(network, rows, tmp_path / "refused.lading", optimize=["int8"])
    assert not (tmp_path / "refused.lading").exists()
    packaged = package(network, rows, name="network", path=tmp_path / "s.lading", optimize="int8", tolerance=LOOSE)
    (gain,) = packaged.gains
    assert gain.bytes[1] < gain.bytes[0] / 2
    assert gain.largest_difference > 0
    assert any("whole request" in note for note in packaged.notes)


def test_a_waiver_lets_a_failed_proof_pass_and_is_shown(network: bytes, rows: np.ndarray, tmp_path: Path) -> None:
    path = made(network, rows, tmp_path / "waived.lading", optimize=["int8"], waiver="it is a draft")
    assert manifest(path).parity.waiver == "it is a draft"


def test_steps_follow_each_other_and_load_where_they_may(network: bytes, rows: np.ndarray, tmp_path: Path) -> None:
    path = made(network, rows, tmp_path / "both.lading", optimize=["graph", "int8"], tolerance=LOOSE)
    with open_bundle(path) as bundle:
        first, second = bundle.manifest.graph.steps or ()
        graph = onnx.load_from_string(bundle.read(bundle.manifest.graph.path))
        answered = Model.load(bundle).run({"x": rows[:5]})
    assert (first.name, second.name, first.bytes_after) == ("int8", "graph", second.bytes_before)
    assert all(may_be_used(node.domain.encode(), node.op_type.encode()) for node in graph.graph.node)
    used = {node.domain for node in graph.graph.node}
    assert {entry.domain for entry in graph.opset_import} == used | {""}
    assert answered["y"].shape == (5, SIZES[-1])


def test_the_same_steps_give_the_same_bytes(network: bytes, rows: np.ndarray, tmp_path: Path) -> None:
    digests = {
        package(
            network, rows, name="network", path=tmp_path / f"{turn}.lading", optimize=["int8", "graph"], tolerance=LOOSE
        ).digest
        for turn in range(2)
    }
    assert len(digests) == 1


def test_there_is_nothing_to_quantise_in_float64(tmp_path: Path) -> None:
    data, labels = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(data, labels)
    path = tmp_path / "iris.lading"
    packaged = package(model, data, name="iris", path=path, precision="double", optimize="int8")
    assert manifest(path).graph.steps is None
    assert packaged.notes == ("the step int8 found nothing to do and was left out",)


def test_scikit_learn_is_optimised_too_and_a_step_that_finds_nothing_is_left_out(tmp_path: Path) -> None:
    data, labels = load_iris(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=1)).fit(data, labels)
    path = tmp_path / "iris.lading"
    packaged = package(model, data, name="iris", path=path, optimize=["graph", "int8"])
    assert [step.name for step in manifest(path).graph.steps or ()] == [gain.name for gain in packaged.gains]
    assert any("int8 found nothing to do" in note for note in packaged.notes)
    assert packaged.parity.waiver is None


def test_steps_are_shown(network: bytes, rows: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, quick = made(network, rows, tmp_path / "plain.lading"), tmp_path / "quick.lading"
    made(network, rows, quick, optimize=["graph"])
    with open_bundle(plain) as before, open_bundle(quick) as after:
        assert "## How the graph was optimised" in after.card()
        assert "## How the graph was optimised" not in before.card()
        assert any("steps" in change.name for change in difference(before, after)["graph"])
    with pytest.raises(SystemExit):
        main(["inspect", str(quick)])
    assert "step graph" in capsys.readouterr().out


@pytest.mark.parametrize("steps", [["int4"], "quick", ["graph", "graph"], 7, [None]])
def test_an_unknown_step_is_refused_before_any_work(steps: Any, tmp_path: Path) -> None:
    with pytest.raises(UnknownStepError, match="expected a list of 'graph' and 'int8'"):
        package(object(), None, name="nothing", path=tmp_path / "none.lading", optimize=steps)


def test_the_command_reports_what_each_step_brought(
    network: bytes, rows: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "network.onnx").write_bytes(network)
    pd.DataFrame(rows).rename(columns=str).to_parquet(tmp_path / "rows.parquet")
    given = ["package", str(tmp_path / "network.onnx"), "--data", str(tmp_path / "rows.parquet"), "--name", "network"]
    given += ["--output", str(tmp_path / "network.lading"), "--optimize", "graph"]
    with pytest.raises(SystemExit) as ended:
        main([*given, "--json"])
    (gain,) = json.loads(capsys.readouterr().out)["gains"]
    assert (ended.value.code or 0, gain["name"], set(gain["seconds"])) == (0, "graph", {"1", "32"})
    with pytest.raises(SystemExit):
        main(given)
    assert "label flips, largest difference" in capsys.readouterr().out
