"""PyTorch: modules answer in a bundle as they do themselves, for any number of rows, and are left as they were."""

import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.export import Dim

from lading.bundles.bundle import Bundle
from lading.converters import UnconvertibleError, package
from lading.converters.torch import conversion
from tests.frameworks.conftest import answers, columns_of
from tests.frameworks.coverage import became, case
from tests.frameworks.torch_models import program, refused
from tests.frameworks.torch_modules import (
    IMAGES,
    MATRIX,
    MIXED,
    RANDOM,
    SERIES,
    Attending,
    Branching,
    Choosing,
    Image,
    Mixed,
    Recurrent,
    Table,
)

pytestmark = pytest.mark.frameworks
Pack = Callable[..., Bundle]


def own(module: nn.Module, *arrays: np.ndarray) -> Any:
    """What the module answers in evaluation mode, as NumPy has it."""
    module.eval()
    with torch.no_grad():
        return module(*(torch.tensor(array) for array in arrays))


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 64])
def test_any_number_of_rows_is_answered_as_the_module_does(pack: Pack, rows: int) -> None:
    module = Table()
    bundle = pack(module, MATRIX)
    asked = RANDOM.normal(size=(rows, 4))
    expected = own(module, asked.astype(np.float32)).numpy()
    np.testing.assert_allclose(answers(bundle, columns_of(asked))["output"], expected, rtol=1e-5, atol=1e-6)


def test_each_part_is_left_in_the_mode_that_it_was_in(pack: Pack) -> None:
    module = Table().train()
    module.body[1].eval()
    modes = [part.training for part in module.modules()]
    weights = {name: value.clone() for name, value in module.state_dict().items()}
    pack(module, MATRIX)
    assert [part.training for part in module.modules()] == modes
    assert all(torch.equal(value, weights[name]) for name, value in module.state_dict().items())


def test_a_module_in_training_mode_gives_the_same_bundle_as_one_in_evaluation_mode(pack: Pack) -> None:
    assert pack(Table().train(), MATRIX).digest == pack(Table().eval(), MATRIX).digest


def test_frames_are_fed_by_the_names_of_their_columns(pack: Pack) -> None:
    known = ["height (mm)", "größe", "年 齢", "mass"]
    frame = pd.DataFrame(MATRIX, columns=known).assign(kind=1)
    bundle = pack(Table(), frame, features=known, target="kind")
    names = [field.name for field in bundle.manifest.signature.fields]
    assert names == known
    found = answers(bundle, {name: frame[name].to_numpy() for name in names})["output"]
    np.testing.assert_allclose(found, own(Table(), MATRIX.astype(np.float32)).numpy(), rtol=1e-5, atol=1e-6)


def test_integers_become_real_numbers_for_a_module_that_takes_no_others(pack: Pack) -> None:
    bundle = pack(Table(), pd.DataFrame(RANDOM.integers(0, 9, (50, 4)), columns=list("abcd")))
    assert bundle.manifest.signature.inputs[0].dtype == "float32"


def test_a_double_module_stays_one(pack: Pack) -> None:
    module = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    bundle = pack(module, MATRIX)
    assert bundle.manifest.signature.inputs[0].dtype == "float64"
    assert bundle.manifest.parity.precision == "float64"


def test_tensors_of_torch_are_taken_as_arrays_are(pack: Pack) -> None:
    assert pack(Table(), torch.tensor(MATRIX)).digest == pack(Table(), MATRIX).digest


def test_images_are_one_tensor_with_a_row_each(pack: Pack) -> None:
    bundle = pack(Image(), IMAGES)
    signature = bundle.manifest.signature
    assert [(tensor.name, tensor.shape) for tensor in signature.inputs] == [("x", ("batch", 3, 16, 16))]
    assert [output.tensor.shape for output in signature.outputs] == [("batch", 5)]
    np.testing.assert_allclose(
        answers(bundle, {"x": IMAGES[:5]})["output"], own(Image(), IMAGES[:5]).numpy(), rtol=1e-5, atol=1e-6
    )


def test_several_inputs_and_outputs_keep_their_names(pack: Pack) -> None:
    bundle = pack(Mixed(), MIXED)
    expected = own(Mixed(), MIXED["shop"], MIXED["numbers"])
    found = answers(bundle, MIXED)
    assert set(found) == {"price", "place"}
    for name, tensor in expected.items():
        np.testing.assert_allclose(found[name], tensor.numpy(), rtol=1e-5, atol=1e-6)


def test_series_and_control_flow_without_data_are_followed(pack: Pack) -> None:
    np.testing.assert_allclose(
        answers(pack(Recurrent(), {"series": SERIES}), {"series": SERIES})["output"],
        own(Recurrent(), SERIES).numpy(), rtol=1e-5, atol=1e-6,
    )  # fmt: skip
    assert set(answers(pack(Choosing(), MATRIX), columns_of(MATRIX))) == {"mean", "spread"}


def test_classes_give_a_label_and_probabilities(pack: Pack) -> None:
    bundle = pack(Table(), MATRIX, classes=["low", "mid", "high"], scores="logits")
    label, probabilities = bundle.manifest.signature.outputs
    assert (label.meaning, label.classes, probabilities.meaning) == ("label", ("low", "mid", "high"), "probabilities")
    expected = torch.softmax(own(Table(), MATRIX.astype(np.float32)), 1).numpy()
    found = answers(bundle, columns_of(MATRIX))
    np.testing.assert_allclose(found["probabilities"], expected, rtol=1e-5, atol=1e-6)
    assert found["label"].tolist() == np.array(["low", "mid", "high"])[expected.argmax(1)].tolist()
    assert bundle.manifest.parity.boundary_rows > 8


def test_one_logit_for_two_classes_becomes_a_sigmoid(pack: Pack) -> None:
    bundle = pack(Table(classes=1), MATRIX, classes=[False, True], scores="logits")
    found = answers(bundle, columns_of(MATRIX))
    expected = torch.sigmoid(own(Table(classes=1), MATRIX.astype(np.float32))).numpy()
    np.testing.assert_allclose(found["probabilities"][:, 1:], expected, rtol=1e-5, atol=1e-6)
    assert bundle.manifest.signature.outputs[0].coded
    assert (found["label"] == (expected[:, 0] > 0.5)).all()


def test_calls_taken_whole_have_open_extents(pack: Pack) -> None:
    bundle = pack(Attending(), [{"tokens": RANDOM.integers(0, 50, (1, 12))} for _ in range(8)])
    (field,) = bundle.manifest.signature.fields
    assert field.shape[0] == 1
    assert isinstance(field.shape[1], str)
    tokens = RANDOM.integers(0, 50, (1, 31))
    found = answers(bundle, {"tokens": tokens[None]})["output"][0]
    np.testing.assert_allclose(found, own(Attending(), tokens).numpy(), rtol=1e-4, atol=1e-5)


def test_programs_are_packaged_as_modules_are(pack: Pack) -> None:
    np.testing.assert_allclose(
        answers(pack(program(Table()), MATRIX), columns_of(MATRIX))["output"],
        answers(pack(Table(), MATRIX), columns_of(MATRIX))["output"], rtol=1e-6,
    )  # fmt: skip
    mixed = torch.export.export(
        Mixed().eval(),
        (torch.zeros(2, dtype=torch.int64),),
        {"numbers": torch.zeros(2, 3)},
        dynamic_shapes={"shop": {0: Dim.DYNAMIC}, "numbers": {0: Dim.DYNAMIC}},
    )
    np.testing.assert_allclose(
        answers(pack(mixed, MIXED), MIXED)["price"],
        own(Mixed(), MIXED["shop"], MIXED["numbers"])["price"].numpy(), rtol=1e-5, atol=1e-6,
    )  # fmt: skip


def test_nothing_of_the_machine_is_in_the_bundle(pack: Pack) -> None:
    bundle = pack(Table(), MATRIX)
    graph = bundle.read(bundle.manifest.graph.path)
    assert b".py" not in graph
    assert str(Path(__file__).parent).encode() not in graph


def test_a_bundle_keeps_fewer_golden_rows_of_large_tensors(pack: Pack) -> None:
    images = RANDOM.normal(size=(70, 3, 64, 64)).astype(np.float32)
    assert pack(Image(), images).golden().rows < 64


REFUSED = {
    "a branch on values": r"branches on the values of its inputs.*torch\.where",
    "a fixed number of rows": "takes one number of rows only",
    "rows counted by len()": r"takes one number of rows only.*x\.shape\[0\]",
    "no row for each row": "output output. does not have a row for each row",
    "text among the answers": "answers a str, which is no tensor",
    "NumPy inside": r"is not followed by torch\.export",
    "an operator that ONNX does not have": "has no operators in ONNX",
    "complex numbers (torch.fft)": "answers complex numbers",
    "forward() fails": "the shop is closed",
    "another number of columns": "fails on rows like those of the data",
    "other inputs than the data has": "takes shop, numbers, the data has x",
    "a lazy layer without weights": "has no weights yet; call the module once",
    "bfloat16": r"is of type torch\.bfloat16; give the module in float32",
    "weights on another device": "lies on meta; give the module on the CPU",
    "float64, GELU": "makes a graph that does not load.*give the model in float32",
    "BatchNorm without running statistics": "normalises by the rows that are asked together",
    "dropout that never ends": "draws random numbers",
    "random numbers": "draws random numbers",
    "series packed by their lengths": r"is not followed by torch\.export",
    "a column of text": "column e.*a network takes numbers",
    "torch.jit": "is a script",
    "two rows at a time": "exactly 2 rows at a time; export it with an open batch",
}


def test_every_refusal_is_told_with_a_way_out() -> None:
    assert {one.what for one in refused()} == set(REFUSED)


@pytest.mark.parametrize(("what", "told"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_followed_is_refused_with_a_way_out(what: str, told: str) -> None:
    found = became(case("torch", what))
    assert found.precision is None
    assert re.search(told, found.reason)
    assert ";" in found.reason
    assert len(found.reason) < 700


def test_a_refusal_says_nothing_beside_its_error(pack: Pack, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnconvertibleError, match="branches on the values"):
        pack(Branching(), MATRIX)
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.compile's own
@pytest.mark.parametrize("wrap", [torch.compile, nn.DataParallel])
def test_what_wraps_a_module_is_taken_off(pack: Pack, wrap: Callable[[nn.Module], Any]) -> None:
    assert pack(wrap(Table()), MATRIX).read("model/model.onnx") == pack(Table(), MATRIX).read("model/model.onnx")


def test_a_version_that_was_not_tested_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(conversion.TESTED, "torch", "==2.9.*")
    made = package(Table(), MATRIX, name="network", path=tmp_path / "n.lading")
    assert made.notes == (f"torch {version('torch')} is installed, and conversion was tested with torch==2.9.* only",)


def test_double_precision_is_refused_for_a_float_module(tmp_path: Path) -> None:
    with pytest.raises(UnconvertibleError, match=r"computes in float32.*module\.double"):
        package(Table(), MATRIX, name="network", path=tmp_path / "n.lading", precision="double")
