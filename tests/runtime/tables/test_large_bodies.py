"""What little bytes say may be much: it is refused before it is decoded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lading.runtime.deployments import Deployments
from lading.runtime.errors import RequestError
from lading.runtime.tables.problems import BrokenTableError, LargeTableError
from lading.runtime.tables.table_reader import TableReader
from tests.runtime.tabular import csv, file, parquet, stream

LIMIT = 4 << 20
ROOM = 16 << 20
"""What Arrow may take while it reads, at most; the bodies would become some times more."""

MANY = 50_000_000
TEXT = "x" * 1_000_000


@contextmanager
def counted() -> Iterator[pa.MemoryPool]:
    """The memory that Arrow takes in the block."""
    default = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(default)
    pa.set_memory_pool(pool)
    try:
        yield pool
    finally:
        pa.set_memory_pool(default)


def zeros(count: int) -> pa.Table:
    nothing = np.zeros(count)
    return pa.table({"width": nothing, "weight": nothing})


def penguins(note: pa.Array) -> pa.Table:
    rows = len(note)
    ones, island = np.ones(rows, np.int64), pa.array(["Dream"] * rows)
    return pa.table({"note": note, "mass": ones, "year": ones, "tagged": ones, "band": ones, "island": island})


def texts(count: int) -> pa.Table:
    """A column that is one long text in every row."""
    return penguins(pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([TEXT])))


def repeated(body: bytes, times: int) -> bytes:
    """An Arrow file whose footer names its one batch of rows many times."""
    tail = len(body) - 10
    start = tail - int.from_bytes(body[tail : tail + 4], "little")
    footer = bytearray(body[start:tail])
    root = int.from_bytes(footer[:4], "little")
    fields = root - int.from_bytes(footer[root : root + 4], "little", signed=True)
    where = root + int.from_bytes(footer[fields + 4 + 3 * 2 : fields + 6 + 3 * 2], "little")  # recordBatches
    vector = where + int.from_bytes(footer[where : where + 4], "little")
    block = bytes(footer[vector + 4 : vector + 28])
    grown = len(footer) + (-len(footer) - 4) % 8
    footer.extend(bytes(grown - len(footer)))
    footer[where : where + 4] = (grown - where).to_bytes(4, "little")
    footer.extend(times.to_bytes(4, "little") + block * times)
    return body[:start] + bytes(footer) + len(footer).to_bytes(4, "little") + b"ARROW1"


BOMBS: list[Any] = [
    pytest.param("coins", "Arrow", lambda: stream(zeros(MANY // 10), compression="zstd"), id="compressed stream"),
    pytest.param("coins", "Arrow", lambda: file(zeros(MANY // 10), compression="lz4"), id="compressed file"),
    pytest.param("coins", "Arrow", lambda: repeated(file(zeros(10_000)), 10_000), id="one batch many times"),
    pytest.param("coins", "Arrow", lambda: stream(pa.table({"width": pa.nulls(MANY)})), id="nulls that take no room"),
    pytest.param("penguins", "Arrow", lambda: stream(texts(1000)), id="a long text that is named often"),
    pytest.param("coins", "Parquet", lambda: parquet(zeros(MANY // 10), compression="zstd"), id="compressed Parquet"),
    pytest.param(
        "coins", "Parquet", lambda: parquet(zeros(MANY // 10), compression="none"), id="Parquet in runs of one value"
    ),
    pytest.param("penguins", "Parquet", lambda: parquet(texts(1000)), id="a long text in Parquet's dictionary"),
]


@pytest.mark.parametrize(("name", "kind", "make"), BOMBS)
def test_it_is_refused_and_takes_no_room(
    deployments: Deployments, name: str, kind: str, make: Callable[[], bytes]
) -> None:
    body = make()
    assert len(body) < LIMIT
    with counted() as pool, pytest.raises(LargeTableError, match=f"more than {LIMIT} bytes once it is decoded"):
        TableReader(deployments.get(name), LIMIT).read(body, kind)
    assert pool.max_memory() < ROOM


def test_the_memory_that_is_taken_is_seen(deployments: Deployments) -> None:
    body = stream(zeros(MANY // 10), compression="zstd")
    with counted() as pool:
        TableReader(deployments.get("coins"), LIMIT * 100).read(body, "Arrow")
    assert pool.max_memory() > 4 * ROOM


def test_the_same_is_read_where_there_is_room(deployments: Deployments) -> None:
    for body in (stream(zeros(1000), compression="zstd"), repeated(file(zeros(10)), 100)):
        assert TableReader(deployments.get("coins"), LIMIT).read(body, "Arrow")["X"].shape == (1000, 2)
    assert TableReader(deployments.get("coins"), LIMIT).read(parquet(zeros(1000)), "Parquet")["X"].shape == (1000, 2)


def test_views_count_what_they_show(deployments: Deployments) -> None:
    views = pa.array([TEXT] * 2, pa.string_view())
    shared = pa.Array.from_buffers(
        views.type, 1000, [None, pa.py_buffer(bytes(views.buffers()[1])[:16] * 1000), *views.buffers()[2:]]
    )
    with pytest.raises(LargeTableError):
        TableReader(deployments.get("penguins"), LIMIT).read(stream(penguins(shared)), "Arrow")


@pytest.mark.parametrize("make", [stream, file])
def test_too_many_batches_are_refused(deployments: Deployments, make: Callable[..., bytes]) -> None:
    with pytest.raises(BrokenTableError, match="more than 16384 batches"):
        TableReader(deployments.get("coins"), LIMIT * 100).read(make(zeros(16_400), 1), "Arrow")


def test_too_many_pages_are_refused(deployments: Deployments) -> None:
    body = parquet(zeros(9000), data_page_size=1, write_batch_size=1, use_dictionary=False)
    with pytest.raises(BrokenTableError, match="more than 16384 pages"):
        TableReader(deployments.get("coins"), LIMIT).read(body, "Parquet")


def test_csv_takes_no_more_than_it_says(deployments: Deployments) -> None:
    body = csv(pa.table({"width": ["1"], "weight": ["2"]}).take([0] * 100_000))
    found = TableReader(deployments.get("coins"), len(body)).read(body, "CSV")
    assert found["X"].shape == (100_000, 2)


def test_a_header_without_end_is_refused(deployments: Deployments) -> None:
    with pytest.raises(RequestError):
        TableReader(deployments.get("coins"), LIMIT).read(b"a," * LIMIT, "CSV")
