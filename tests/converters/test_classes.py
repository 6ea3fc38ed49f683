"""Classes that were told: label and probabilities follow from the one output, in the graph as in the original."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lading.bundles.bundle import Bundle, open_bundle
from lading.bundles.contents import graph_of
from lading.bundles.session import open_session
from lading.bundles.tensors.feeds import encode
from lading.converters import package
from lading.converters.classes import ClassesError, NotProbabilitiesError

ROWS = np.random.default_rng(0).normal(size=(60, 4))
WEIGHTS = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)


def linear(columns: int, after: str | None = None, name: str = "out", outputs: Sequence[str] = ()) -> bytes:
    """A graph of one product, and of an operator after it."""
    product = helper.make_node("MatMul", ["x", "w"], ["product" if after else name])
    nodes = [product, helper.make_node(after, ["product"], [name])] if after else [product]
    nodes += [helper.make_node("Identity", [name], [other]) for other in outputs]
    graph = helper.make_graph(
        nodes, "linear", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info(one, TensorProto.FLOAT, ["batch", columns]) for one in (name, *outputs)],
        [numpy_helper.from_array(WEIGHTS[:, :columns], "w")],
    )  # fmt: skip
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)]).SerializeToString()


def packed(tmp_path: Path, graph: bytes, **asked: Any) -> Bundle:
    return open_bundle(package(graph, ROWS, name="classes", path=tmp_path / "classes.lading", **asked).path)


def answered(bundle: Bundle) -> dict[str, np.ndarray]:
    with bundle:
        signature = bundle.manifest.signature
        session = open_session(graph_of(bundle)[0])
        names = [output.tensor.name for output in signature.outputs]
        columns = {f"x{place}": ROWS[:, place] for place in range(4)}
        return dict(zip(names, session.run(names, encode(signature, columns)), strict=True))


RAW = ROWS.astype(np.float32) @ WEIGHTS
SOFTMAX = np.exp(RAW) / np.exp(RAW).sum(1, keepdims=True)


@pytest.mark.parametrize("names", [("low", "mid", "high"), (3, 1, 2), (0.5, 1.5, 2.5)], ids=["text", "int", "float"])
def test_logits_become_probabilities_and_a_label(tmp_path: Path, names: tuple[Any, ...]) -> None:
    bundle = packed(tmp_path, linear(3), classes=names, scores="logits")
    label, probabilities = bundle.manifest.signature.outputs
    assert (label.classes, probabilities.classes) == (names, names)
    assert (label.meaning, probabilities.meaning) == ("label", "probabilities")
    found = answered(bundle)
    np.testing.assert_allclose(found["probabilities"], SOFTMAX, rtol=1e-5)
    said = [names[place] for place in found["label"]] if label.coded else found["label"].tolist()
    assert said == [names[place] for place in RAW.argmax(1)]


def test_scores_stay_what_they_are(tmp_path: Path) -> None:
    bundle = packed(tmp_path, linear(3), classes=["a", "b", "c"])
    assert [output.meaning for output in bundle.manifest.signature.outputs] == ["label", "scores"]
    np.testing.assert_allclose(answered(bundle)["out"], RAW, rtol=1e-5)


def test_probabilities_are_kept(tmp_path: Path) -> None:
    bundle = packed(tmp_path, linear(3, "Softmax"), classes=["a", "b", "c"], scores="probabilities")
    assert [output.meaning for output in bundle.manifest.signature.outputs] == ["label", "probabilities"]
    np.testing.assert_allclose(answered(bundle)["out"], SOFTMAX, rtol=1e-5)


@pytest.mark.parametrize(("after", "scores"), [("Sigmoid", "probabilities"), (None, "logits")])
def test_one_column_is_the_second_of_two_classes(tmp_path: Path, after: str | None, scores: str) -> None:
    found = answered(packed(tmp_path, linear(1, after), classes=[False, True], scores=scores))
    second = 1 / (1 + np.exp(-RAW[:, 0]))
    np.testing.assert_allclose(found["probabilities"], np.stack([1 - second, second], 1), rtol=1e-5, atol=1e-7)
    assert found["label"].tolist() == (second > 0.5).astype(int).tolist()


def test_what_are_no_probabilities_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotProbabilitiesError, match=r"out was said to hold probabilities, and row 0 has .*logits"):
        packed(tmp_path, linear(3), classes=["a", "b", "c"], scores="probabilities")


@pytest.mark.parametrize(
    ("graph", "asked", "told"),
    [
        (linear(3), {"classes": "abc"}, "classes is 'abc'"),
        (linear(3), {"classes": ["a"]}, "expected two at least"),
        (linear(3), {"classes": ["a", "a", "b"]}, "a name of its own"),
        (linear(3), {"classes": ["a", 1, 2]}, "names of one type"),
        (linear(3), {"classes": ["a", "b", "c"], "scores": "odds"}, "scores is 'odds'; expected one of"),
        (linear(3), {"scores": "logits"}, "scores is given without classes"),
        (linear(3), {"classes": ["a", "b"]}, r"the shape \['batch', 3\] and 2 classes are told; expected \[batch, 2\]"),
        (linear(1), {"classes": ["a", "b"]}, r"where scores is .logits."),
        (linear(3, outputs=["more"]), {"classes": ["a", "b", "c"]}, "the outputs out, more"),
        (linear(3, name="label"), {"classes": ["a", "b", "c"]}, "a tensor called label of its own"),
    ],
)
def test_classes_that_cannot_be_are_refused(tmp_path: Path, graph: bytes, asked: Any, told: str) -> None:
    with pytest.raises(ClassesError, match=told):
        packed(tmp_path, graph, **asked)
    assert not list(tmp_path.iterdir())


def test_a_model_that_says_its_classes_itself_is_told_no_others(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(ROWS, ROWS[:, 0] > 0)
    with pytest.raises(ClassesError, match="label, probabilities"):
        package(model, ROWS, name="classes", path=tmp_path / "classes.lading", classes=["a", "b"])


def test_calls_taken_whole_have_no_classes(tmp_path: Path) -> None:
    with pytest.raises(ClassesError, match="taken whole"):
        package(
            linear(3), [{"x": ROWS[:2].astype(np.float32)}] * 3, name="classes", path=tmp_path / "classes.lading",
            classes=["a", "b", "c"],
        )  # fmt: skip


def test_names_of_numpy_are_names(tmp_path: Path) -> None:
    bundle = packed(tmp_path, linear(3), classes=np.array(["a", "b", "c"]))
    assert bundle.manifest.signature.outputs[0].classes == ("a", "b", "c")
    assert onnx.load_from_string(graph_of(bundle)[0]).graph.output[0].name == "label"
    bundle.close()
