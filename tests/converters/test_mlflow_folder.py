"""Folders of MLflow models: the model in them is found, and nothing outside of them."""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from lading.converters.loading import ModelFileError, UntrustedPickleError, load_model
from lading.converters.mlflow_folder import MARKER, MlflowFolderError, model_file

# What MLflow says to itself when its module is imported.
pytestmark = pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning")

ROWS = np.eye(3)
MODEL = LogisticRegression().fit(ROWS, [0, 1, 1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What MLflow saves."""
    mlflow.sklearn.save_model(MODEL, tmp_path / "model", serialization_format="skops", pip_requirements=[])
    return tmp_path / "model"


def test_a_model_that_mlflow_saved_is_loaded(folder: Path) -> None:
    loaded: Any = load_model(folder)
    assert loaded.predict_proba(ROWS).tolist() == MODEL.predict_proba(ROWS).tolist()


def test_a_pickle_in_it_asks_for_trust_as_one_elsewhere_does(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    mlflow.sklearn.save_model(MODEL, folder, serialization_format="cloudpickle", pip_requirements=[])
    with pytest.raises(UntrustedPickleError, match=r"model\.pkl"):
        load_model(folder)
    loaded: Any = load_model(folder, trust=True)
    assert loaded.coef_.tolist() == MODEL.coef_.tolist()


def test_another_flavour_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    saved = {"loader_module": "lading", "data_path": str(tmp_path / "a.txt"), "pip_requirements": []}
    mlflow.pyfunc.save_model(tmp_path / "model", **saved)
    with pytest.raises(MlflowFolderError, match=r"of the flavours python_function; give .* flavour sklearn, xgboost"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        pytest.param(None, "is a folder without a file MLmodel", id="no MLflow model"),
        pytest.param("flavors: [", "has a file MLmodel that cannot be read", id="broken"),
        pytest.param("[" * 100_000, "has a file MLmodel that cannot be read", id="deep"),
        pytest.param("- 1", "of the flavours none", id="something else"),
        pytest.param("flavors: {sklearn: 1}", "of the flavours sklearn", id="nothing said"),
        pytest.param("flavors: {sklearn: {}}", "has no file 'None'", id="no name"),
        pytest.param("flavors: {sklearn: {pickled_model: ../a.skops}}", r"has no file '\.\./a\.skops'", id="outside"),
        pytest.param("flavors: {onnx: {data: /etc/passwd}}", "has no file '/etc/passwd'", id="absolute"),
    ],
)
def test_what_else_is_found_is_said(said: str | None, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.skops").write_text("")
    (tmp_path / "model").mkdir()
    if said is not None:
        (tmp_path / "model" / MARKER).write_text(said)
    with pytest.raises(MlflowFolderError, match=message):
        model_file(tmp_path / "model")


def test_a_file_that_the_loader_does_not_know_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.xyz").write_text("")
    (tmp_path / MARKER).write_text("flavors: {xgboost: {data: model.xyz}}")
    with pytest.raises(ModelFileError, match=r"model\.xyz is of no known kind"):
        load_model(tmp_path)
