"""MLflow: what a real run holds is in the bundle, whether it is under way or named by its id."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from lading.bundles.bundle import open_bundle
from lading.bundles.provenance import Code, Provenance, Run
from lading.converters.mlflow import MlflowTracker
from lading.converters.tracker import TrackerFailedError, UnknownRunError
from lading.core.main import main

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

SCRIPT = """
import os, sys, warnings
warnings.simplefilter("ignore")
import mlflow, mlflow.data
import orjson
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from lading.converters import package

frame = load_iris(as_frame=True).frame
rows, labels = frame.drop(columns="target"), frame["target"]
mlflow.set_experiment("flowers")
mlflow.sklearn.autolog(log_post_training_metrics=False)
with mlflow.start_run(run_name="first") as run:
    model = LogisticRegression(max_iter=1000).fit(rows, labels)
    mlflow.log_param("db_password", "S3CR3T")
    mlflow.log_metric("loss", 0.25)
    mlflow.log_metric("loss", 0.125)
    mlflow.log_metric("diverged", float("nan"))
    mlflow.set_tag("team", "flowers")
    mlflow.set_tag("mlflow.source.git.commit", "c" * 40)
    mlflow.set_tag("mlflow.source.git.repoURL", "https://me:S3CR3T@example.org/flowers.git")
    for source in ("https://me:S3CR3T@example.org/iris.csv", os.path.abspath("held-out.csv")):
        rows.head(30).to_csv("held-out.csv")
        mlflow.log_input(mlflow.data.from_pandas(rows.head(30), source=source, name=source[-8:]), context="test")
    inside = package(model, frame, target="target", name="iris", path="inside.lading")
after = package(model, frame, target="target", name="iris", path="after.lading")
model_id = mlflow.get_run(run.info.run_id).outputs.model_outputs[0].model_id
model_file = os.path.join(mlflow.artifacts.download_artifacts(f"models:/{model_id}"), "model.pkl")
frame.to_parquet("iris.parquet")
print(orjson.dumps({"run": run.info.run_id, "model": model_file, "notes": inside.notes}).decode())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a script trained with MLflow's autologging and a store in SQLite."""
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def store(folder: Path) -> str:
    return f"sqlite:///{folder / 'runs.db'}"


@pytest.fixture(scope="module")
def trained(folder: Path, store: str) -> Mapping[str, Any]:
    """What the script printed: the id of its run, the file of the model that MLflow logged, the notes."""
    (folder / "train.py").write_text(SCRIPT)
    environment = {"MLFLOW_TRACKING_URI": store, "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    command = [sys.executable, "train.py"]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert ran.returncode == 0, ran.stderr
    return dict(orjson.loads(ran.stdout.splitlines()[-1]))


def provenance(path: Path) -> Provenance:
    with open_bundle(path) as bundle:
        assert b"S3CR3T" not in b"".join(bundle.read(name) for name in ("manifest.json", "MODEL_CARD.md"))
        return bundle.manifest.provenance


def assert_told(run: Run | None, identity: str) -> None:
    """The run is told with all that was logged."""
    assert run is not None
    assert (run.tracker, run.id, run.name, run.experiment) == ("mlflow", identity, "first", "flowers")
    assert run.parameters["max_iter"] == "1000"
    assert run.parameters["db_password"] == "***"
    assert run.tags["team"] == "flowers"
    assert run.user
    assert run.started is not None
    assert run.started.endswith("Z")
    assert run.server is None
    assert [(data.source, data.context) for data in run.datasets] == [
        ("held-out.csv", "test"),
        ("train.py", "train"),
        ("https://example.org/iris.csv", "test"),
    ]


def test_a_run_that_is_under_way_is_taken_over(folder: Path, trained: Mapping[str, Any]) -> None:
    found = provenance(folder / "inside.lading")
    assert_told(found.experiment.run, trained["run"])
    assert found.experiment.metrics["loss"] == 0.125
    assert "diverged" not in found.experiment.metrics
    assert trained["notes"] == ["the run's metric 'diverged' is nan and was left out"]
    assert found.code.entry_point == "train.py"
    assert found.code.commit is None


def test_a_run_that_is_over_is_nobodys(folder: Path, trained: Mapping[str, Any]) -> None:
    assert trained
    found = provenance(folder / "after.lading")
    assert found.experiment.run is None
    assert found.experiment.metrics == {}


def test_a_run_is_named_by_its_id(
    folder: Path, store: str, trained: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The model is the file that MLflow logged by itself; who packages it need not be who trained it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    command = ["package", trained["model"], "--trust", "--data", str(folder / "iris.parquet"), "--target", "target"]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--name", "iris", "--output", str(tmp_path / "x.lading"), "--mlflow-run", trained["run"]])
    assert not ended.value.code
    found = provenance(tmp_path / "x.lading")
    assert_told(found.experiment.run, trained["run"])
    commit = Code(repository="https://example.org/flowers.git", commit="c" * 40, entry_point="train.py")
    assert found.code == commit


def test_a_run_that_is_not_there_is_named_with_where_it_was_looked_for(
    store: str, trained: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trained
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    with pytest.raises(UnknownRunError, match=r"mlflow has no run '0{32}' at sqlite:"):
        MlflowTracker().run("0" * 32)


def test_a_store_that_fails_is_an_error_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:S3CR3T@127.0.0.1:9")
    with pytest.raises(TrackerFailedError, match="mlflow does not tell of the run") as failed:
        MlflowTracker().run("0" * 32)
    assert "S3CR3T" not in str(failed.value)
    assert failed.value.exit_code == 1


def test_without_mlflow_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert MlflowTracker().active() is None
    with pytest.raises(TrackerFailedError, match="pip install mlflow"):
        MlflowTracker().run("0" * 32)
