"""Packaging: one verb from a model to a proved bundle, the same bytes every time, all or nothing."""

import os
import re
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import AdaBoostClassifier, GradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from lading.bundles.bundle import open_bundle
from lading.bundles.parity import Tolerance
from lading.bundles.profile import ColumnProfile
from lading.bundles.storage.atomic import NotWritableError
from lading.bundles.storage.container import OccupiedError
from lading.converters import ParityError, UnconvertibleError, package
from lading.converters.converter import Converted
from lading.converters.experiment import MetricError
from lading.converters.parity import GraphFailedError, Proof, prove
from lading.converters.request import ArgumentError, BundleNameError, EmptyWaiverError, PrecisionError
from lading.converters.training_data import UnknownSensitiveError


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, penguin_model: Any, penguins: Any) -> Path:
    """A folder with ``model.joblib``, ``rows.csv`` and the bundle ``old.lading``."""
    folder = tmp_path_factory.mktemp("files")
    joblib.dump(penguin_model, folder / "model.joblib")
    penguins.frame.to_csv(folder / "rows.csv", index=False)
    package(penguin_model, penguins.train, name="penguins", path=folder / "old.lading", author="Ada Lovelace")
    return folder


def test_a_bundle_holds_everything_that_is_known(penguin_model: Any, penguins: Any, tmp_path: Path) -> None:
    steps: list[str] = []
    packaged = package(
        penguin_model,
        penguins.frame,
        name="penguins",
        version="1.2.0",
        path=tmp_path / "penguins.lading",
        target="species",
        metrics={"accuracy": 0.98},
        source="https://user:secret@example.org/penguins.csv",
        data_name="penguins",
        author="Ada Lovelace",
        tags={"team": "birds"},
        description="Tells penguins apart.",
        progress=steps.append,
    )
    assert steps[0] == "looking at the columns"
    assert steps[-1] == f"writing {packaged.path}"
    assert packaged.notes == ()
    with open_bundle(packaged.path) as bundle:
        manifest = bundle.manifest
        assert bundle.digest == packaged.digest
        assert (manifest.name, manifest.version, manifest.description) == ("penguins", "1.2.0", "Tells penguins apart.")
        provenance = manifest.provenance
        assert (provenance.data.rows, provenance.data.columns, provenance.data.target) == (344, 8, "species")
        assert provenance.data.source == "https://example.org/penguins.csv"
        assert provenance.experiment.estimator == "sklearn.pipeline.Pipeline"
        assert provenance.experiment.metrics == {"accuracy": 0.98}
        assert {"scikit-learn", "skl2onnx", "onnx"} <= set(provenance.environment.packages)
        assert (provenance.author, dict(provenance.tags)) == ("Ada Lovelace", {"team": "birds"})
        assert manifest.parity.rows >= 344
        assert manifest.parity.boundary_rows > 0
        assert len(bundle.profile().columns) == 8
        golden = bundle.golden()
        assert golden.origins.count("data") == 64
        assert golden.records(manifest.signature)[0].keys() == {field.name for field in manifest.signature.fields}


def test_the_bundle_lies_in_the_current_folder_when_no_path_is_given(
    penguin_model: Any, penguins: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert package(penguin_model, penguins.train, name="penguins").path == Path("penguins-1.0.0.lading")
    assert [path.name for path in tmp_path.iterdir()] == ["penguins-1.0.0.lading"]


SCRIPT = """
import sys
import joblib, pandas as pd
from lading.converters import package
package(joblib.load(sys.argv[1]), pd.read_csv(sys.argv[2]), name="penguins", target="species", path=sys.argv[3])
"""


def test_the_same_model_and_data_give_the_same_bytes_in_every_process(files: Path, tmp_path: Path) -> None:
    found = []
    for seed in ("0", "12345"):
        path = tmp_path / f"{seed}.lading"
        arguments = [sys.executable, "-c", SCRIPT, str(files / "model.joblib"), str(files / "rows.csv"), str(path)]
        subprocess.run(arguments, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
        found.append(path.read_bytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("given", ["x", "model"])
def test_neither_the_model_nor_the_data_is_changed(given: str, tmp_path: Path) -> None:
    rows, targets = load_diabetes(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), HistGradientBoostingRegressor(max_iter=3)).fit(rows, targets)
    before = joblib.hash((model, rows))
    package(model, rows, y=targets, name="diabetes", path=tmp_path / "bundle.lading")
    assert joblib.hash((model, rows)) == before


def test_an_old_bundle_is_replaced(penguin_model: Any, penguins: Any, tmp_path: Path) -> None:
    path = tmp_path / "bundle.lading"
    first = package(penguin_model, penguins.train, name="penguins", path=path)
    second = package(penguin_model, penguins.train, name="penguins", path=path, author="Ada Lovelace")
    assert first.digest != second.digest
    with open_bundle(path) as bundle:
        assert bundle.digest == second.digest


def test_a_folder_is_written_where_the_path_is_no_archive(penguin_model: Any, penguins: Any, tmp_path: Path) -> None:
    packaged = package(penguin_model, penguins.train, name="penguins", path=str(tmp_path / "folder"))
    assert (packaged.path / "manifest.json").is_file()


def test_boosting_on_breast_cancer_is_proved_at_its_thresholds(tmp_path: Path) -> None:
    rows, labels = load_breast_cancer(return_X_y=True, as_frame=True)
    model = GradientBoostingClassifier(n_estimators=20).fit(rows, labels)
    parity = package(model, rows, y=labels, name="cancer", path=tmp_path / "cancer.lading").parity
    assert parity.boundary_rows > 4
    assert parity.label_flips == 0


LARGE = np.arange(400.0)[:, None] / 3600 + 1.7e9
"""Seconds since 1970 within one minute or so: float32 sees a few different ones only."""


def test_double_precision_is_taken_when_the_first_proof_fails(tmp_path: Path) -> None:
    model = LinearRegression().fit(LARGE, np.arange(400.0))
    packaged = package(model, LARGE, name="times", path=tmp_path / "times.lading")
    assert packaged.parity.precision == "float64"
    assert "mixed precision differed in" in packaged.notes[0]
    assert package(model, LARGE, name="times", path=tmp_path / "a.lading", precision="double").notes == ()


def test_a_failed_proof_writes_nothing_and_a_waiver_is_kept_with_its_reason(tmp_path: Path) -> None:
    model = SVR(gamma=100.0).fit(LARGE, np.sin(np.arange(400.0)))
    path = tmp_path / "bundle.lading"
    with pytest.raises(ParityError, match="does not answer as the original does"):
        package(model, LARGE, name="times", path=path)
    assert list(tmp_path.iterdir()) == []
    packaged = package(model, LARGE, name="times", path=path, waiver=" a trial only ")
    assert "was waived" in packaged.notes[0]
    with open_bundle(path) as bundle:
        assert bundle.manifest.parity.waiver == "a trial only"


def test_a_tolerance_of_ones_own_decides(tmp_path: Path) -> None:
    rows, targets = load_diabetes(return_X_y=True)
    model = SVC().fit(rows, targets > 140)
    package(model, rows, name="a", path=tmp_path / "a.lading")
    ridge = Ridge().fit(rows, targets)
    exact = Tolerance(absolute=1e-9, relative=1e-9)
    assert package(ridge, rows, name="b", path=tmp_path / "b.lading", tolerance=exact).parity.precision == "float64"
    with pytest.raises(ParityError):
        package(
            HistGradientBoostingRegressor(max_iter=5).fit(rows, targets),
            rows,
            name="c",
            tolerance=Tolerance(absolute=0, relative=0),
        )


def test_what_has_no_double_version_says_so_only_when_double_was_asked_for(tmp_path: Path) -> None:
    rows, labels = load_breast_cancer(return_X_y=True)
    model = AdaBoostClassifier(n_estimators=3).fit(rows, labels)
    assert package(model, rows, name="a", path=tmp_path / "a.lading", precision="double").parity.precision == "mixed"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param({"name": "Penguins"}, BundleNameError, id="a name in capitals"),
        pytest.param({"version": "1 0"}, BundleNameError, id="a version with a blank"),
        pytest.param({"precision": "half"}, PrecisionError, id="a precision that there is not"),
        pytest.param({"waiver": " "}, EmptyWaiverError, id="a waiver without a reason"),
        pytest.param({"name": 5}, BundleNameError, id="a name that is no text"),
        pytest.param({"precision": ["double"]}, PrecisionError, id="a precision in a list"),
        *(
            pytest.param({argument: 5}, ArgumentError, id=f"{argument} as a number")
            for argument in ("author", "description", "source", "data_name", "target", "waiver", "tolerance", "path")
        ),
        pytest.param({"entry_point": 5}, ArgumentError, id="an entry point as a number"),
        pytest.param({"tags": {"a": 1}}, ArgumentError, id="a tag that is a number"),
        pytest.param({"tags": {"a": None}}, ArgumentError, id="a tag that is nothing"),
        pytest.param({"tags": ["a"]}, ArgumentError, id="tags in a list"),
        pytest.param({"tags": {1: "a"}}, ArgumentError, id="a tag's name that is a number"),
        pytest.param({"author": "\ud800"}, ArgumentError, id="half a letter"),
        pytest.param({"metrics": [1]}, ArgumentError, id="metrics in a list"),
        pytest.param({"metrics": {"f1": "high"}}, MetricError, id="a metric of text"),
        pytest.param({"metrics": {"f1": np.nan}}, MetricError, id="a metric that is no number"),
        pytest.param({"metrics": {"f1": 10**400}}, MetricError, id="a metric beyond all numbers"),
        pytest.param({"features": 5}, ArgumentError, id="features as a number"),
        pytest.param({"features": [5]}, ArgumentError, id="a feature as a number"),
        pytest.param({"path": "nowhere/a.lading"}, NotWritableError, id="a folder that is not there"),
        pytest.param({"path": f"{__file__}/a.lading"}, NotWritableError, id="a folder that is a file"),
        pytest.param({"path": "/proc/a.lading"}, NotWritableError, id="a folder that cannot be written"),
        pytest.param({"path": __file__}, OccupiedError, id="a file that is no bundle"),
    ],
)
def test_what_is_asked_wrongly_is_refused_before_the_work(
    options: Any, error: Any, penguin_model: Any, penguins: Any, tmp_path: Path
) -> None:
    steps: list[str] = []
    given = {"name": "penguins", "path": tmp_path / "a.lading", "progress": steps.append, **options}
    with pytest.raises(error) as refused:
        package(penguin_model, penguins.train, **given)
    assert re.search("expected|choose|say why|another path", str(refused.value))
    assert steps == []
    assert list(tmp_path.iterdir()) == []


def test_one_feature_is_one_column_and_an_entry_point_may_be_text(tmp_path: Path) -> None:
    rows = pd.DataFrame({"age": np.arange(50.0), "other": 0.0})
    model = Ridge().fit(rows[["age"]], rows["age"])
    path = tmp_path / "a.lading"
    package(model, rows, name="a", path=path, features="age", entry_point="train.py")
    with open_bundle(path) as bundle:
        assert [field.name for field in bundle.manifest.signature.fields] == ["age"]
        assert bundle.manifest.provenance.code.entry_point == "train.py"


def test_a_refusal_is_not_repeated_for_each_precision(tmp_path: Path) -> None:
    with pytest.raises(UnconvertibleError, match="is not fitted"):
        package(LogisticRegression(), np.ones((3, 2)), name="a", path=tmp_path / "a.lading")


def test_a_graph_that_fails_in_one_precision_is_tried_in_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.random.default_rng(0).normal(size=(40, 2))
    model = GaussianNB().fit(rows, rows[:, 0] > 0)

    def fails(converter: Any, model: Any, converted: Converted, *others: Any) -> Proof:
        if converted.precision in failing:
            raise GraphFailedError("no such kernel")
        return prove(converter, model, converted, *others)

    monkeypatch.setattr(import_module("lading.converters.package"), "prove", fails)  # the function has the same name
    failing = ["mixed"]
    done = package(model, rows, name="a", path=tmp_path / "a.lading")
    assert done.parity.precision == "float64"
    assert done.notes == ("float64 precision was taken, since the graph needs it",)
    failing.append("float64")
    with pytest.raises(GraphFailedError, match="no such kernel"):
        package(model, rows, name="a", path=tmp_path / "a.lading")


FULL = """
import os, sys
import joblib, pandas as pd
from pathlib import Path
from lading.bundles.bundle import open_bundle
from lading.converters import package
model, rows = joblib.load(sys.argv[1]), pd.read_csv(sys.argv[2])
path = Path(sys.argv[3]) / "penguins.lading"
package(model, rows, name="penguins", target="species", path=path)
before = path.read_bytes()
filler = Path(sys.argv[3]) / "filler"
stream = os.open(filler, os.O_WRONLY | os.O_CREAT)
try:
    while True:
        os.write(stream, b"0" * 1024)
except OSError:
    os.close(stream)
try:
    package(model, rows, name="penguins", target="species", path=path, author="somebody")
except Exception as error:
    print(type(error).__name__, error)
assert path.read_bytes() == before
assert sorted(found.name for found in path.parent.iterdir()) == ["filler", "penguins.lading"]
filler.unlink()
package(model, rows, name="penguins", target="species", path=path, author="somebody")
with open_bundle(path) as bundle:
    print(bundle.manifest.provenance.author)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small volume in a namespace of its own")
def test_a_full_disk_leaves_the_old_bundle_and_a_retry_succeeds(files: Path, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    mount = f'mount -t tmpfs -o size=256k none {volume} && exec "$0" "$@"'
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    paths = [str(files / "model.joblib"), str(files / "rows.csv"), str(volume)]
    ended = subprocess.run(
        [*own, "sh", "-c", mount, sys.executable, "-c", FULL, *paths], capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    failed, retried = ended.stdout.splitlines()
    assert failed.startswith("DiskFullError no space left on the volume of")
    assert retried == "somebody"


@pytest.mark.parametrize("moment", ["loading the model", "converting", "proving", "writing"])
@pytest.mark.parametrize("old", [False, True], ids=["nothing there", "an old bundle"])
def test_an_interrupt_leaves_the_old_bundle_or_none(moment: str, old: bool, files: Path, tmp_path: Path) -> None:
    path = tmp_path / "penguins.lading"
    if old:
        path.write_bytes((files / "old.lading").read_bytes())
    script = [str(Path(sys.executable).parent / "lading"), "package", str(files / "model.joblib"), "--trust"]
    options = ["--data", str(files / "rows.csv"), "--target", "species", "--name", "penguins", "--output", str(path)]
    with subprocess.Popen([*script, *options], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith(moment):
                running.send_signal(signal.SIGINT)
                break
        _, said = running.communicate()
    left = {found.name for found in tmp_path.iterdir()}
    nothing, something = "interrupted; nothing was written\n", f"interrupted; {path} was written\n"
    assert "interrupted" not in said or said.endswith((nothing, something)), said
    if not said.endswith(nothing):  # it was done, or about to leave, before the signal arrived
        assert left == {path.name}
        with open_bundle(path) as bundle:
            assert (bundle.manifest.name, bundle.manifest.provenance.author) == ("penguins", None)
        return
    assert running.returncode == 130
    assert left == ({path.name} if old else set())
    assert not old or path.read_bytes() == (files / "old.lading").read_bytes()


def test_of_a_sensitive_column_nothing_is_described(penguin_model: Any, penguins: Any, tmp_path: Path) -> None:
    hidden = ("island", "body_mass_g", "species")
    path = tmp_path / "hidden.lading"
    packaged = package(penguin_model, penguins.frame, name="penguins", target="species", sensitive=hidden, path=path)
    with open_bundle(path) as bundle:
        fields = {field.name: field for field in bundle.manifest.signature.fields}
        profiles = {column.name: column for column in bundle.profile().columns}
        assert bundle.golden().rows > 0
        assert bundle.golden().records(bundle.manifest.signature) == []
        card = bundle.card()
    assert {name for name, field in fields.items() if field.sensitive} == {"island", "body_mass_g"}
    assert fields["body_mass_g"].range is None
    assert fields["flipper_length_mm"].range is not None
    for name in hidden:
        seen, frame = profiles[name], penguins.frame
        assert seen == ColumnProfile(
            name=name, type=seen.type, dtype=seen.dtype, count=len(frame), missing=int(frame[name].isna().sum())
        )
    assert profiles["sex"].categories
    assert "Biscoe" not in card or fields["island"].unknown == "refuse"
    assert str(int(penguins.frame["body_mass_g"].max())) not in card
    (note,) = packaged.notes
    assert "body_mass_g, island" in note


def test_a_sensitive_column_must_be_one_of_the_data(penguin_model: Any, penguins: Any, tmp_path: Path) -> None:
    with pytest.raises(UnknownSensitiveError, match=r"'tail'.*island"):
        package(penguin_model, penguins.train, name="penguins", sensitive="tail", path=tmp_path / "no.lading")
    with pytest.raises(ArgumentError, match="sensitive"):
        package(penguin_model, penguins.train, name="penguins", sensitive=[7], path=tmp_path / "no.lading")  # type: ignore[list-item]
    assert not (tmp_path / "no.lading").exists()


def test_nothing_is_said_of_what_is_not_sensitive(penguin_model: Any, penguins: Any, tmp_path: Path) -> None:
    package(penguin_model, penguins.train, name="penguins", path=tmp_path / "plain")
    assert b"sensitive" not in (tmp_path / "plain" / "manifest.json").read_bytes()
