import hashlib
import json
import re
import struct
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lading.bundles.tables.data_digest import data_digest
from lading.bundles.tables.table import read_table, table_of

PAGE = Path(__file__).parents[3] / "docs" / "data-digest.md"

STAMPS = pd.to_datetime(["2007-11-11T08:00:00.25", "NaT", "1969-12-31T23:59:59.5"], format="ISO8601")

FRAME = pd.DataFrame(
    {
        "mass": [3750.0, np.nan, -0.0],
        "island": pd.Categorical(["Biscoe", None, "Île"]),
        "tagged": pd.array([True, False, None], dtype="boolean"),
        "seen": STAMPS,
    }
)

EVERYTHING = FRAME.assign(
    year=np.array([2007, 2008, 2009], dtype=np.int16),
    count=pd.array([1, None, 2**60], dtype="Int64"),
    narrow=np.array([0.1, np.nan, np.inf], dtype=np.float32),
    name=pd.array(["a", None, ""], dtype="str"),
    zoned=STAMPS.tz_localize("UTC"),
)


def digest(data: object) -> str:
    return data_digest(table_of(data))


def arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def block(name: str) -> str:
    found = re.search(rf"```{name}\n(.*?)\n```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_of_the_page_is_right_in_every_byte() -> None:
    document = json.loads(block("document"))
    streams = {column["name"]: column["streams"] for column in document["columns"]}
    listed = [line.split() for line in block("streams").splitlines()]
    assert {(column, stream) for column, stream, _ in listed} == {
        (column, stream) for column, found in streams.items() for stream in found
    }
    for column, stream, content in listed:
        assert hashlib.sha256(bytes.fromhex(content)).hexdigest() == streams[column][stream]
    assert f"sha256:{hashlib.sha256(block('document').encode()).hexdigest()}" == block("digest") == digest(FRAME)


@pytest.mark.parametrize(
    "container",
    [
        pytest.param(arrow, id="arrow"),
        pytest.param(pl.from_pandas, id="polars"),
        pytest.param(lambda frame: pa.Table.from_batches(arrow(frame).to_batches(max_chunksize=1)), id="chunks"),
        pytest.param(lambda frame: arrow(frame).to_batches()[0], id="record batch"),
        pytest.param(lambda frame: frame.set_index(pd.Index([7, 8, 9])), id="another index"),
        pytest.param(lambda frame: pd.concat([frame.iloc[:1], frame.iloc[1:]]), id="pieces"),
        pytest.param(lambda frame: frame.assign(seen=frame.seen.astype("datetime64[ns]")), id="nanoseconds"),
        pytest.param(lambda frame: frame.assign(name=frame.name.astype(object)), id="objects"),
        pytest.param(lambda frame: frame.assign(name=frame.name.astype("string[python]")), id="string"),
        pytest.param(
            lambda frame: frame.astype({"mass": "double[pyarrow]", "count": "int64[pyarrow]"}), id="arrow dtypes"
        ),
        pytest.param(
            lambda frame: frame.assign(island=frame.island.cat.set_categories(["x", "Île", "Biscoe"], ordered=True)),
            id="categories in another order",
        ),
    ],
)
def test_the_container_plays_no_part(container: Callable[[pd.DataFrame], object]) -> None:
    assert digest(container(EVERYTHING)) == digest(EVERYTHING)


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "polars.parquet"])
def test_files_have_the_digest_of_the_frame_that_was_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "polars.parquet":
        pl.from_pandas(EVERYTHING).write_parquet(path)
    elif path.suffix == ".parquet":
        EVERYTHING.to_parquet(path)
    else:
        pyarrow.feather.write_feather(arrow(EVERYTHING), path)
    assert data_digest(read_table(path)) == digest(EVERYTHING)


def test_categories_of_numbers_are_their_numbers_since_parquet_forgets_them(tmp_path: Path) -> None:
    frame = pd.DataFrame({"i": pd.Categorical([1, 2, None]), "f": pd.Categorical([0.5, None, 2.0])})
    frame.to_parquet(tmp_path / "t.parquet")
    assert data_digest(read_table(tmp_path / "t.parquet")) == digest(frame)
    assert digest(frame) == digest(pd.DataFrame({"i": pd.array([1, 2, None], dtype="Int64"), "f": [0.5, np.nan, 2.0]}))


def test_seconds_that_parquet_turns_into_milliseconds_stay_the_same_moments(tmp_path: Path) -> None:
    table = pa.table({"t": pa.array([0, None, -1], type=pa.timestamp("s"))})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    assert data_digest(read_table(tmp_path / "t.parquet")) == digest(table)


def test_a_date_is_a_moment_without_a_time() -> None:
    dates = pa.array([0, None, -1], type=pa.date32())
    assert digest(pa.table({"t": dates})) == digest(pa.table({"t": dates.cast(pa.date64())}))
    assert digest(pa.table({"t": dates})) != digest(pa.table({"t": dates.cast(pa.timestamp("s"))}))


def test_a_csv_file_of_the_same_types_has_the_same_digest(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [0.1, np.nan, 2.0], "n": [1, 2, 3], "s": ["a", None, "ü"], "b": [True, False, True]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert data_digest(read_table(tmp_path / "t.csv")) == digest(frame)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda frame: frame.rename(columns={"mass": "weight"}), id="name"),
        pytest.param(lambda frame: frame.astype({"year": np.int32}), id="dtype"),
        pytest.param(lambda frame: frame.astype({"narrow": np.float64}), id="precision"),
        pytest.param(lambda frame: frame.astype({"island": "str"}), id="category to text"),
        pytest.param(lambda frame: frame.assign(zoned=frame.zoned.dt.tz_convert("Europe/Berlin")), id="zone"),
        pytest.param(lambda frame: frame.iloc[::-1], id="row order"),
        pytest.param(lambda frame: frame[[*reversed(frame.columns)]], id="column order"),
        pytest.param(lambda frame: frame.iloc[:2], id="a row less"),
        pytest.param(lambda frame: frame.drop(columns="year"), id="a column less"),
        pytest.param(lambda frame: frame.assign(mass=[3750.0, np.nan, 0.0]), id="sign of zero"),
        pytest.param(lambda frame: frame.assign(mass=[3750.0, 0.0, -0.0]), id="zero for missing"),
        pytest.param(lambda frame: frame.assign(name=["a", "", ""]), id="empty for missing"),
        pytest.param(lambda frame: frame.assign(name=["", None, "a"]), id="text in another row"),
        pytest.param(lambda frame: frame.assign(tagged=[True, False, False]), id="false for missing"),
        pytest.param(lambda frame: frame.assign(island=pd.Categorical(["Biscoe", None, "Dream"])), id="category"),
        pytest.param(lambda frame: frame.assign(count=pd.array([1, None, 2**60 + 1], dtype="Int64")), id="integer"),
        pytest.param(lambda frame: frame.assign(seen=frame.seen + pd.Timedelta(1, "us")), id="microsecond"),
    ],
)
def test_any_change_changes_it(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    assert digest(change(EVERYTHING)) != digest(EVERYTHING)


def test_names_and_cells_cannot_be_shifted_into_each_other() -> None:
    assert digest(pd.DataFrame({"ab": ["c"]})) != digest(pd.DataFrame({"a": ["bc"]}))
    assert digest(pd.DataFrame({"x": ["ab", "c"]})) != digest(pd.DataFrame({"x": ["a", "bc"]}))


COLUMN_LISTS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats(width=64)),
        st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=8)),
    ),
    max_size=30,
)


@given(COLUMN_LISTS, st.integers(1, 31))
def test_chunks_play_no_part_and_another_implementation_agrees(rows: list[tuple[Any, ...]], size: int) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []]
    types = [pa.float64(), pa.int64(), pa.string()]
    table = pa.table(
        [pa.array(values, type=kind) for values, kind in zip(columns, types, strict=True)], ["x", "n", "s"]
    )
    chunked = pa.Table.from_batches(table.to_batches(max_chunksize=size), schema=table.schema)
    assert digest(chunked) == digest(table) == by_hand(columns)


def by_hand(columns: Sequence[Sequence[Any]]) -> str:
    """The definition of the page, cell by cell, for a float64, an int64 and a string column."""
    floats, integers, texts = columns
    gone = [value is None or value != value for value in floats]
    plain = [0.0 if missing else value for missing, value in zip(gone, floats, strict=True)]
    encoded = [b"" if value is None else value.encode() for value in texts]
    document = {
        "columns": [
            _stated(
                "x", "float64", present=[not missing for missing in gone], values=struct.pack(f"<{len(plain)}d", *plain)
            ),
            _stated(
                "n",
                "int64",
                present=_there(integers),
                values=b"".join((value or 0).to_bytes(8, "little", signed=True) for value in integers),
            ),
            _stated(
                "s",
                "string",
                present=_there(texts),
                lengths=b"".join(len(value).to_bytes(8, "little") for value in encoded),
                text=b"".join(encoded),
            ),
        ],
        "format": "lading-table-1",
        "rows": len(floats),
    }
    written = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(written.encode()).hexdigest()}"


def _there(values: Sequence[object]) -> list[bool]:
    return [value is not None for value in values]


def _stated(name: str, kind: str, **streams: Any) -> dict[str, object]:
    return {
        "name": name,
        "type": kind,
        "streams": {stream: hashlib.sha256(bytes(content)).hexdigest() for stream, content in streams.items()},
    }


@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3))), st.data())
def test_a_tensors_cells_and_extents_count(tensor: np.ndarray[Any, np.dtype[np.float32]], data: st.DataObject) -> None:
    before = digest({"t": tensor})
    flat = tensor.reshape(len(tensor), -1)
    assert (digest({"t": flat}) == before) is (flat.shape == tensor.shape)
    changed = tensor.copy()
    place = tuple(data.draw(st.integers(0, extent - 1)) for extent in tensor.shape)
    changed[place] = 1.0 if tensor[place] != 1.0 else 2.0
    assert digest({"t": changed}) != before


def test_byte_order_and_memory_layout_play_no_part() -> None:
    matrix = np.arange(12.0).reshape(4, 3)
    assert digest(matrix) == digest(np.asfortranarray(matrix)) == digest(matrix.astype(">f8"))


@pytest.fixture
def pool() -> Iterator[pa.MemoryPool]:
    """Arrow's memory, counted from here on."""
    before = pa.default_memory_pool()
    counted = pa.proxy_memory_pool(before)
    pa.set_memory_pool(counted)
    yield counted
    pa.set_memory_pool(before)


LONG = 1_000_000


@pytest.mark.parametrize(
    ("values", "size"),
    [
        pytest.param(np.arange(2 * LONG, dtype=np.float64), 16 * LONG, id="numbers"),
        pytest.param(pd.array([f"value-{number:08}" for number in range(LONG)], dtype="str"), 14 * LONG, id="text"),
        pytest.param(
            pd.Series([f"value-{number:08}" for number in range(LONG)], dtype=object), 14 * LONG, id="objects"
        ),
        pytest.param(pd.Categorical([str(number % 100) for number in range(LONG)]), 10 * LONG, id="categories"),
    ],
)
def test_there_is_no_second_copy_of_the_data(values: Any, size: int, pool: pa.MemoryPool) -> None:
    frame = pd.DataFrame({"x": values}, copy=False)
    digest(frame.iloc[:10])
    tracemalloc.start()
    digest(frame)
    peak = tracemalloc.get_traced_memory()[1] + pool.max_memory()
    tracemalloc.stop()
    assert peak < size / 3
