"""``lading predict --threads``: the same answers, the same errors, whatever their number."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from lading.bundles.bundle import open_bundle
from lading.bundles.draft import write_bundle
from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.core.main import main
from lading.runtime.scoring.answer_files import GROUP_ROWS
from lading.runtime.scoring.plan import BATCH_BYTES, BATCH_ROWS, batch_rows
from tests.runtime.drafts import hoards

ROWS = 3 * BATCH_ROWS + 17


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["predict", *map(str, arguments)])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def penguins_rows(bundles: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Golden rows again and again, mixed up, with texts that are missing and a column to keep."""
    with open_bundle(bundles["penguins"]) as opened:
        golden = opened.golden().records(opened.manifest.signature)
    chosen = np.random.default_rng(1).integers(len(golden), size=ROWS)
    table = pa.Table.from_pylist([golden[place] for place in chosen])
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    pyarrow.parquet.write_table(table.append_column("id", pa.array(range(ROWS))), path, row_group_size=5000)
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrow", "jsonl"])
def test_the_file_is_the_same_to_the_byte(
    bundles: dict[str, Path], penguins_rows: Path, tmp_path: Path, suffix: str
) -> None:
    made = [tmp_path / f"{threads}.{suffix}" for threads in (1, 4)]
    for path, threads in zip(made, ("1", "4"), strict=True):
        arguments = ("-i", penguins_rows, "-o", path, "--keep", "id", "--threads", threads)
        assert run(bundles["penguins"], *arguments) == 0
    assert made[0].read_bytes() == made[1].read_bytes()


def test_rows_keep_their_order(bundles: dict[str, Path], penguins_rows: Path, tmp_path: Path) -> None:
    made = tmp_path / "answers.parquet"
    assert run(bundles["penguins"], "-i", penguins_rows, "-o", made, "--keep", "id", "--threads", "4") == 0
    answers = pyarrow.parquet.ParquetFile(made)
    assert answers.read(["id"]).column(0).to_pylist() == list(range(ROWS))
    assert answers.num_row_groups == -(-ROWS // GROUP_ROWS)


def test_the_first_wrong_row_is_named(
    bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["x0,x1,x2,x3", *[f"1,2,3,{4:.30f}"] * 2 * ROWS]  # some blocks, of which the last is no CSV
    for row in (BATCH_ROWS + 5, 2 * BATCH_ROWS + 5):
        lines[row] = "1,2,heavy,4"
    lines[-1] = "1,2"
    given, made = tmp_path / "rows.csv", tmp_path / "answers.csv"
    given.write_text("\n".join([*lines, ""]))
    assert run(bundles["cells"], "-i", given, "-o", made, "--threads", "4", "--json") == 2
    assert f"row {BATCH_ROWS + 5}, field 'x2': expected a number" in json.loads(capsys.readouterr().out)["error"]
    assert not made.exists()


def test_rows_that_the_model_cannot_answer_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_bundle(hoards(), tmp_path / "hoards.lading")
    (tmp_path / "rows.csv").write_text("mebibytes\n1\n1e7\n")
    assert run(tmp_path / "hoards.lading", "-i", tmp_path / "rows.csv", "-o", tmp_path / "answers.csv") == 2
    assert "rows.csv, rows 1 to 2: " in capsys.readouterr().err
    assert not (tmp_path / "answers.csv").exists()


def test_no_threads_are_a_mistake(bundles: dict[str, Path], penguins_rows: Path, tmp_path: Path) -> None:
    arguments = ("-i", penguins_rows, "-o", tmp_path / "answers.csv", "--threads", "0")
    assert run(bundles["penguins"], *arguments) == 2


@pytest.mark.parametrize(
    ("extents", "rows"),
    [
        pytest.param((4,), BATCH_ROWS, id="a few numbers"),
        pytest.param((3, 224, 224), BATCH_BYTES // (8 * 3 * 224 * 224), id="a picture"),
        pytest.param((1 << 24,), 1, id="more than there is room for"),
    ],
)
def test_rows_with_many_numbers_are_answered_in_smaller_batches(extents: tuple[int, ...], rows: int) -> None:
    field = Field(name="pixels", type="number", dtype="float64", shape=extents, feed=Feed(input="pixels"))
    tensor = Tensor(name="pixels", dtype="float64", shape=("N", *extents))
    answer = Output(tensor=Tensor(name="sum", dtype="float64", shape=("N",)), meaning="value")
    assert batch_rows(Signature(form="tensors", fields=(field,), inputs=(tensor,), outputs=(answer,))) == rows
