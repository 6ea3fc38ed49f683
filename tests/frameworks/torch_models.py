"""Cases of PyTorch: modules of every common architecture, and those that cannot be graphs."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.export import Dim

from lading.bundles.parity import Tolerance
from tests.converters.verdicts import Case
from tests.frameworks.torch_modules import (
    IMAGES,
    LENGTHS,
    MATRIX,
    MIXED,
    RANDOM,
    SERIES,
    TEXTS,
    Attending,
    Branching,
    Causal,
    Choosing,
    Counting,
    Crossing,
    Deciding,
    Drawing,
    Dropping,
    Failing,
    Fixed,
    Image,
    Leaving,
    Listing,
    Losing,
    Mixed,
    Packing,
    Patches,
    Ranking,
    Rare,
    Recurrent,
    Residual,
    Scaled,
    Skipping,
    Spectrum,
    Table,
)


def seeded(make: Callable[[], nn.Module]) -> nn.Module:
    """A module with the same weights every time, whose statistics are those of rows that it has seen."""
    torch.manual_seed(0)
    return make()


def seen(module: nn.Module, rows: Any) -> nn.Module:
    """The module after it was asked ``rows`` in training: the statistics that it normalises by are theirs."""
    first = next(module.parameters(), torch.zeros(1))
    tensors = {name: torch.tensor(array) for name, array in rows.items()} if isinstance(rows, Mapping) else {}
    with torch.no_grad():
        module.train()(**tensors) if tensors else module.train()(torch.tensor(rows, dtype=first.dtype))
    return module


def program(module: nn.Module, rows: int | None = None) -> Any:
    """What torch.export makes of a module over columns, for any number of rows or for some."""
    shapes = ({0: Dim.DYNAMIC},) if rows is None else None
    return torch.export.export(module.eval(), (torch.randn(2 if rows is None else rows, 4),), dynamic_shapes=shapes)


def script() -> Any:
    """A module as torch.jit has it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(Table().eval())


def cases() -> Iterator[Case]:
    """Every case, each made when it is asked for."""
    yield from _columns()
    yield from _tensors()
    yield from _sequences()
    yield from refused()


def _case(what: str, make: Callable[[], Any], rows: Any, **asked: Any) -> Case:
    return Case("Module", what, lambda: (seen(make(), rows), rows), asked)


def _columns() -> Iterator[Case]:
    words = {"classes": ["low", "mid", "high"]}
    plain: list[tuple[str, Callable[[], Any], dict[str, Any]]] = [
        ("linear layers, BatchNorm, GELU, dropout", Table, {}),
        ("linear layers, classes by logits", Table, {**words, "scores": "logits"}),
        ("linear layers, classes by scores", Table, words),
        ("linear layers, one logit for two classes", partial(Table, classes=1), {"classes": [False, True], "scores": "logits"}),
        ("torch.where, several answers with names", Choosing, {}),
        ("topk, argmax, cumsum: whole numbers among the answers", Ranking, {}),
    ]  # fmt: skip
    for what, make, asked in plain:
        yield _case(what, make, MATRIX, **asked)
    layers: list[tuple[str, Callable[[], nn.Module]]] = [
        ("softmax at the end", lambda: nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))),
        ("float64", lambda: nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)).double()),
        ("residual blocks, LayerNorm, SiLU", lambda: nn.Sequential(*(Residual(nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4), nn.SiLU())) for _ in range(3)))),
        ("RMSNorm, ELU, Softplus, Hardswish", lambda: nn.Sequential(nn.RMSNorm(4), nn.Linear(4, 4), nn.ELU(), nn.Linear(4, 4), nn.Softplus(), nn.Hardswish())),
        ("PReLU, LeakyReLU, Mish, GLU", lambda: nn.Sequential(nn.Linear(4, 8), nn.PReLU(), nn.LeakyReLU(), nn.Mish(), nn.GLU())),
        ("weights by their norm and their spectrum", lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 8)), nn.ReLU(), nn.utils.parametrizations.spectral_norm(nn.Linear(8, 2)))),
    ]  # fmt: skip
    for what, make in layers:
        yield _case(what, partial(seeded, make), MATRIX)
    half = partial(seeded, lambda: nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)).half())
    yield _case("float16, with a tolerance of 0.01", half, MATRIX, tolerance=Tolerance(absolute=0.01, relative=0.01))
    yield Case("ExportedProgram", "exported linear layers", lambda: (program(Table()), MATRIX))
    yield Case("DataParallel", "spread linear layers", lambda: (nn.DataParallel(Table()), MATRIX))
    yield Case("OptimizedModule", "torch.compile over linear layers", lambda: (torch.compile(Table()), MATRIX))


def _tensors() -> Iterator[Case]:
    yield _case("convolutions, BatchNorm, pooling", Image, IMAGES)
    yield _case(
        "convolutions, BatchNorm, pooling, classes by logits", Image, IMAGES, classes=list("abcde"), scores="logits"
    )
    yield _case("patches and attention (vision transformer)", Patches, IMAGES)
    yield _case("down and up again with a skip (U-Net)", Skipping, IMAGES)
    layers: list[tuple[str, Callable[[], nn.Module]]] = [
        ("depthwise convolutions, GroupNorm, residual", lambda: nn.Sequential(nn.Conv2d(3, 8, 1), Residual(nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.GroupNorm(2, 8), nn.ReLU6())), nn.AdaptiveAvgPool2d(1), nn.Flatten())),
        ("dilated and strided convolutions, InstanceNorm, average pooling", lambda: nn.Sequential(nn.Conv2d(3, 4, 3, dilation=2), nn.InstanceNorm2d(4), nn.AvgPool2d(2), nn.Conv2d(4, 2, 3, 2))),
        ("upsampling, PixelShuffle, padding", lambda: nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(3, 8, 3), nn.PixelShuffle(2), nn.Upsample(scale_factor=2, mode="bilinear"))),
    ]  # fmt: skip
    for what, make in layers:
        yield _case(what, partial(seeded, make), IMAGES)
    volumes = IMAGES.reshape(12, 3, 4, 8, 8)
    yield _case("convolutions of volumes", partial(seeded, lambda: nn.Sequential(nn.Conv3d(3, 4, 2), nn.MaxPool3d(2), nn.Flatten())), volumes)  # fmt: skip


def _sequences() -> Iterator[Case]:
    series = {"series": SERIES}
    yield _case("LSTM", Recurrent, series)
    yield _case("LSTM, two layers in both directions, dropout", partial(Recurrent, num_layers=2, bidirectional=True, dropout=0.2), series)  # fmt: skip
    yield _case("GRU", partial(Recurrent, nn.GRU), series)
    yield _case("RNN", partial(Recurrent, nn.RNN), series)
    convolved = partial(seeded, lambda: nn.Sequential(nn.Conv1d(6, 8, 2, dilation=1), nn.ReLU(), nn.Flatten(), nn.Linear(8, 1)))  # fmt: skip
    yield _case("convolutions over a series", convolved, SERIES)
    yield _case("TransformerEncoder", Attending, {"tokens": TEXTS["tokens"]})
    yield _case("TransformerEncoder, masked padding", Attending, TEXTS)
    yield _case("TransformerEncoder, two layers", partial(Attending, 2), TEXTS)
    yield _case("MultiheadAttention, causal", Causal, {"tokens": TEXTS["tokens"]})
    yield _case("scaled_dot_product_attention, causal", Scaled, series)
    yield _case("Embedding and numbers, several inputs and outputs", Mixed, MIXED)
    yield _case("EmbeddingBag, products of embeddings", Crossing, {"tokens": TEXTS["tokens"]})
    calls = [{"tokens": RANDOM.integers(0, 50, (1, 12))} for _ in range(8)]
    yield Case("Module", "TransformerEncoder over texts of any length, as calls", lambda: (Attending(), calls))
    few = [{"x": row} for row in MATRIX[:12].astype(np.float32)]
    yield Case("Module", "torch.cond on the values of a call", lambda: (Deciding(), few))


def refused() -> Iterator[Case]:
    """Those that no graph can be made of, or none that answers alike."""
    frame = pd.DataFrame(MATRIX, columns=list("abcd")).assign(e="x")
    modules: list[tuple[str, Callable[[], Any]]] = [
        ("a branch on values", Branching),
        ("a fixed number of rows", Fixed),
        ("rows counted by len()", Counting),
        ("no row for each row", Losing),
        ("text among the answers", Listing),
        ("NumPy inside", Leaving),
        ("an operator that ONNX does not have", Rare),
        ("complex numbers (torch.fft)", Spectrum),
        ("forward() fails", Failing),
        ("another number of columns", partial(Table, width=5)),
        ("other inputs than the data has", Mixed),
        ("a lazy layer without weights", lambda: nn.Sequential(nn.LazyLinear(3))),
        ("bfloat16", lambda: Table().bfloat16()),
        ("weights on another device", lambda: Table().to("meta")),
        ("float64, GELU", lambda: Table().double()),
        ("BatchNorm without running statistics", lambda: nn.BatchNorm1d(4, track_running_stats=False)),
        ("dropout that never ends", Dropping),
        ("random numbers", Drawing),
    ]
    for what, make in modules:
        yield Case("Module", what, lambda make=make: (make(), MATRIX))  # type: ignore[misc]
    packed = {"series": SERIES, "lengths": LENGTHS}
    yield Case("Module", "series packed by their lengths", lambda: (Packing(), packed))
    yield Case("Module", "a column of text", lambda: (Table(), frame))
    yield Case("ScriptModule", "torch.jit", lambda: (script(), MATRIX))
    yield Case("ExportedProgram", "two rows at a time", lambda: (program(Table(), 2), MATRIX))
