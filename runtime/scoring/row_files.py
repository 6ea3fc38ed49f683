"""Row files: rows to score, read from CSV, Parquet or Arrow a batch at a time, however large the file is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from lading.bundles.tables.files import ARROW, PARQUET
from lading.core.errors import UsageError
from lading.runtime.tables.csv_text import BLOCK_BYTES, CsvError, batches, header_of


class UnreadableFileError(UsageError):
    """The file cannot be read as what its name says it is."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path} cannot be read: {self.reason}"


class UnknownFormatError(UsageError):
    """The file's name does not end in a format that can be read or written."""

    def __init__(self, path: str, known: tuple[str, ...]) -> None:
        super().__init__(path, known)
        self.path, self.known = path, known

    def __str__(self) -> str:
        return f"{self.path} has no known format; its name has to end in one of {', '.join(self.known)}"


class RowFile(Protocol):
    """A file of rows."""

    columns: tuple[str, ...]
    textual: bool
    """Whether every value comes as text, which the signature then gives a type."""
    total: int
    """How much there is to read, in the unit of ``done``."""

    def batches(self, columns: Sequence[str], most: int) -> Iterator[pa.RecordBatch]:
        """The named columns, at most ``most`` rows at a time. Raises ``UnreadableFileError``."""
        ...

    def done(self) -> int:
        """How much has been read."""
        ...

    def close(self) -> None:
        """Give the file back."""
        ...


def open_rows(path: Path) -> RowFile:
    """Open a file by the ending of its name. Raises ``UnknownFormatError`` and ``UnreadableFileError``."""
    opener = FORMATS.get(path.suffix.lower())
    if opener is None:
        raise UnknownFormatError(str(path), tuple(FORMATS))
    try:
        return opener(path)
    except (OSError, CsvError, pa.ArrowException) as error:
        raise UnreadableFileError(str(path), _reason(error)) from error


class CsvFile:
    """CSV with a header; every value stays text, so that ``007`` is not 7. An empty cell is null, ``""`` is not."""

    textual = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.total = path.stat().st_size
        with path.open("rb") as stream:
            self.columns = header_of(stream)
        self._stream = pa.OSFile(str(path))  # Arrow calls back into a file of Python's, and loses a Ctrl-C in there

    def done(self) -> int:
        """Bytes read."""
        return int(self._stream.tell())

    def close(self) -> None:
        """Give the file back."""
        self._stream.close()

    def batches(self, columns: Sequence[str], most: int) -> Iterator[pa.RecordBatch]:
        """See ``RowFile``."""
        try:
            for batch in batches(self._stream, columns):
                yield from _sliced(batch, most)
        except (OSError, CsvError) as error:
            raise UnreadableFileError(str(self.path), _reason(error)) from error


class ParquetFile:
    """Parquet; columns keep their types."""

    textual = False

    def __init__(self, path: Path) -> None:
        self.path = path
        # Read ahead, it would keep every column chunk that it has read until the end.
        self._file = pa.parquet.ParquetFile(path, buffer_size=BLOCK_BYTES, pre_buffer=False)
        self.columns = tuple(self._file.schema_arrow.names)
        self.total = self._file.metadata.num_rows
        self._done = 0

    def done(self) -> int:
        """Rows read."""
        return self._done

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def batches(self, columns: Sequence[str], most: int) -> Iterator[pa.RecordBatch]:
        """See ``RowFile``."""
        try:
            for batch in self._file.iter_batches(most, columns=list(columns), use_threads=False):
                self._done += batch.num_rows
                yield batch.select(list(columns))
        except (OSError, pa.ArrowException) as error:
            raise UnreadableFileError(str(self.path), _reason(error)) from error


class ArrowFile:
    """Arrow's own file format (Feather 2 too) or its stream; columns keep their types."""

    textual = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.total = path.stat().st_size
        self._source = pa.memory_map(str(path))
        self._batches, schema = self._open()
        self.columns = tuple(schema.names)
        self._done = 0

    def _open(self) -> tuple[Iterator[pa.RecordBatch], pa.Schema]:
        try:
            reader = pa.ipc.open_file(self._source)
        except pa.ArrowInvalid:
            self._source.seek(0)
            stream = pa.ipc.open_stream(self._source)
            return iter(stream), stream.schema
        return (reader.get_batch(number) for number in range(reader.num_record_batches)), reader.schema

    def done(self) -> int:
        """Bytes read, as far as whole batches tell."""
        return min(self.total, self._done)

    def close(self) -> None:
        """Give the file back."""
        self._source.close()

    def batches(self, columns: Sequence[str], most: int) -> Iterator[pa.RecordBatch]:
        """See ``RowFile``."""
        try:
            for batch in self._batches:
                for part in _sliced(batch.select(list(columns)), most):
                    yield part
                    self._done += batch.nbytes * part.num_rows // max(1, batch.num_rows)
        except (OSError, pa.ArrowException) as error:
            raise UnreadableFileError(str(self.path), _reason(error)) from error


FORMATS: Mapping[str, Callable[[Path], RowFile]] = {
    ".csv": CsvFile,
    **dict.fromkeys(PARQUET, ParquetFile),
    **dict.fromkeys(ARROW, ArrowFile),
}


def _sliced(batch: pa.RecordBatch, most: int) -> Iterator[pa.RecordBatch]:
    return (batch.slice(start, most) for start in range(0, batch.num_rows, most))


def _reason(error: Exception) -> str:
    if isinstance(error, CsvError) and error.row is not None:
        return f"row {error.row + 1} {error.problem}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).rstrip(".") or type(error).__name__
