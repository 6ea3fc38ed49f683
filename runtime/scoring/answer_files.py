"""Answer files: what a model said of each row, written as CSV, Parquet, Arrow or JSON lines."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from lading.bundles.storage.atomic import new_file
from lading.bundles.tables.files import ARROW, PARQUET
from lading.core.errors import UsageError
from lading.runtime.scoring.row_files import UnknownFormatError
from lading.runtime.tables.csv_text import header_line, lines_of

GROUP_ROWS = 1 << 17
GROUP_BYTES = 32 << 20
"""How much of Parquet is put into one row group: as many rows, or bytes, whichever are reached first."""


class Writer(NamedTuple):
    """How answers are written."""

    render: Callable[[pa.RecordBatch], Any]
    """What a batch looks like in the file, for ``write``; any thread may call it."""
    write: Callable[[Any], object]
    """Appends that. For one thread, batch after batch."""


class UnwritableColumnError(UsageError):
    """A column that is to be kept cannot be written in the format of the answers."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path} cannot hold a column that --keep names: {self.reason}; write Parquet or keep less"


def check_format(path: Path) -> None:
    """Raise ``UnknownFormatError`` when no format is known by the ending of the name."""
    if path.suffix.lower() not in FORMATS:
        raise UnknownFormatError(str(path), tuple(FORMATS))


@contextmanager
def new_answers(path: Path, schema: pa.Schema, size: int) -> Iterator[Writer]:
    """What appends batches; the file is there, whole, when the block ends without an error, else never.

    ``size`` is about how many bytes it will need. Raises what ``bundles.atomic.new_file`` raises, and
    ``UnwritableColumnError``.
    """
    try:
        with new_file(path, size) as stream, FORMATS[path.suffix.lower()](stream, schema) as writer:
            yield writer
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, orjson.JSONEncodeError) as error:
        raise UnwritableColumnError(str(path), str(error).rstrip(".")) from error


@contextmanager
def _csv(stream: BinaryIO, schema: pa.Schema) -> Iterator[Writer]:
    stream.write(header_line(schema.names))
    yield Writer(lines_of, stream.write)


@contextmanager
def _json_lines(stream: BinaryIO, schema: pa.Schema) -> Iterator[Writer]:
    def render(batch: pa.RecordBatch) -> bytes:
        return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in batch.to_pylist())

    yield Writer(render, stream.write)


@contextmanager
def _parquet(stream: BinaryIO, schema: pa.Schema) -> Iterator[Writer]:
    with pa.parquet.ParquetWriter(stream, schema) as writer:
        groups = _Groups(writer)
        yield Writer(_as_it_is, groups.add)
        groups.write()


@contextmanager
def _arrow(stream: BinaryIO, schema: pa.Schema) -> Iterator[Writer]:
    with pa.ipc.new_file(stream, schema) as writer:
        yield Writer(_as_it_is, writer.write_batch)


class _Groups:
    """Batches put together into row groups of a size that readers like."""

    def __init__(self, writer: pa.parquet.ParquetWriter) -> None:
        self._writer, self._batches = writer, list[pa.RecordBatch]()

    def add(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)
        rows, size = (
            sum(counts) for counts in zip(*((one.num_rows, one.nbytes) for one in self._batches), strict=True)
        )
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            self.write()

    def write(self) -> None:
        if self._batches:
            self._writer.write_table(pa.Table.from_batches(self._batches))
            self._batches.clear()


def _as_it_is(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch


FORMATS: dict[str, Any] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    **dict.fromkeys(PARQUET, _parquet),
    **dict.fromkeys(ARROW, _arrow),
}


def without_dictionaries(columns: Sequence[pa.Array]) -> list[pa.Array]:
    """Columns in which every value is written out, since each batch may number its categories anew."""
    return [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in columns]
