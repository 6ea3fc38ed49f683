"""``lading data-digest``: which data a file holds, and whether a model was trained on it."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest

from lading.bundles.draft import Draft, write_bundle
from lading.bundles.profile import ColumnProfile, Profile
from lading.bundles.provenance import Data
from lading.bundles.tables.data_digest import data_digest
from lading.bundles.tables.table import table_of
from lading.core.main import main

MakeDraft = Callable[..., Draft]

TRAIN = pd.DataFrame({"species": ["Adelie", "Gentoo", "Gentoo"], "mass": [3750.5, None, 5000.0], "year": [7, 8, 9]})
TEST = TRAIN.head(2)


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["data-digest", *map(str, arguments)])
    code = ended.value.code
    return 0 if code is None else int(code)


def record(frame: pd.DataFrame) -> Data:
    digest = data_digest(table_of(frame))
    return Data(digest=digest, rows=len(frame), columns=frame.shape[1], target="species")


@pytest.fixture
def bundle(make_draft: MakeDraft, draft: Draft, tmp_path: Path) -> Path:
    """A bundle that was trained on ``TRAIN`` and tested on ``TEST``, whose target lay apart."""
    last = TEST[["mass", "year", "species"]]
    provenance = draft.provenance.model_copy(update={"data": record(TRAIN), "datasets": {"test": record(last)}})
    kinds = {"species": "string", "mass": "number", "year": "integer"}
    columns = [ColumnProfile(name=n, type=kind, dtype="", count=3, missing=0) for n, kind in kinds.items()]
    profile = Profile(rows=3, columns=tuple(columns))
    write_bundle(make_draft(provenance=provenance, profile=profile), tmp_path / "b.lading")
    return tmp_path / "b.lading"


def written(frame: pd.DataFrame, path: Path) -> Path:
    match path.suffix:
        case ".csv":
            frame.to_csv(path, index=False)
        case ".parquet":
            frame.to_parquet(path)
        case _:
            pa.feather.write_feather(pa.Table.from_pandas(frame, preserve_index=False), path)
    return path


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.arrow"])
def test_a_file_has_the_digest_of_the_frame(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(TRAIN, tmp_path / name)
    assert run(path) == 0
    assert capsys.readouterr().out == record(TRAIN).digest + "\n"
    assert run(path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"digest": record(TRAIN).digest, "rows": 3, "columns": 3}


@pytest.mark.parametrize(
    ("frame", "role", "moved"),
    [
        pytest.param(TRAIN, "training", None, id="what it was trained on"),
        pytest.param(TEST, "test", "species", id="what it was tested with, the target elsewhere"),
        pytest.param(TEST[["mass", "year", "species"]], "test", None, id="what it was tested with"),
    ],
)
def test_the_data_of_a_bundle_is_known(
    frame: pd.DataFrame,
    role: str,
    moved: str | None,
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = written(frame, tmp_path / "x.parquet")
    assert run(path, bundle) == 0
    assert f"x.parquet is the {role} data of penguins 1.0.0" in capsys.readouterr().out
    assert run(path, bundle, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["data"], found["moved"]) == (role, moved)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        pytest.param(TRAIN.head(1), "it has 1 rows, the training data had 3", id="rows"),
        pytest.param(TRAIN.drop(columns="year"), "it lacks the column 'year'", id="a column less"),
        pytest.param(TRAIN.assign(z=1), "had no column 'z'", id="a column more"),
        pytest.param(TRAIN[["year", "mass", "species"]], "another order", id="the order of columns"),
        pytest.param(TRAIN.assign(year=1.5), "'year' is of the type number, .*it was integer", id="a type"),
        pytest.param(TRAIN[::-1], "rows have another order", id="the order of rows"),
    ],
)
def test_other_data_ends_with_4_and_says_in_what_it_differs(
    frame: pd.DataFrame, words: str, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(frame.reset_index(drop=True), tmp_path / "x.parquet")
    assert run(path, bundle, "--json") == 4
    error = json.loads(capsys.readouterr().out)["error"]
    assert re.search(words, error)
    assert record(TRAIN).digest in error
