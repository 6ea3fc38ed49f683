"""Frameworks: one that is not installed is an error with the line for pip, one that was not tested a note."""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from lading.converters.converter import converter_for
from lading.converters.loading import ModelFileError, load_model
from lading.converters.networks.frameworks import FrameworkNeedsError, derives, need, tops, untested


def test_what_is_not_installed_is_told_with_the_line_for_pip() -> None:
    with pytest.raises(FrameworkNeedsError) as raised:
        need("Nothing", "nothing", "json", "a_module_of_nobody")
    assert str(raised.value) == (
        "models of Nothing need the module 'a_module_of_nobody', which is not installed; install what they need: "
        "pip install 'lading[nothing]'"
    )


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
