"""``lading predict --keep``: columns of the input, copied as they are beside the answers."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from lading.core.main import main

HEADER = "bill length,mass,year,eggs,tagged,moulting,island,note,band,seen"
LINE = "3.91,3.75,2007,1,true,,Torgersen,heavy,1,yes"


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["predict", *map(str, arguments)])
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("header", "line", "expected"),
    [
        pytest.param("id", "007", "007", id="digits stay text"),
        pytest.param("id", '"a ""quoted"", one"', 'a "quoted", one', id="quotes and commas"),
        pytest.param("id", "NA", "NA", id="what could be a missing value is kept as it stands"),
        pytest.param("id", "", "", id="an empty cell"),
        pytest.param("ключ", "é\u202e", "é\u202e", id="any script"),
    ],
)
def test_kept_columns_are_copied(
    bundles: dict[str, Path], tmp_path: Path, header: str, line: str, expected: str
) -> None:
    given = tmp_path / "rows.csv"
    given.write_text(f"{header},{HEADER}\n{line},{LINE}\n", "utf-8")
    made = tmp_path / "answers.csv"
    assert run(bundles["penguins"], "-i", given, "-o", made, f"--keep={header}") == 0
    options = pyarrow.csv.ConvertOptions(column_types={header: pa.string()})
    assert pyarrow.csv.read_csv(made, convert_options=options).column(header).to_pylist() == [expected]


def test_all_columns_can_be_kept(bundles: dict[str, Path], tmp_path: Path) -> None:
    given = tmp_path / "rows.csv"
    given.write_text(f"{HEADER}\n{LINE}\n")
    made = tmp_path / "answers.csv"
    assert run(bundles["penguins"], "-i", given, "-o", made, "--keep", "all") == 0
    header, line = made.read_text().splitlines()
    assert header.startswith(HEADER + ",label,probability_Adelie")
    assert line.startswith(LINE + ",")


def test_cells_of_csv_are_kept_as_text_where_json_could_say_more(bundles: dict[str, Path], tmp_path: Path) -> None:
    given, made = tmp_path / "rows.csv", tmp_path / "answers.jsonl"
    given.write_text(f"id,{HEADER}\n007,{LINE}\n")
    assert run(bundles["penguins"], "-i", given, "-o", made, "--keep", "id", "--keep", "mass") == 0
    answer = json.loads(made.read_text())
    assert (answer["id"], answer["mass"]) == ("007", "3.75")
