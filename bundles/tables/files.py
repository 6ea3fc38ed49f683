"""Files: CSV, Parquet and Arrow files, read as tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.feather as feather
import pyarrow.parquet as parquet

from lading.bundles.tables.problems import DataFileError

PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")
SUFFIXES = (".csv", *PARQUET, *ARROW)

NULLS = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
"""What stands for a missing value in a CSV file; the same texts in quotes are text."""


def read_file(path: Path) -> Any:
    """All of a file as a pyarrow Table. Raises ``DataFileError``."""
    with _reading(path):
        if path.suffix in PARQUET:
            return parquet.read_table(path)
        if path.suffix in ARROW:
            return feather.read_table(path, memory_map=True)
        options = csv.ConvertOptions(null_values=NULLS, strings_can_be_null=True, quoted_strings_can_be_null=False)
        return csv.read_csv(path, convert_options=options)


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
