"""PyTorch: modules answer in a bundle as they do themselves, for any number of rows, and are left as they were."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.export import Dim

from lading.bundles.bundle import Bundle
from lading.converters import UnconvertibleError, package
from lading.converters.parity import ModelFailedError, UnsteadyGraphError
from tests.frameworks.conftest import answers, columns_of

pytestmark = pytest.mark.frameworks
Pack = Callable[..., Bundle]
RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(size=(120, 4))
MIXED: dict[str, np.ndarray] = {
    "numbers": RANDOM.normal(size=(40, 3)).astype(np.float32),
    "shop": RANDOM.integers(0, 10, 40),
}


class Table(nn.Module):
    """A network over columns, with what behaves otherwise in training."""

    def __init__(self, width: int = 4, classes: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Linear(width, 16), nn.BatchNorm1d(16), nn.GELU(), nn.Dropout(0.5))
        self.head = nn.Linear(16, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x))


class Image(nn.Module):
    """A small convolutional network."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(8, 5),
        )  # fmt: skip

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.layers(pixels)


class Mixed(nn.Module):
    """Two inputs, two outputs with names."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.shop = nn.Embedding(10, 4)
        self.price = nn.Linear(7, 1)

    def forward(self, shop: torch.Tensor, numbers: torch.Tensor) -> dict[str, torch.Tensor]:
        known = self.shop(shop)
        return {"price": self.price(torch.cat([known, numbers], 1)), "place": known}


class Recurrent(nn.Module):
    """A recurrent network over a series."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.cells = nn.LSTM(2, 8, batch_first=True)
        self.head = nn.Linear(8, 1)

    def forward(self, series: torch.Tensor) -> torch.Tensor:
        seen, _ = self.cells(series)
        return self.head(seen[:, -1])


class Pair(NamedTuple):
    """Two answers with names."""

    mean: torch.Tensor
    spread: torch.Tensor


class Choosing(nn.Module):
    """Control flow that does not depend on values, and some that does, as tensors."""

    def forward(self, x: torch.Tensor) -> Pair:
        for _ in range(3):
            x = torch.where(x > 0, x, x * 0.5)
        return Pair(x.mean(1, keepdim=True), x.std(1, keepdim=True))


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
    frame = pd.DataFrame(MATRIX, columns=["height", "width", "depth", "mass"]).assign(kind=1)
    bundle = pack(Table(), frame, features=["height", "width", "depth", "mass"], target="kind")
    names = [field.name for field in bundle.manifest.signature.fields]
    assert names == ["height", "width", "depth", "mass"]
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
    images = RANDOM.normal(size=(12, 3, 16, 16)).astype(np.float32)
    bundle = pack(Image(), images)
    signature = bundle.manifest.signature
    assert [(tensor.name, tensor.shape) for tensor in signature.inputs] == [("x", ("batch", 3, 16, 16))]
    assert [output.tensor.shape for output in signature.outputs] == [("batch", 5)]
    np.testing.assert_allclose(
        answers(bundle, {"x": images[:5]})["output"], own(Image(), images[:5]).numpy(), rtol=1e-5, atol=1e-6
    )


def test_several_inputs_and_outputs_keep_their_names(pack: Pack) -> None:
    bundle = pack(Mixed(), MIXED)
    expected = own(Mixed(), MIXED["shop"], MIXED["numbers"])
    found = answers(bundle, MIXED)
    assert set(found) == {"price", "place"}
    for name, tensor in expected.items():
        np.testing.assert_allclose(found[name], tensor.numpy(), rtol=1e-5, atol=1e-6)


def test_series_and_control_flow_without_data_are_followed(pack: Pack) -> None:
    series = RANDOM.normal(size=(30, 6, 2)).astype(np.float32)
    np.testing.assert_allclose(
        answers(pack(Recurrent(), {"series": series}), {"series": series})["output"],
        own(Recurrent(), series).numpy(), rtol=1e-5, atol=1e-6,
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
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.embed = nn.Embedding(50, 8)
            self.attend = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return self.attend(self.embed(tokens)).mean(1)

    bundle = pack(Attending(), [{"tokens": RANDOM.integers(0, 50, (1, 12))} for _ in range(8)])
    (field,) = bundle.manifest.signature.fields
    assert field.shape[0] == 1
    assert isinstance(field.shape[1], str)
    tokens = RANDOM.integers(0, 50, (1, 31))
    found = answers(bundle, {"tokens": tokens[None]})["output"][0]
    np.testing.assert_allclose(found, own(Attending(), tokens).numpy(), rtol=1e-4, atol=1e-5)


def test_programs_are_packaged_as_modules_are(pack: Pack) -> None:
    example = (torch.randn(2, 4),)
    program = torch.export.export(Table().eval(), example, dynamic_shapes=({0: Dim.DYNAMIC},))
    np.testing.assert_allclose(
        answers(pack(program, MATRIX), columns_of(MATRIX))["output"],
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


class Branching(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2 if x.sum() > 0 else x


class Fixed(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(2, -1) if x.shape[0] == 2 else x


class Losing(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean()


class Listing(nn.Module):
    def forward(self, x: torch.Tensor) -> Any:
        return x, "text"


class Leaving(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tensor(np.sort(x.numpy()))


class Rare(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.special.bessel_j0(x)


class Failing(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("the shop is closed")


REFUSED = [
    (Branching(), "branches on the values of its inputs.*torch.where"),
    (Fixed(), "takes one number of rows only|does not have a row for each row"),
    (Losing(), "output output. does not have a row for each row"),
    (Listing(), "answers a str, which is no tensor"),
    (Leaving(), "is not followed by torch.export"),
    (Rare(), "has no operators in ONNX"),
    (Failing(), "the shop is closed"),
    (Table(width=5), "fails on rows like those of the data"),
    (Mixed(), "takes shop, numbers, the data has x"),
    (nn.Sequential(nn.LazyLinear(3)), "has no weights yet; call the module once"),
    (Table().bfloat16(), "is of type torch.bfloat16; give the module in float32"),
    (Table().to("meta"), "lies on meta; give the module on the CPU"),
    (Table().double(), "makes a graph that does not load.*give the model in float32"),
    (nn.BatchNorm1d(4, track_running_stats=False), "normalises by the rows that are asked together"),
]


@pytest.mark.parametrize(("module", "told"), REFUSED, ids=lambda value: type(value).__name__)
def test_what_cannot_be_followed_is_refused_with_a_way_out(pack: Pack, module: nn.Module, told: str) -> None:
    with pytest.raises(UnconvertibleError, match=told) as raised:
        pack(module, MATRIX)
    assert len(str(raised.value)) < 700


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.compile's own
@pytest.mark.parametrize("wrap", [torch.compile, nn.DataParallel])
def test_what_wraps_a_module_is_taken_off(pack: Pack, wrap: Callable[[nn.Module], Any]) -> None:
    assert pack(wrap(Table()), MATRIX).read("model/model.onnx") == pack(Table(), MATRIX).read("model/model.onnx")


def test_scripts_are_refused(pack: Pack) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = torch.jit.script(Table().eval())
    with pytest.raises(UnconvertibleError, match="is a script"):
        pack(script, MATRIX)


def test_programs_with_a_frozen_batch_are_refused(pack: Pack) -> None:
    program = torch.export.export(Table().eval(), (torch.randn(2, 4),))
    with pytest.raises((UnconvertibleError, ModelFailedError), match=r"rows at a time|open batch|fails on rows"):
        pack(program, MATRIX)


def test_dropout_that_never_ends_is_refused(pack: Pack) -> None:
    class Dropping(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return nn.functional.dropout(x, 0.5, training=True)

    with pytest.raises((UnsteadyGraphError, Exception), match=r"random|differ"):
        pack(Dropping(), MATRIX)


def test_text_columns_are_refused_by_name(pack: Pack) -> None:
    frame = pd.DataFrame(MATRIX, columns=list("abcd")).assign(e="x")
    with pytest.raises(UnconvertibleError, match=r"column e.*a network takes numbers"):
        pack(Table(), frame)


def test_double_precision_is_refused_for_a_float_module(tmp_path: Path) -> None:
    with pytest.raises(UnconvertibleError, match=r"computes in float32.*module\.double"):
        package(Table(), MATRIX, name="network", path=tmp_path / "n.lading", precision="double")
