"""CSV as text: every cell is text, an empty one is null, and quotes stand only where a cell needs them."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from lading.bundles.tables.cells import texts
from lading.bundles.tables.types import TEXT
from lading.runtime.tables.columns import is_number

BLOCK_BYTES = 1 << 20
"""Bytes that are read at a time; a single row has to fit, and so has the header."""


BREAKING = re.compile(r'[",\r\n]|^$')
"""What a cell cannot have without quotes: it would break a line or a row, or be taken for null."""


class CsvError(ValueError):
    """The text is not CSV; ``row`` is the one at fault, where it is known, from 0."""

    def __init__(self, problem: str, row: int | None = None) -> None:
        super().__init__(problem)
        self.problem, self.row = problem, row


def header_of(source: BinaryIO) -> tuple[str, ...]:
    """The names of the columns. Raises ``CsvError``."""
    start = io.BytesIO(source.read(BLOCK_BYTES))
    try:
        header = next(csv.reader(io.TextIOWrapper(start, "utf-8-sig", newline="")), None)
    except UnicodeDecodeError as error:
        raise CsvError("it is not UTF-8 text") from error
    except csv.Error as error:
        raise CsvError(str(error)) from error
    if header is None:
        raise CsvError("it is empty; a CSV file begins with the names of its columns")
    return tuple(header)


def batches(source: pa.NativeFile, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The named columns, a block at a time, every value as text; ``""`` is no null. Raises ``CsvError``."""
    wrong: list[Any] = []

    def note(row: Any) -> str:
        wrong.append(row)
        return "error"

    try:
        with _open(source, columns, note) as reader:
            yield from reader
    except pa.ArrowException as error:
        raise _error(error, wrong) from error


def _open(source: pa.NativeFile, columns: Sequence[str], note: Any) -> Any:
    return pa.csv.open_csv(
        source,
        # One thread, since only then a row that is wrong has a number.
        read_options=pa.csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
        convert_options=pa.csv.ConvertOptions(
            include_columns=list(columns),
            column_types=dict.fromkeys(columns, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )


def _error(error: Exception, wrong: Sequence[Any]) -> CsvError:
    if not wrong or wrong[0].number is None:
        return CsvError(str(error).rstrip("."))
    row = wrong[0]
    return CsvError(f"has {row.actual_columns} cells, the header names {row.expected_columns}", row.number - 2)


def header_line(names: Sequence[str]) -> bytes:
    """The line that names the columns."""
    return (",".join(map(_quoted_name, names)) + "\n").encode()


def lines_of(batch: pa.RecordBatch) -> bytes:
    """The rows as lines. Arrow's own writer puts all text into quotes, or none."""
    return _lines([_quoted(column) for column in batch.columns])


def _quoted_name(name: str) -> str:
    """As ``_quoted`` has a cell."""
    return '"' + name.replace('"', '""') + '"' if BREAKING.search(name) else name


def _quoted(column: pa.Array) -> pa.Array:
    """As text, in quotes where a cell would break a line or a row, or is empty and not null."""
    kind = column.type
    if is_number(kind) or pa.types.is_boolean(kind):
        return pc.cast(column, pa.string())
    column = column if pa.types.is_string(kind) else pc.cast(column, pa.string())
    needed = pc.match_substring_regex(column, BREAKING.pattern)
    if not pc.any(needed).as_py():
        return column
    doubled = pc.replace_substring(column, '"', '""')
    return pc.if_else(needed, pc.binary_join_element_wise('"', doubled, '"', ""), column)


def _lines(columns: Sequence[pa.Array]) -> bytes:
    empty = "" if len(columns) > 1 else '""'  # many readers skip an empty line
    options = {"null_handling": "replace", "null_replacement": empty}
    joined = pc.binary_join_element_wise(*columns, ",", **options)
    ended = pc.binary_join_element_wise(joined, "\n", "")
    return bytes(texts(ended.cast(TEXT))[1])
