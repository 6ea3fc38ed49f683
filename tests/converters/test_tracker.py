"""Trackers are plugins: a stranger's tells of its runs as ours does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lading.bundles.bundle import open_bundle
from lading.converters import package
from lading.converters.tracker import RunReferenceError, TrackerFailedError, UnknownRunError, find_run
from lading.core.main import main

Install = Callable[..., None]

NOTEBOOK_TRACKER = '''
from lading.bundles.provenance import Code, Run
from lading.converters.tracker import TrackedRun, TrackerFailedError, UnknownRunError

RUNNING = []

class Notebook:
    """A tracker on paper."""

    def active(self):
        return RUNNING[-1] if RUNNING else None

    def run(self, run):
        if run == "wet":
            raise TrackerFailedError("paper", "the ink ran")
        if run != "page 7":
            raise UnknownRunError("paper", run, "the shelf")
        record = Run(tracker="paper", id=run, parameters={"depth": 3, "password": "S3CR3T"}, tags={"ink": "blue"})
        return TrackedRun(record, {"recall": 0.5, "loss": float("inf")}, Code(commit="d" * 40))
'''


@pytest.fixture
def paper(install: Install) -> None:
    """A tracker of somebody else's, installed as a package of its own."""
    install("paper_tracker", "lading.trackers", "paper", "paper_module:Notebook", NOTEBOOK_TRACKER)


@pytest.mark.usefixtures("paper")
def test_a_run_that_is_named_is_told_with_its_code(penguin_model: Any, penguins: Any, tmp_path: Path) -> None:
    given = {"recall": 0.75}
    made = package(
        penguin_model, penguins.train, name="x", path=tmp_path / "x.lading", run="paper:page 7", metrics=given
    )
    with open_bundle(made.path) as bundle:
        found = bundle.manifest.provenance
    assert found.experiment.run is not None
    assert found.experiment.run.parameters == {"depth": 3, "password": "***"}
    assert found.code.commit == "d" * 40
    assert found.experiment.metrics == {"recall": 0.75}
    assert made.notes == ("the run's metric 'loss' is inf and was left out",)


@pytest.mark.usefixtures("paper")
def test_a_run_that_is_under_way_leaves_the_code_to_what_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    module = __import__("paper_module")
    monkeypatch.setattr(module, "RUNNING", ["page 7"])
    found = find_run(None)
    assert found.run is not None
    assert found.run.id == "page 7"
    assert found.code is None
    monkeypatch.setattr(module, "RUNNING", ["wet"])
    assert find_run(None).run is None
    assert find_run(None).notes[0].startswith("the run that is under way was left out: paper does not tell")


@pytest.mark.usefixtures("paper")
@pytest.mark.parametrize(
    ("reference", "error", "words"),
    [
        pytest.param("page 7", RunReferenceError, "the trackers are: mlflow, paper", id="no tracker"),
        pytest.param("mlflow:", RunReferenceError, "not a tracker and an id", id="no id"),
        pytest.param("stone:1", RunReferenceError, "'stone:1'", id="a tracker that is not there"),
        pytest.param("paper:page 8", UnknownRunError, "paper has no run 'page 8' at the shelf", id="no such run"),
        pytest.param("paper:wet", TrackerFailedError, "the ink ran", id="a failure"),
    ],
)
def test_a_run_that_cannot_be_told_is_an_error(reference: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        find_run(reference)


def test_a_tracker_that_is_not_installed_is_passed_by_unless_it_is_asked_for(install: Install) -> None:
    install("lacking", "lading.trackers", "aaa", "lacking_module:Tracker", "import a_module_that_is_not_there")
    assert find_run(None).run is None
    with pytest.raises(Exception, match="a_module_that_is_not_there"):
        find_run("aaa:1")


def test_the_command_takes_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["package", str(tmp_path / "m.skops"), "--data", str(tmp_path / "d.csv"), "--name", "x"]
    with pytest.raises(SystemExit) as ended:
        main([*files, "--run", "mlflow:1", "--mlflow-run", "1"])
    assert ended.value.code == 2
    assert "one run" in capsys.readouterr().err
