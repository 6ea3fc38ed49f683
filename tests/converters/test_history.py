"""Further data: each with its digest, however it is given, and under a name that says what it was used for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from lading.bundles.bundle import open_bundle
from lading.bundles.provenance import Provenance
from lading.bundles.tables.data_digest import data_digest
from lading.bundles.tables.table import table_of
from lading.converters import package
from lading.converters.request import RoleError
from lading.converters.training_data import WrongColumnsError
from lading.core.main import main


def provenance(path: Path) -> Provenance:
    with open_bundle(path) as bundle:
        return bundle.manifest.provenance


def test_data_is_taken_in_every_form(penguin_model: Any, penguins: Any, tmp_path: Path) -> None:
    frame, held_out = penguins.frame.head(200), penguins.frame.tail(50).reset_index(drop=True)
    frame.to_parquet(tmp_path / "train.parquet", index=False)
    held_out.to_csv(tmp_path / "test.csv", index=False)
    made = package(
        penguin_model,
        tmp_path / "train.parquet",
        name="penguins",
        path=tmp_path / "x.lading",
        target="species",
        datasets={
            "frame": held_out,
            "file": tmp_path / "test.csv",
            "apart": (held_out.drop(columns="species"), held_out["species"]),
            "without-target": held_out.drop(columns="species"),
        },
    )
    found = provenance(made.path)
    whole = data_digest(table_of(held_out))
    assert (found.data.name, found.data.source) == ("train.parquet", "train.parquet")
    assert found.data.digest == data_digest(table_of(frame))
    assert found.datasets is not None
    assert {role: (data.digest == whole, data.target) for role, data in found.datasets.items()} == {
        "frame": (True, "species"),
        "file": (True, "species"),
        "apart": (False, "species"),  # the target is its last column
        "without-target": (False, None),
    }
    assert found.datasets["file"].name == "test.csv"
    assert found.datasets["frame"].name is None


def test_matrices_are_data_too(tmp_path: Path) -> None:
    rows, target = np.arange(20.0).reshape(10, 2), np.arange(10.0)
    model = LinearRegression().fit(rows, target)
    made = package(model, rows, name="x", y=target, path=tmp_path / "x", datasets={"test": (rows[:5], target[:5])})
    datasets = provenance(made.path).datasets
    assert datasets is not None
    assert (datasets["test"].rows, datasets["test"].columns, datasets["test"].target) == (5, 3, "target")


@pytest.mark.parametrize("role", ["training", "train", "Test", "", "a b", 3])
def test_a_name_that_says_nothing_is_refused(role: Any, tmp_path: Path) -> None:
    model = LinearRegression().fit([[1.0]], [1.0])
    with pytest.raises(RoleError, match="further data cannot be called"):
        package(model, np.ones((1, 1)), name="x", path=tmp_path / "x", datasets={role: np.ones((1, 1))})


def test_other_columns_are_refused(penguin_model: Any, penguins: Any, tmp_path: Path) -> None:
    with pytest.raises(WrongColumnsError):
        package(
            penguin_model, penguins.train, name="x", path=tmp_path / "x",
            datasets={"test": penguins.train.drop(columns="sex")},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("option", "words"),
    [
        pytest.param("test", "expected what the data was used for and its file", id="no file"),
        pytest.param("train=d.csv", "has a place of its own", id="the training"),
        pytest.param("test=gone.csv", "there is no such file", id="a file that is not there"),
    ],
)
def test_the_command_checks_them_first(
    option: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "d.csv").write_text("x\n1\n")
    files = ["package", str(tmp_path / "gone.skops"), "--data", str(tmp_path / "d.csv"), "--name", "x"]
    with pytest.raises(SystemExit) as ended:
        main([*files, "--dataset", option])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
