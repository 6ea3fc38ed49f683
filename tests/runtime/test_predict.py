"""``lading predict``: files of rows in, files of answers out."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from lading.bundles.bundle import open_bundle
from lading.bundles.signature import Field
from lading.core.main import main
from lading.runtime.app import Application
from lading.runtime.scoring.answer_files import new_answers
from lading.runtime.tables.row_values import values_of

Rows = list[dict[str, Any]]

HEADER = "bill length,mass,year,eggs,tagged,moulting,island,note,band,seen"
LINE = "3.91,3.75,2007,1,true,,Torgersen,heavy,1,yes"


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["predict", *map(str, arguments)])
    return int(ended.value.code or 0)


def records(bundle: Path) -> Rows:
    with open_bundle(bundle) as opened:
        return opened.golden().records(opened.manifest.signature)


def answers_of(app: Application, name: str, rows: Rows) -> Rows:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            return await client.post(f"/models/{name}/predict", json=rows)

    answer = asyncio.run(ask())
    assert answer.status_code == 200, answer.text
    found: Rows = answer.json()
    return found


def flat(answers: Rows) -> Rows:
    """The server's answers under the names that the columns of a file have."""
    return [
        {"label": answer["label"]} | {f"probability_{name}": share for name, share in answer["probabilities"].items()}
        for answer in answers
    ]


def write(path: Path, rows: Rows) -> Path:
    table = pa.Table.from_pylist(rows)
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    elif path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, path)
    elif path.suffix == ".feather":
        pyarrow.feather.write_feather(table, path)
    else:
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)
    return path


def read(path: Path) -> Rows:
    if path.suffix == ".csv":
        options = pyarrow.csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
        found: Rows = pyarrow.csv.read_csv(path, convert_options=options).to_pylist()
    elif path.suffix == ".jsonl":
        found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    elif path.suffix == ".parquet":
        found = pyarrow.parquet.read_table(path).to_pylist()
    else:
        found = pyarrow.feather.read_table(path).to_pylist()
    return found


def in_float32(rows: Rows) -> Rows:
    """Numbers as the graph gave them; JSON and CSV write a float32 in fewer digits than a double has."""
    return [
        {name: np.float32(value) if isinstance(value, float) else value for name, value in row.items()} for row in rows
    ]


@pytest.mark.parametrize("source", [".csv", ".parquet", ".feather", ".arrow"])
@pytest.mark.parametrize("target", [".csv", ".parquet", ".feather", ".arrow", ".jsonl"])
def test_the_answers_are_those_of_the_server(
    bundles: dict[str, Path], app: Application, tmp_path: Path, source: str, target: str
) -> None:
    rows = records(bundles["penguins"])
    given, made = write(tmp_path / f"rows{source}", rows), tmp_path / f"answers{target}"
    assert run(bundles["penguins"], "--input", given, "--output", made) == 0
    assert in_float32(read(made)) == in_float32(flat(answers_of(app, "penguins", rows)))


def test_a_lonely_null_is_no_empty_line(tmp_path: Path) -> None:
    column = pa.record_batch({"value": [1.5, None]})
    with new_answers(tmp_path / "answers.csv", column.schema, 0) as writer:
        writer.write(writer.render(column))
    assert (tmp_path / "answers.csv").read_text() == 'value\n1.5\n""\n'


def test_labels_keep_their_type(bundles: dict[str, Path], tmp_path: Path) -> None:
    given = write(tmp_path / "rows.csv", [{"weight": 1.0, "width": 2.0}, {"weight": None, "width": -1.0}])
    made = tmp_path / "answers.parquet"
    assert run(bundles["coins"], "-i", given, "-o", made) == 0
    assert pyarrow.parquet.read_schema(made).types == [pa.bool_(), pa.float64(), pa.float64()]
    assert [row["label"] for row in read(made)] == [True, False]


def test_a_value_is_one_column(bundles: dict[str, Path], tmp_path: Path) -> None:
    given = write(tmp_path / "rows.csv", [{"x0": 1, "x1": 2, "x2": 3, "x3": 4}])
    assert run(bundles["cells"], "-i", given, "-o", tmp_path / "answers.csv") == 0
    assert (tmp_path / "answers.csv").read_text() == "value\n4\n"


def test_tensors_come_from_lists_and_go_as_json(bundles: dict[str, Path], app: Application, tmp_path: Path) -> None:
    rows = records(bundles["images"])
    made = tmp_path / "answers.jsonl"
    assert run(bundles["images"], "-i", write(tmp_path / "rows.parquet", rows), "-o", made) == 0
    expected = answers_of(app, "images", rows)
    for found, answer in zip(read(made), expected, strict=True):
        assert json.loads(found["sums"]) == answer["sums"]
        assert (found["again"], found["shifted"]) == (answer["again"], answer["shifted"])
        assert {"left": found["value_left"], "right": found["value_right"]} == answer["value"]


def test_tensors_of_open_extents_come_from_lists_too(
    bundles: dict[str, Path], app: Application, tmp_path: Path
) -> None:
    rows = records(bundles["mosaics"])
    made = tmp_path / "answers.jsonl"
    nested = {"nothing": pa.list_(pa.list_(pa.list_(pa.bool_())))}
    columns = {name: pa.array([row[name] for row in rows], nested.get(name)) for name in rows[0]}
    pa.parquet.write_table(pa.table(columns), tmp_path / "rows.parquet")
    assert run(bundles["mosaics"], "-i", tmp_path / "rows.parquet", "-o", made) == 0
    for found, answer in zip(read(made), answers_of(app, "mosaics", rows), strict=True):
        for name in ("moved", "again", "still"):
            assert json.loads(found[name]) == answer[name]
        assert (found["sum"], found["first"]) == (answer["sum"], answer["first"])


def test_lists_of_several_lengths_are_no_tensor(
    bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        row | {"pixels": pixels}
        for row, pixels in zip(records(bundles["images"]), ([[1.0] * 4] * 2, [[1.0] * 4] * 4), strict=True)
    ]
    given = write(tmp_path / "rows.parquet", rows)
    assert run(bundles["images"], "-i", given, "-o", tmp_path / "answers.jsonl") == 2
    assert "field 'pixels': holds lists of 2 and 4 values; give lists of one length" in capsys.readouterr().err


def test_nan_is_null_and_infinity_is_itself(bundles: dict[str, Path], tmp_path: Path) -> None:
    given = write(tmp_path / "rows.csv", [{"x": -4.0}, {"x": 0.0}])
    assert run(bundles["roots"], "-i", given, "-o", tmp_path / "answers.csv") == 0
    assert (tmp_path / "answers.csv").read_text() == "root,log\n,\n0,-inf\n"


def test_categories_keep_their_values_when_batches_number_them_anew(bundles: dict[str, Path], tmp_path: Path) -> None:
    batches = [
        pa.record_batch({"weight": [1.0], "width": [2.0], "kind": pa.array([kind]).dictionary_encode()})
        for kind in ("a", "b")
    ]
    with pa.ipc.new_stream(tmp_path / "rows.arrow", batches[0].schema) as stream:
        for batch in batches:
            stream.write_batch(batch)
    assert run(bundles["coins"], "-i", tmp_path / "rows.arrow", "-o", tmp_path / "out.csv", "--keep", "kind") == 0
    assert [line.split(",")[0] for line in (tmp_path / "out.csv").read_text().splitlines()] == ["kind", "a", "b"]


@pytest.mark.parametrize(
    ("column", "text", "same"),
    [
        pytest.param("bill length", "NA", "", id="NA is missing where numbers may be"),
        pytest.param("bill length", " 3.5 ", "3.5", id="spaces around a number"),
        pytest.param("bill length", "1e1", "10", id="an exponent"),
        pytest.param("eggs", "2.0", "2", id="a whole number that was written as a float"),
        pytest.param("eggs", "nan", "", id="nan is missing where integers may be"),
        pytest.param("mass", "+3.5", "3.5", id="a plus sign"),
        pytest.param("year", "+2007", "2007", id="a plus sign of an integer"),
        pytest.param("tagged", "1", "true", id="1 is true"),
        pytest.param("tagged", "False", "false", id="capitals"),
        pytest.param("moulting", "null", "", id="null is missing where booleans may be"),
        pytest.param("note", "NA", "", id="NA is missing where text may be"),
        pytest.param("band", "1.0", "1", id="categories that are integers"),
    ],
)
def test_text_of_csv_becomes_what_the_field_is(
    bundles: dict[str, Path], tmp_path: Path, column: str, text: str, same: str
) -> None:
    given, position = tmp_path / "rows.csv", HEADER.split(",").index(column)
    lines = []
    for cell in (text, same):
        cells = LINE.split(",")
        cells[position] = cell
        lines.append(",".join(cells))
    given.write_text("\n".join([HEADER, *lines, ""]))
    assert run(bundles["penguins"], "-i", given, "-o", tmp_path / "answers.csv") == 0
    _, first, second = (tmp_path / "answers.csv").read_text().splitlines()
    assert first == second


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        pytest.param("mass", "heavy", "row 3, field 'mass': expected a number, found 'heavy'", id="not a number"),
        pytest.param("mass", "", "row 3, field 'mass': is null", id="missing where nothing may be"),
        pytest.param(
            "mass", "1_000", "row 3, field 'mass': expected a number, found '1_000'", id="as Python writes it"
        ),
        pytest.param("mass", "\u0663", "row 3, field 'mass': expected a number", id="digits of another script"),
        pytest.param("year", "2007.5", "row 3, field 'year'", id="not an integer"),
        pytest.param("year", "0x7d7", "row 3, field 'year': expected an integer, found '0x7d7'", id="hexadecimal"),
        pytest.param("tagged", "maybe", "row 3, field 'tagged': expected true or false, found 'maybe'", id="neither"),
        pytest.param("island", "Atlantis", "row 3, field 'island': 'Atlantis' is unknown", id="unknown category"),
        pytest.param("note", "a,b", "row 3 has 11 cells, the header names 10", id="a cell too many"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_written(
    bundles: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    column: str,
    text: str,
    said: str,
) -> None:
    cells = LINE.split(",")
    cells[HEADER.split(",").index(column)] = text
    given, made = tmp_path / "rows.csv", tmp_path / "answers.csv"
    given.write_text("\n".join([HEADER, LINE, LINE, ",".join(cells), LINE, ""]), "utf-8")
    made.write_text("old")
    assert run(bundles["penguins"], "-i", given, "-o", made) == 2
    assert said in capsys.readouterr().err
    assert made.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["answers.csv", "rows.csv"]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        pytest.param(["9007199254740993", None], [9007199254740993, None], id="beyond a double, with a missing one"),
        pytest.param(["18446744073709551615"], [18446744073709551615], id="beyond 64 bits with a sign"),
        pytest.param(["2.0", "3"], [2, 3], id="written as floats"),
    ],
)
def test_integers_are_not_rounded(texts: list[str | None], values: list[int | None]) -> None:
    columns = {"n": pa.array(texts, pa.string())}
    field = Field(name="n", type="integer", dtype="int64", nullable=True)
    assert values_of(columns, [field], textual=True)["n"].tolist() == values


def test_rows_are_counted_over_all_batches(
    bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: Rows = [{"x0": 1.0, "x1": 2.0, "x2": 3.0, "x3": 4.0}] * 20_000 + [
        {"x0": 1.0, "x1": None, "x2": 3.0, "x3": 4.0}
    ]
    given = write(tmp_path / "rows.parquet", rows)
    assert run(bundles["cells"], "-i", given, "-o", tmp_path / "answers.csv") == 2
    assert "row 20001, field 'x1'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("rows.csv", "weight\n1\n", "has no column 'width'", id="a column is missing"),
        pytest.param("rows.csv", "weight,Width\n1,2\n", "has 'Width' but no column 'width'", id="one is misspelt"),
        pytest.param(
            "rows.csv", "weight,width,width\n1,2,3\n", "has 2 times the column 'width'", id="one is there twice"
        ),
        pytest.param("rows.csv", "", "it is empty", id="an empty file"),
        pytest.param("rows.csv", "weight,width\n1,\x00\xff2\n", "row 1, field 'width'", id="noise"),
        pytest.param("rows.parquet", "weight,width\n1,2\n", "cannot be read", id="CSV that calls itself Parquet"),
        pytest.param("rows.arrow", "weight,width\n1,2\n", "cannot be read", id="CSV that calls itself Arrow"),
        pytest.param("rows.xlsx", "", "has to end in one of .csv", id="an unknown format"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused(
    bundles: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: str,
    said: str,
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    assert run(bundles["coins"], "-i", tmp_path / name, "-o", tmp_path / "answers.csv") == 2
    assert said in capsys.readouterr().err
    assert os.listdir(tmp_path) == [name]


def test_text_in_another_encoding_is_refused(
    bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").write_bytes("weight,width\n1,\u00e9\n".encode("latin-1"))
    assert run(bundles["coins"], "-i", tmp_path / "rows.csv", "-o", tmp_path / "answers.csv") == 2
    assert "UTF" in capsys.readouterr().err


def test_no_file_there(bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bundles["coins"], "-i", tmp_path / "no.csv", "-o", tmp_path / "answers.csv") == 2
    assert "No such file" in capsys.readouterr().err


def test_no_folder_to_write_to(bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = write(tmp_path / "rows.csv", [{"weight": 1.0, "width": 2.0}])
    assert run(bundles["coins"], "-i", given, "-o", tmp_path / "no" / "answers.csv") == 2
    assert "cannot write" in capsys.readouterr().err


def test_an_unknown_output_format_is_refused_before_anything_is_read(
    bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bundles["coins"], "-i", tmp_path / "no.csv", "-o", tmp_path / "answers.txt") == 2
    assert ".jsonl" in capsys.readouterr().err


def test_the_answers_never_replace_the_rows(bundles: dict[str, Path], tmp_path: Path) -> None:
    given = write(tmp_path / "rows.csv", [{"weight": 1.0, "width": 2.0}])
    before = given.read_bytes()
    (tmp_path / "link.csv").symlink_to(given)
    assert run(bundles["coins"], "-i", given, "-o", tmp_path / "link.csv") == 3
    assert given.read_bytes() == before


def test_a_kept_column_and_an_answer_of_one_name_are_a_conflict(bundles: dict[str, Path], tmp_path: Path) -> None:
    given = write(tmp_path / "rows.csv", [{"weight": 1.0, "width": 2.0, "label": "old"}])
    assert run(bundles["coins"], "-i", given, "-o", tmp_path / "answers.csv", "--keep", "all") == 3
    assert run(bundles["coins"], "-i", given, "-o", tmp_path / "answers.csv", "--keep", "weight") == 0


def test_a_kept_column_that_the_format_cannot_hold_is_refused(
    bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = write(tmp_path / "rows.parquet", [{"weight": 1.0, "width": 2.0, "points": [1, 2]}])
    assert run(bundles["coins"], "-i", given, "-o", tmp_path / "answers.csv", "--keep", "points") == 2
    assert "cannot hold a column" in capsys.readouterr().err
    assert run(bundles["coins"], "-i", given, "-o", tmp_path / "answers.jsonl", "--keep", "points") == 0
    assert read(tmp_path / "answers.jsonl")[0]["points"] == [1, 2]


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_no_rows_give_no_answers(bundles: dict[str, Path], tmp_path: Path, name: str) -> None:
    given = tmp_path / name
    if given.suffix == ".csv":
        given.write_text("id,weight,width\n")
    else:
        pyarrow.parquet.write_table(pa.table({"id": ["a"], "weight": [1.0], "width": [2.0]}).slice(0, 0), given)
    assert run(bundles["coins"], "-i", given, "-o", tmp_path / "answers.csv", "--keep", "id") == 0
    assert (tmp_path / "answers.csv").read_text() == "id,label,probability_false,probability_true\n"


def test_the_report_says_what_was_ignored(
    bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = write(tmp_path / "rows.csv", [{"weight": 1.0, "width": 2.0, "extra": 1, "id": 7}])
    made = tmp_path / "answers.csv"
    assert run(bundles["coins"], "-i", given, "-o", made, "--keep", "id", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    with open_bundle(bundles["coins"]) as opened:
        assert report["bundle"] == {"name": "coins", "version": "1.0.0", "digest": opened.digest}
    assert (report["rows"], report["ignored_columns"], report["output"]) == (1, ["extra"], str(made))
    assert report["columns"] == ["id", "label", "probability_false", "probability_true"]
    assert run(bundles["coins"], "-i", given, "-o", made) == 0
    assert "Ignored columns that the model does not take: extra, id" in capsys.readouterr().err


def test_a_damaged_bundle_ends_with_4(bundles: dict[str, Path], tmp_path: Path) -> None:
    damaged = bytearray(bundles["coins"].read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "coins.lading").write_bytes(damaged)
    given = write(tmp_path / "rows.csv", [{"weight": 1.0, "width": 2.0}])
    assert run(tmp_path / "coins.lading", "-i", given, "-o", tmp_path / "answers.csv") == 4


def test_without_pyarrow_it_says_what_to_install(
    bundles: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.startswith(("pyarrow", "lading.runtime.scoring.", "lading.runtime.tables.")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert run(bundles["coins"], "-i", tmp_path / "rows.csv", "-o", tmp_path / "answers.csv") == 2
    assert "lading[tables]" in capsys.readouterr().err
