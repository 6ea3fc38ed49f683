"""Answer files: what a model said of each row, written as CSV, Parquet, Arrow or JSON lines."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from lading.bundles.storage.atomic import new_file
from lading.bundles.tables.files import ARROW, PARQUET
from lading.core.errors import UsageError
from lading.runtime.scoring.row_files import UnknownFormatError
from lading.runtime.tables.csv_text import header_line, lines_of

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
    stream.write(header_line(schema.names))

    def write(batch: pa.RecordBatch) -> None:
        stream.write(lines_of(batch))

    yield write


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
