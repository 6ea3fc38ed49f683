"""The command: a model's file and its data from a shell, with errors that a person can act on."""

import json
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import SVR

from lading.bundles.bundle import open_bundle
from lading.bundles.storage import atomic
from lading.bundles.storage.folder import sync_folder
from lading.converters import package
from lading.converters.loading import load_model
from lading.core.main import main

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, penguin_model: Any, penguins: Any) -> Path:
    """A folder with models and rows in several kinds of file."""
    folder = tmp_path_factory.mktemp("files")
    joblib.dump(penguin_model, folder / "model.joblib")
    skops.io.dump(penguin_model, folder / "model.skops")
    joblib.dump(LogisticRegression(), folder / "unfitted.joblib")
    penguins.frame.to_csv(folder / "rows.csv", index=False)
    penguins.frame.to_parquet(folder / "rows.parquet")
    penguins.frame.drop(columns="sex").to_csv(folder / "narrow.csv", index=False)
    return folder


def run(files: Path, model: str, data: str, *options: str) -> int:
    """The exit code of ``lading package``."""
    with pytest.raises(SystemExit) as ended:
        main(["package", str(files / model), "--data", str(files / data), "--name", "penguins", *options])
    code = ended.value.code
    return 0 if code is None else int(code)


@pytest.mark.parametrize(("model", "data"), [("model.joblib", "rows.csv"), ("model.skops", "rows.parquet")])
def test_a_model_and_its_rows_become_a_bundle(
    model: str, data: str, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "penguins.lading"
    given = [
        "--author",
        "Ada Lovelace",
        "--tag",
        "team=birds",
        "--metric",
        "accuracy=0.98",
        "--version",
        "2.0.0",
        "--sensitive",
        "island",
    ]
    trust = ["--trust"] if model.endswith("joblib") else []
    assert run(files, model, data, "--target", "species", "--output", str(path), *given, *trust) == 0
    shown = capsys.readouterr()
    with open_bundle(path) as bundle:
        provenance = bundle.manifest.provenance
        assert bundle.digest in shown.out
        assert (provenance.author, dict(provenance.tags)) == ("Ada Lovelace", {"team": "birds"})
        assert provenance.experiment.metrics == {"accuracy": 0.98}
        assert provenance.data.source == provenance.data.name == data
        assert bundle.manifest.version == "2.0.0"
        assert [field.name for field in bundle.manifest.signature.fields if field.sensitive] == ["island"]
    assert "golden rows hold real values of island" in " ".join(shown.out.split())
    assert "label flips" in shown.out
    assert "proving that it answers the same" in shown.err


def test_a_report_for_programs_is_json_alone(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "penguins.lading"
    options = ["--target", "species", "--output", str(path), "--source", "s3://bucket/rows.csv", "--json"]
    assert run(files, "model.skops", "rows.csv", *options) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["path"] == str(path)
    assert report["digest"].startswith("sha256:")
    assert report["parity"]["label_flips"] == 0


@pytest.mark.parametrize(
    ("model", "data", "options", "message"),
    [
        pytest.param("model.joblib", "rows.csv", [], "pass --trust", id="a pickle"),
        pytest.param("nothing.skops", "rows.csv", [], "is not there", id="no model"),
        pytest.param("model.skops", "nothing.csv", [], "nothing.csv", id="no data"),
        pytest.param("model.skops", "rows.csv", [], "extra: 'species'", id="a column too many"),
        pytest.param("model.skops", "narrow.csv", ["--target", "species"], "missing: 'sex'", id="a column too few"),
        pytest.param("model.skops", "rows.csv", ["--target", "kind"], "no column 'kind'", id="no target"),
        pytest.param("unfitted.joblib", "rows.csv", ["--trust", "--feature", "year"], "is not fitted", id="unfitted"),
        pytest.param("model.skops", "rows.csv", ["--tag", "birds"], "expected name=value", id="a tag without a value"),
        pytest.param("model.skops", "rows.csv", ["--metric", "f1=high"], "a name and a number", id="a metric of text"),
        pytest.param("missing.pkl", "nothing.csv", [], "there is no such file", id="the data before the model"),
        pytest.param("missing.pkl", "model.skops", [], "must end in one of", id="data of no known kind"),
        pytest.param("missing.pkl", "rows.csv", ["--precision", "half"], "expected 'auto'", id="no such precision"),
        pytest.param("missing.pkl", "rows.csv", ["--name", "Birds"], "lower-case letters", id="a name in capitals"),
        pytest.param(
            "missing.pkl", "rows.csv", ["--output", "nowhere/a.lading"], "choose another folder", id="no folder"
        ),
    ],
)
def test_mistakes_end_with_a_sentence_and_code_2(
    model: str,
    data: str,
    options: list[str],
    message: str,
    files: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(files, model, data, "--output", str(tmp_path / "a.lading"), *options) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert list(tmp_path.iterdir()) == []


def test_something_else_at_the_path_is_left_alone(files: Path, tmp_path: Path) -> None:
    path = tmp_path / "notes.lading"
    path.write_text("not a bundle")
    assert run(files, "missing.pkl", "rows.csv", "--output", str(path)) == 3
    assert path.read_text() == "not a bundle"


def test_each_thing_is_said_once_and_files_by_their_name(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pd.DataFrame({"a": np.arange(60.0), "b": 1.0})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    bundle = tmp_path / "a.lading"
    package(LinearRegression().fit(rows.to_numpy(), rows["a"]), rows.to_numpy(), name="a", path=bundle)
    with open_bundle(bundle) as opened:
        (tmp_path / "net.onnx").write_bytes(opened.read(opened.manifest.graph.path))
    assert run(tmp_path, "net.onnx", "rows.csv", "--output", str(bundle)) == 0
    said = capsys.readouterr().err.splitlines()
    assert "converting net.onnx" in said
    assert len(said) == len(set(said))


def test_an_interrupt_says_that_nothing_was_written(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("lading.converters.loading.load_model", interrupted)
    assert run(files, "model.skops", "rows.csv", "--output", str(tmp_path / "a.lading")) == 130
    assert capsys.readouterr().err.endswith("interrupted; nothing was written\n")


def test_an_interrupt_that_got_lost_is_heeded(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where it falls into a callback of the import system, which can but print what is raised."""

    def loses(*asked: Any) -> object:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        return load_model(*asked)

    monkeypatch.setattr("lading.converters.loading.load_model", loses)
    assert run(files, "model.skops", "rows.csv", "--output", str(tmp_path / "a.lading")) == 130
    assert capsys.readouterr().err.endswith("interrupted; nothing was written\n")
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("output", ["a.lading", "a"])
@pytest.mark.parametrize("old", [False, True], ids=["nothing there", "an old bundle"])
def test_an_interrupt_behind_the_renaming_says_that_the_bundle_was_written(
    files: Path, output: str, old: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    def interrupted(folder: Path) -> None:
        sync_folder(folder)
        raise KeyboardInterrupt

    path, asked = tmp_path / output, (files, "model.skops", "rows.csv", "--target", "species", "--output")
    if old:
        assert run(*asked, str(path), "--author", "Ada Lovelace") == 0
    monkeypatch.setattr(atomic, "sync_folder", interrupted)
    assert run(*asked, str(path)) == 130
    assert capsys.readouterr().err.endswith(f"interrupted; {path} was written\n")
    assert list(tmp_path.iterdir()) == [path]
    with open_bundle(path) as bundle:
        assert bundle.manifest.provenance.author is None


def test_an_answer_that_differs_is_told_in_lines_and_may_be_waived(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No name of a column passes for a line of its own."""
    rows = pd.DataFrame({"seconds\nerror: none": np.arange(400.0) / 3600 + 1.7e9})
    model = SVR(gamma=100.0).fit(rows, np.sin(np.arange(400.0)))
    skops.io.dump(model, tmp_path / "model.skops")
    rows.to_parquet(tmp_path / "rows.parquet")
    output = ["--output", str(tmp_path / "a.lading")]
    assert run(tmp_path, "model.skops", "rows.parquet", *output) == 4
    said = capsys.readouterr().err.splitlines()
    told = said[next(place for place, line in enumerate(said) if line.startswith("error: ")) :]
    assert told[0].startswith("error: the converted sklearn.SVR does not answer as the original does")
    assert told[1].startswith("The worst row, ")
    assert r"seconds\nerror: none=" in told[1]
    assert told[2].startswith("value: the original says ")
    assert [line[:2] for line in told[4:]] == ["- "] * 4
    assert run(tmp_path, "model.skops", "rows.parquet", *output, "--waiver", "a trial only") == 0
    assert "a trial only" in capsys.readouterr().out


def test_people_watch_one_line_that_changes(monkeypatch: pytest.MonkeyPatch, files: Path, tmp_path: Path) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(files, "model.skops", "rows.csv", "--target", "species", "--output", str(tmp_path / "a.lading")) == 0


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["package", "--help"])
    assert "lading package model.skops --data rows.csv" in capsys.readouterr().out
