"""Files of PyTorch, and weights that lie beside the graph."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.export import Dim

from lading.bundles.bundle import Bundle, open_bundle
from lading.bundles.storage.atomic import WriteError
from lading.converters import UnconvertibleError, package
from lading.converters.loading import ModelFileError, ModelUnpickleError, UntrustedPickleError, load_model
from lading.converters.optimizing import LargeWeightsError
from lading.converters.torch import exporting
from tests.converters.interrupts import interrupted
from tests.frameworks.conftest import answers
from tests.frameworks.test_torch import own
from tests.frameworks.torch_modules import IMAGES, MATRIX, RANDOM, Image, Table

pytestmark = pytest.mark.frameworks
Pack = Callable[..., Bundle]


def saved(path: Path) -> Path:
    program = torch.export.export(Image().eval(), (torch.zeros(2, 3, 16, 16),), dynamic_shapes=({0: Dim.DYNAMIC},))
    torch.export.save(program, path)
    return path


def lading(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("lading")), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_programs_are_packaged_from_a_shell_when_trusted(tmp_path: Path) -> None:
    model, rows, bundle = saved(tmp_path / "image.pt2"), tmp_path / "images.npz", tmp_path / "image.lading"
    np.savez(rows, pixels=IMAGES)
    classes = [word for name in "abcde" for word in ("--class", name)]
    asked: list[str | Path] = [
        "package",
        model,
        "--data",
        rows,
        "--name",
        "image",
        *classes,
        "--scores",
        "logits",
        "--output",
        bundle,
    ]
    refused = lading(*asked)
    assert refused.returncode == 2
    assert "--trust" in refused.stderr
    assert not bundle.exists()
    ended = lading(*asked, "--trust", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["parity"]["reference"].startswith("torch 2.")
    with open_bundle(bundle) as opened:
        found = answers(opened, {"pixels": IMAGES})["probabilities"]
    np.testing.assert_allclose(found, torch.softmax(own(Image(), IMAGES), 1).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("moment", ["converting", "proving that it answers the same"])
def test_an_interrupted_command_leaves_nothing(moment: str, tmp_path: Path) -> None:
    model, rows = saved(tmp_path / "image.pt2"), tmp_path / "images.npz"
    np.savez(rows, pixels=RANDOM.normal(size=(5000, 3, 16, 16)).astype(np.float32))
    temporary, written = tmp_path / "temporary", tmp_path / "written"
    temporary.mkdir()
    written.mkdir()
    asked = ["package", str(model), "--trust", "--data", str(rows), "--name", "image"]
    code, told = interrupted([*asked, "--output", str(written / "image")], moment, temporary)
    assert (code, told.splitlines()[-1]) == (130, "interrupted; nothing was written"), told
    assert "Traceback" not in told
    assert [*temporary.iterdir(), *written.iterdir()] == []


def test_programs_are_not_loaded_without_trust(tmp_path: Path) -> None:
    with pytest.raises(UntrustedPickleError, match=r"--trust if you know who made it$"):
        load_model(saved(tmp_path / "image.pt2"))


def test_a_damaged_program_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "image.pt2").write_bytes(b"PK\x03\x04nonsense")
    with pytest.raises(ModelUnpickleError, match="cannot be loaded"):
        load_model(tmp_path / "image.pt2", trust=True)


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
def test_pickles_of_modules_are_refused_with_the_way_out(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    torch.save(Table().state_dict(), path)
    with pytest.raises(ModelFileError, match=r"state_dict.*package\(module"):
        load_model(path, trust=True)


def test_weights_beside_the_graph_give_the_same_answers(
    pack: Pack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 300), nn.ReLU(), nn.Linear(300, 300), nn.ReLU(), nn.Linear(300, 2))
    inside = pack(module, MATRIX, classes=["a", "b"], scores="logits")
    monkeypatch.setattr(exporting, "INSIDE", 1000)
    beside = pack(module, MATRIX, classes=["a", "b"], scores="logits")
    paths = [entry.path for entry in beside.manifest.files if entry.path.startswith("model/")]
    assert paths == ["model/model.onnx", "model/model.onnx.data"]
    assert len(beside.read("model/model.onnx")) < len(inside.read("model/model.onnx")) / 10
    columns = {f"x{place}": MATRIX[:, place] for place in range(4)}
    first, second = answers(inside, columns), answers(beside, columns)
    np.testing.assert_array_equal(first["probabilities"], second["probabilities"])
    assert pack(module, MATRIX, classes=["a", "b"], scores="logits").digest == beside.digest
    assert not list(tmp_path.glob("lading-weights-*"))


def test_weights_beside_the_graph_are_not_optimised(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "INSIDE", 100)
    told: list[str] = []
    with pytest.raises(LargeWeightsError, match=r"optimize is int8, graph, and .* too large .*; leave optimize out"):
        pack(Table(), MATRIX, optimize=["graph", "int8"], progress=told.append)
    assert "proving that it answers the same" not in told


def test_a_tensor_that_no_server_would_load_is_refused_by_name(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "LARGEST", 200)
    with pytest.raises(UnconvertibleError, match=r'step "body › 0 › weight" has 256 bytes.*several layers'):
        pack(Table(), MATRIX)


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(exporting, "INSIDE", 1000)
    module = nn.Sequential(nn.Linear(4, 300), nn.Linear(300, 300))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(WriteError, match="lading-weights"):
            package(module, MATRIX, name="network", path=tmp_path / "network.lading")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
