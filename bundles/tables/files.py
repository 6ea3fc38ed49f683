"""Files: CSV, Parquet and Arrow files as tables, whole or a stretch at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as parquet

from lading.bundles.signature import Field
from lading.bundles.tables.problems import DataFileError
from lading.bundles.values import kind_of

PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")
SUFFIXES = (".csv", *PARQUET, *ARROW)

NULLS = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
"""What stands for a missing value in a CSV file; the same texts in quotes are text."""

ARROW_TYPES = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "string": pa.large_string(),
    "datetime": pa.large_string(),
}


def read_file(path: Path, fields: Sequence[Field] = ()) -> Any:
    """All of a file as a pyarrow Table; columns of a CSV file take the types of the ``fields`` that they name.

    Raises ``DataFileError``.
    """
    with _reading(path):
        if path.suffix in PARQUET:
            return parquet.read_table(path)
        if path.suffix in ARROW:
            return feather.read_table(path, memory_map=True)
        return csv.read_csv(path, convert_options=_csv_options(fields))


def read_stretches(path: Path, rows: int, fields: Sequence[Field] = ()) -> Iterator[Any]:
    """A file as pyarrow Tables of at most ``rows`` rows, without ever holding all of it. Raises ``DataFileError``."""
    with _reading(path):
        for batch in _batches(path, rows, fields):
            for start in range(0, batch.num_rows, rows):
                yield pa.Table.from_batches([batch.slice(start, rows)])


def _batches(path: Path, rows: int, fields: Sequence[Field]) -> Iterator[Any]:
    if path.suffix in PARQUET:
        with parquet.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=rows)
    elif path.suffix in ARROW:
        with ipc.open_file(pa.memory_map(str(path))) as file:
            yield from (file.get_batch(number) for number in range(file.num_record_batches))
    else:
        with csv.open_csv(path, convert_options=_csv_options(fields)) as reader:
            yield from reader


def _csv_options(fields: Sequence[Field]) -> Any:
    return csv.ConvertOptions(
        null_values=NULLS,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        column_types={field.name: ARROW_TYPES[kind_of(field)] for field in fields},
    )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    if path.suffix not in SUFFIXES:
        raise DataFileError(str(path), f"its name must end in one of {', '.join(SUFFIXES)}")
    try:
        yield
    except FileNotFoundError as error:
        raise DataFileError(str(path), "there is no such file") from error
    except (OSError, pa.ArrowException) as error:
        raise DataFileError(str(path), str(error).splitlines()[0]) from error
