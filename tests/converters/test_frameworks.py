"""Frameworks: one that is not installed is an error with the line for pip, one that was not tested a note."""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from lading.converters.converter import converter_for
from lading.converters.loading import ModelFileError, load_model
from lading.converters.networks.frameworks import FrameworkNeedsError, derives, need, tops, untested
from lading.core.main import main


def test_what_is_not_installed_is_told_with_the_line_for_pip() -> None:
    with pytest.raises(FrameworkNeedsError) as raised:
        need("Nothing", "nothing", "json", "a_module_of_nobody")
    assert str(raised.value) == (
        "models of Nothing need the module 'a_module_of_nobody', which is not installed; install what they need: "
        "pip install 'lading[nothing]'"
    )


@pytest.mark.parametrize(
    ("name", "framework", "module", "trust"),
    [("model.keras", "Keras", "keras", []), ("model.pt2", "PyTorch", "torch", ["--trust"])],
)
def test_a_command_ends_with_the_line_for_pip(
    name: str,
    framework: str,
    module: str,
    trust: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / name).write_bytes(b"PK")
    np.save(tmp_path / "rows.npy", np.zeros((4, 3)))
    asked = ["--data", str(tmp_path / "rows.npy"), "--name", "a", "--output", str(tmp_path / "a.lading"), *trust]
    with pytest.raises(SystemExit) as ended:
        main(["package", str(tmp_path / name), *asked])
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"error: models of {framework} need the module '{module}', which is not installed; "
        f"install what they need: pip install 'lading[{module}]'"
    )
    assert not (tmp_path / "a.lading").exists()


def test_other_versions_than_the_tested_ones_are_told() -> None:
    found = version("numpy")
    assert untested({"numpy": f"=={found}", "of-nobody": "==1"}) == ()
    assert untested({"numpy": "<1"}) == (f"numpy {found} is installed, and conversion was tested with numpy<1 only",)


def test_classes_are_known_by_where_they_were_written() -> None:
    kind = type("Module", (), {"__module__": "torch.nn.modules.module"})
    own = type("Own", (kind,), {"__module__": "shop"})()
    assert derives(own, "torch.nn.modules.module.Module")
    assert tops(own) == {"shop", "torch", "builtins"}
    assert converter_for(own).name == "torch"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("model.pt", "state_dict"), ("model.safetensors", "state_dict"), ("model.h5", r"model\.save\('model\.keras'\)"),
        ("model.what", r"expected a file that ends in .*\.pt2, \.keras"),
    ],
)  # fmt: skip
def test_files_that_hold_no_model_are_refused_with_a_way_out(tmp_path: Path, name: str, told: str) -> None:
    path = tmp_path / name
    path.write_bytes(np.zeros(3).tobytes())
    with pytest.raises(ModelFileError, match=told):
        load_model(path, trust=True)
