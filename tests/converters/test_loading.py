"""Loading: nothing runs code unless that was allowed."""

import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from lading.converters.loading import (
    ModelFileError,
    ModelUnpickleError,
    UntrustedPickleError,
    UntrustedTypesError,
    load_model,
)

MODEL = Ridge().fit(np.eye(3), np.arange(3))


class Trap:
    """A pickle that does something when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def saved(path: Path, model: object = MODEL) -> Path:
    if path.suffix == ".skops":
        skops.io.dump(model, path)
    elif path.suffix == ".joblib":
        joblib.dump(model, path)
    else:
        path.write_bytes(pickle.dumps(model))
    return path


@pytest.mark.parametrize("suffix", [".joblib", ".pkl", ".pickle", ".skops"])
def test_trusted_files_give_their_model(suffix: str, tmp_path: Path) -> None:
    model: Any = load_model(saved(tmp_path / f"model{suffix}"), trust=True)
    assert model.coef_.tolist() == MODEL.coef_.tolist()


@pytest.mark.parametrize("suffix", [".joblib", ".pkl", ".pickle"])
def test_pickles_run_nothing_unless_they_are_trusted(suffix: str, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    path = saved(tmp_path / f"model{suffix}", Trap(sprung))
    with pytest.raises(UntrustedPickleError, match="runs whatever code it holds; pass --trust"):
        load_model(path)
    assert not sprung.exists()


def test_skops_files_of_known_types_need_no_trust(tmp_path: Path) -> None:
    assert isinstance(load_model(saved(tmp_path / "model.skops")), Ridge)


def test_skops_files_of_other_types_name_them(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.skops", make_pipeline(FunctionTransformer(load_model), Ridge()))
    with pytest.raises(UntrustedTypesError, match=r"lading\.converters\.loading\.load_model"):
        load_model(path)
    assert load_model(path, trust=True) is not None


def test_a_graph_is_its_path(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.touch()
    assert load_model(path) == path


@pytest.mark.parametrize(
    ("name", "message"), [("model.pkl", "is not there"), ("model.h5", "is of no known kind; expected")]
)
def test_files_that_are_not_there_or_unknown_are_named(name: str, message: str, tmp_path: Path) -> None:
    if name.endswith(".h5"):
        (tmp_path / name).touch()
    with pytest.raises(ModelFileError, match=message):
        load_model(tmp_path / name)


@pytest.mark.parametrize("suffix", [".joblib", ".pkl", ".skops"])
def test_broken_files_say_so(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"broken")
    with pytest.raises(ModelUnpickleError, match="with the packages and versions"):
        load_model(path, trust=True)


def test_skops_files_that_cannot_be_rebuilt_say_so(tmp_path: Path) -> None:
    import zipfile

    path = saved(tmp_path / "whole.skops")
    broken = tmp_path / "broken.skops"
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(broken, "w") as copy:
        copy.writestr("schema.json", whole.read("schema.json"))
    with pytest.raises(ModelUnpickleError):
        load_model(broken)
