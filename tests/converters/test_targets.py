"""Targets: several columns of the data, or a table apart, whose names the outputs get."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from onnx import helper
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from lading.bundles.answer_names import keys
from lading.bundles.bundle import open_bundle
from lading.bundles.manifest import Manifest
from lading.converters import package
from lading.converters.targets import TargetNamesError, WrongTargetError, columns_apart, naming
from lading.converters.tracking import track
from lading.core.errors import UsageError
from lading.core.main import main
from tests.converters.conftest import converted

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["pressure", "warmth"])
RAIN = np.where(ROWS["pressure"] > 0.3, "yes", "no")
WIND = np.array(["calm", "fresh", "storm"])[np.digitize(ROWS["warmth"], [-0.5, 0.5])]
TARGETS = pd.DataFrame({"rain": RAIN, "wind": WIND})
WHOLE = pd.concat([ROWS, TARGETS], axis=1)
NAMED = ["label_rain", "probabilities_rain", "label_wind", "probabilities_wind"]


@pytest.fixture(scope="module")
def model() -> Any:
    return MultiOutputClassifier(LogisticRegression()).fit(ROWS, TARGETS)


def manifest(path: Path) -> Manifest:
    with open_bundle(path) as bundle:
        return bundle.manifest


@pytest.fixture
def packaged(model: Any, tmp_path: Path) -> Any:
    """Packages the model, and says what the bundle does."""

    def made(data: object, **given: Any) -> Manifest:
        return manifest(package(model, data, name="weather", path=tmp_path / "weather.lading", **given).path)

    return made


@pytest.mark.parametrize(
    ("data", "given"),
    [
        pytest.param(WHOLE, {"target": ["rain", "wind"]}, id="columns of the data"),
        pytest.param(ROWS, {"y": TARGETS}, id="a table apart"),
        pytest.param(ROWS, {"y": pl.DataFrame(TARGETS)}, id="a table of polars"),
        pytest.param(ROWS, {"y": pa.Table.from_pandas(TARGETS)}, id="a table of Arrow"),
        pytest.param(ROWS, {"y": TARGETS.to_numpy(), "target": ("rain", "wind")}, id="a matrix with names"),
    ],
)
def test_outputs_are_named_after_their_targets(packaged: Any, data: object, given: dict[str, Any]) -> None:
    found = packaged(data, **given)
    assert [output.tensor.name for output in found.signature.outputs] == NAMED == keys(found.signature)
    assert [output.targets for output in found.signature.outputs] == [("rain",), ("rain",), ("wind",), ("wind",)]
    assert (found.provenance.data.columns, found.provenance.data.target) == (4, None)
    assert found.parity.label_flips == 0


def test_several_targets_inside_or_apart_are_the_same_data(packaged: Any) -> None:
    inside = packaged(WHOLE, target=["rain", "wind"])
    assert packaged(ROWS, y=TARGETS).provenance.data == inside.provenance.data


@pytest.mark.parametrize("given", [{}, {"y": TARGETS.to_numpy()}], ids=["not given", "a matrix"])
def test_targets_without_names_are_told_by_their_places(packaged: Any, given: dict[str, Any]) -> None:
    found = packaged(ROWS, **given).signature.outputs
    assert [output.tensor.name for output in found] == ["label_0", "probabilities_0", "label_1", "probabilities_1"]


def test_the_values_of_a_regression_get_their_names(tmp_path: Path) -> None:
    regression = LinearRegression().fit(ROWS, ROWS.to_numpy() @ np.array([[1.0, 2.0], [3.0, 4.0]]))
    values = WHOLE.assign(rain=1.0, wind=2.0)
    made = package(regression, values, name="weather", target=["rain", "wind"], path=tmp_path / "weather.lading")
    (value,) = manifest(made.path).signature.outputs
    assert (value.meaning, value.targets) == ("value", ("rain", "wind"))


def test_what_a_watched_training_saw_has_its_names(tmp_path: Path) -> None:
    with track():
        watched = MultiOutputClassifier(LogisticRegression()).fit(ROWS, TARGETS)
    made = manifest(package(watched, name="weather", path=tmp_path / "weather.lading").path)
    assert [output.tensor.name for output in made.signature.outputs] == NAMED
    training = made.provenance.experiment.training
    assert training is not None
    assert training.rows == 60


def test_further_data_has_its_targets_inside_or_apart(packaged: Any) -> None:
    further = {"inside": WHOLE[:20], "apart": (ROWS[:20], TARGETS[:20])}
    found = packaged(WHOLE, target=["rain", "wind"], datasets=further).provenance.datasets
    assert found["inside"].digest == found["apart"].digest


def test_the_shell_names_each(model: Any, tmp_path: Path) -> None:
    joblib.dump(model, tmp_path / "model.joblib")
    WHOLE.to_csv(tmp_path / "rows.csv", index=False)
    command = [
        "package",
        str(tmp_path / "model.joblib"),
        "--trust",
        "--data",
        str(tmp_path / "rows.csv"),
        "--name",
        "weather",
    ]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--target", "rain", "--target", "wind", "--output", str(tmp_path / "weather.lading")])
    assert ended.value.code == 0
    assert [output.tensor.name for output in manifest(tmp_path / "weather.lading").signature.outputs] == NAMED


@pytest.mark.parametrize(
    ("data", "given", "said"),
    [
        pytest.param(
            WHOLE.assign(snow=0), {"target": ["rain", "wind", "snow"]},
            "3 targets are named, rain, wind, snow, and the model predicts 2; name each of what it predicts", id="more than it has",
        ),
        pytest.param(WHOLE, {"target": ["rain", "rain"]}, "the target 'rain' is named twice", id="one twice"),
        pytest.param(ROWS, {"y": TARGETS, "target": ["rain"]}, "y has 2 columns, 1 targets are named", id="fewer than y has"),
        pytest.param(ROWS, {"y": RAIN, "target": ["rain", "wind"]}, "y has 1 columns, 2 targets are named", id="more than y has"),
        pytest.param(ROWS, {"y": TARGETS[:5]}, "y has 5 values, the data has 60 rows", id="fewer rows"),
        pytest.param(WHOLE, {"target": ["rain", "snow"]}, "the data has no column 'snow' for the target", id="a name of nothing"),
    ],
)  # fmt: skip
def test_names_that_do_not_fit_are_refused(packaged: Any, data: object, given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        packaged(data, **given)


def test_names_that_would_be_two_of_one_in_a_table_are_refused(tmp_path: Path) -> None:
    targets = pd.DataFrame({"rain": np.where(RAIN == "yes", "wind_no", "dry"), "rain_wind": RAIN})
    model = MultiOutputClassifier(LogisticRegression()).fit(ROWS, targets)
    with pytest.raises(TargetNamesError, match="both be called probabilities_rain_wind_no in a table"):
        package(model, ROWS, y=targets, name="weather", path=tmp_path / "weather.lading")


def test_a_name_that_the_graph_has_for_something_else_is_refused(model: Any) -> None:
    made = converted(model, ROWS)
    proto = onnx.load_from_string(made.model)
    proto.graph.node.append(helper.make_node("Identity", ["label_0"], ["label_rain"]))

    class Own:
        """A converter of one graph."""

        name = "own"

        def convert(self, *_: object) -> Any:
            return replace(made, model=proto.SerializeToString())

    with pytest.raises(TargetNamesError, match="the graph has a tensor called label_rain of its own; rename"):
        naming(Own(), ["rain", "wind"]).convert(model, "frame", (), "mixed")  # type: ignore[arg-type]


def test_one_column_of_a_matrix_is_asked_for_as_a_column() -> None:
    with pytest.raises(WrongTargetError, match=r"give one column: y.ravel\(\)"):
        columns_apart(np.ones((3, 1)), 3, ())
