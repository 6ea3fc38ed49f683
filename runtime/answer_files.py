"""Answer files: what a model said of each row, written as CSV, Parquet, Arrow or JSON lines."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

from lading.bundles.atomic import new_file
from lading.bundles.tables.files import ARROW, PARQUET
from lading.core.errors import UsageError
from lading.runtime.row_files import UnknownFormatError

Write = Callable[[pa.RecordBatch], None]


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
def new_answers(path: Path, schema: pa.Schema, size: int) -> Iterator[Write]:
    """A function that appends a batch; the file is there, whole, when the block ends without an error, else never.

    ``size`` is about how many bytes it will need. Raises what ``bundles.atomic.new_file`` raises, and
    ``UnwritableColumnError``.
    """
    try:
        with new_file(path, size) as stream, FORMATS[path.suffix.lower()](stream, schema) as write:
            yield write
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, orjson.JSONEncodeError) as error:
        raise UnwritableColumnError(str(path), str(error).rstrip(".")) from error


@contextmanager
def _csv(stream: BinaryIO, schema: pa.Schema) -> Iterator[Write]:
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(schema.names)  # Arrow puts every name into quotes
    stream.write(header.getvalue().encode())
    with _csv_writer(stream, schema, "none") as bare, _csv_writer(stream, schema, "needed") as quoted:

        def write(batch: pa.RecordBatch) -> None:
            (quoted if any(map(_needs_quotes, batch.columns)) else bare).write_batch(batch)

        yield write


def _csv_writer(stream: BinaryIO, schema: pa.Schema, quoting: str) -> pa.csv.CSVWriter:
    """``needed`` puts all text into quotes; ``none`` puts none, and refuses text that needs them."""
    return pa.csv.CSVWriter(
        stream, schema, write_options=pa.csv.WriteOptions(include_header=False, quoting_style=quoting)
    )


def _needs_quotes(column: pa.Array) -> bool:
    """Whether some text would break a line or a cell, or is empty and not null."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    found: bool | None = pc.any(pc.match_substring_regex(column, '[",\\r\\n]|^$')).as_py()
    return found is True


@contextmanager
def _parquet(stream: BinaryIO, schema: pa.Schema) -> Iterator[Write]:
    with pa.parquet.ParquetWriter(stream, schema) as writer:
        yield writer.write_batch


@contextmanager
def _arrow(stream: BinaryIO, schema: pa.Schema) -> Iterator[Write]:
    with pa.ipc.new_file(stream, schema) as writer:
        yield writer.write_batch


@contextmanager
def _json_lines(stream: BinaryIO, schema: pa.Schema) -> Iterator[Write]:
    def write(batch: pa.RecordBatch) -> None:
        stream.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in batch.to_pylist())

    yield write


FORMATS: dict[str, Any] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    **dict.fromkeys(PARQUET, _parquet),
    **dict.fromkeys(ARROW, _arrow),
}


def without_dictionaries(columns: Sequence[pa.Array]) -> list[pa.Array]:
    """Columns in which every value is written out, since each batch may number its categories anew."""
    return [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in columns]
