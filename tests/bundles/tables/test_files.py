"""Files of rows: whatever their format, the same table, and a reason where there is none."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest

from lading.bundles.tables import DataFileError
from lading.bundles.tables.table import Table, read_table, table_of


def rows_of(table: Table) -> list[tuple[object, ...]]:
    columns = [values.tolist() for values in table.columns_as_numpy().values()]
    return [tuple(None if value != value else value for value in row) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.pq", "t.arrow", "t.feather"])
def test_files_are_tables(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame(
        {
            "x": [0.5, np.nan, 2.0, 3.0],
            "s": pd.array(["a", None, "b", "c"], dtype="string"),
            "n": [1, 2, 3, 4],
            "b": [True, False, True, True],
        }
    )
    path = tmp_path / name
    if path.suffix == ".csv":
        frame.to_csv(path, index=False, na_rep="NA")
    elif path.suffix in (".arrow", ".feather"):
        pyarrow.feather.write_feather(pa.Table.from_pandas(frame), path)
    else:
        frame.to_parquet(path)
    table = read_table(path)
    assert [column.type for column in table.columns] == ["number", "string", "integer", "boolean"]
    assert rows_of(table) == rows_of(table_of(frame))


def test_an_empty_text_in_quotes_is_text_in_a_csv_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('s,n\n"",1\n,2\n"NA",3\nNA,4\n')
    assert rows_of(read_table(tmp_path / "t.csv")) == [("", 1), (None, 2), ("NA", 3), (None, 4)]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        pytest.param("t.csv", b"a,b\n1\n", "CSV parse error", id="ragged"),
        pytest.param("t.csv", b"", "Empty CSV file", id="empty"),
        pytest.param("t.parquet", b"PAR1", "cannot be read", id="cut short"),
        pytest.param("t.arrow", b"no arrow", "cannot be read", id="no arrow"),
        pytest.param("t.xlsx", b"", "must end in one of .csv, .parquet", id="unknown"),
        pytest.param("t.csv", None, "there is no such file", id="not there"),
        pytest.param("t.parquet", None, "there is no such file", id="no such Parquet file"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path: Path, name: str, content: bytes | None, problem: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataFileError) as caught:
        read_table(tmp_path / name)
    assert problem in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
