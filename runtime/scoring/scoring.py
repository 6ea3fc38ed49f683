"""Scoring: a model's answers to all rows of a file, without a server and without holding the file in memory."""

import difflib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from lading.bundles.signature import Field
from lading.bundles.tensors.feeds import Encoder, FieldError
from lading.core.errors import ConflictError, UsageError
from lading.runtime.model import Model
from lading.runtime.scoring.answer_files import check_format, new_answers, without_dictionaries
from lading.runtime.scoring.row_files import RowFile, open_rows
from lading.runtime.tables.answer_columns import AnswerColumn, answer_columns, answer_table
from lading.runtime.tables.row_values import values_of

KEEP_ALL = "all"

Progress = Callable[[int, int, int], None]
"""Called after each batch with what is done, of how much, and the rows so far."""


class MissingColumnError(UsageError):
    """The file lacks a column that the model needs, or has it twice."""

    def __init__(self, path: str, column: str, problem: str) -> None:
        super().__init__(path, column, problem)
        self.path, self.column, self.problem = path, column, problem

    def __str__(self) -> str:
        return f"{self.path} {self.problem} column {self.column!r}"


class RowError(UsageError):
    """A value of the file cannot go into its field; rows count from 1, the header of a CSV file not included."""

    def __init__(self, path: str, row: int | None, field: str, problem: str) -> None:
        super().__init__(path, row, field, problem)
        self.path, self.row, self.field, self.problem = path, row, field, problem

    def __str__(self) -> str:
        where = "" if self.row is None else f", row {self.row}"
        return f"{self.path}{where}, field {self.field!r}: {self.problem}"


class KeptColumnError(ConflictError):
    """A column that is to be kept has the name of one of the answers."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column

    def __str__(self) -> str:
        return (
            f"the answers have a column {self.column!r} too; rename it in the input, "
            "or name the columns to keep one by one without it"
        )


class SameFileError(ConflictError):
    """The answers would replace the rows."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} is both the input and the output; write the answers to another file"


@dataclass(frozen=True)
class Scored:
    """What scoring did."""

    rows: int
    columns: tuple[str, ...]
    """Of the answers, kept ones first."""
    ignored: tuple[str, ...]
    """Columns of the input that the model does not take and nobody wanted to keep."""


def score(model: Model, source: Path, target: Path, keep: Sequence[str], progress: Progress) -> Scored:
    """Answer every row of ``source`` into ``target``; formats go by the endings of the names.

    ``keep`` names columns of the input that stand before the answers; ``("all",)`` keeps every one. The target is
    replaced at the end, all at once. Raises ``RowError``, ``MissingColumnError``, ``KeptColumnError``,
    ``SameFileError`` and what ``open_rows`` and ``new_answers`` raise.
    """
    check_format(target)
    with closing(open_rows(source)) as rows:
        if target.exists() and target.samefile(source):
            raise SameFileError(str(source))
        return _score(_Plan(model, rows, source, keep), target, progress)


def _score(plan: "_Plan", target: Path, progress: Progress) -> Scored:
    rows, count = plan.rows, 0
    batches = rows.batches(plan.needed)
    batch = next(batches, None)
    with new_answers(target, plan.schema(batch), plan.source.stat().st_size) as write:
        while batch is not None:
            write(plan.answer(batch, count))
            count += batch.num_rows
            progress(rows.done(), rows.total, count)
            batch = next(batches, None)
    ignored = tuple(name for name in rows.columns if name not in plan.needed)
    return Scored(count, tuple(plan.names), ignored)


class _Plan:
    """What is read, what is kept, and how a batch of rows becomes a batch of answers."""

    def __init__(self, model: Model, rows: RowFile, source: Path, keep: Sequence[str]) -> None:
        self.rows, self.source, self._model = rows, source, model
        self._encoder = Encoder(model.signature)
        self._answers = answer_columns(model.signature)
        self._kept = _kept(keep, rows, self._answers, source)
        self._fields = _fields(model, rows, source)
        self.names = [*self._kept, *(column.name for column in self._answers)]
        """Of the columns of the answers."""
        self.needed = list(dict.fromkeys((*(field.name for field in self._fields), *self._kept)))
        """The columns of the input that are read."""

    def schema(self, first: pa.RecordBatch | None) -> pa.Schema:
        """Of the answers to batches like ``first``; where there is none, what is kept is text."""
        kept = [pa.string()] * len(self._kept) if first is None else [column.type for column in self._copies(first)]
        return pa.schema(list(zip(self.names, [*kept, *(column.type for column in self._answers)], strict=True)))

    def answer(self, batch: pa.RecordBatch, before: int) -> pa.RecordBatch:
        """The answers to one batch, ``before`` which so many rows were."""
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        try:
            outputs = self._model.run(self._encoder.encode(values_of(columns, self._fields, self.rows.textual)))
        except FieldError as error:
            row = None if error.row is None else before + error.row + 1
            raise RowError(str(self.source), row, error.field, error.problem) from error
        made = [*self._copies(batch), *answer_table(self._answers, outputs)]
        return pa.RecordBatch.from_arrays(made, names=self.names)

    def _copies(self, batch: pa.RecordBatch) -> list[pa.Array]:
        return without_dictionaries([batch.column(name) for name in self._kept])


def _kept(keep: Sequence[str], rows: RowFile, answers: Sequence[AnswerColumn], source: Path) -> list[str]:
    kept = list(rows.columns) if KEEP_ALL in keep else list(dict.fromkeys(keep))
    for name in kept:
        _check_column(name, rows, source)
    for column in answers:
        if column.name in kept:
            raise KeptColumnError(column.name)
    return kept


def _fields(model: Model, rows: RowFile, source: Path) -> list[Field]:
    """The fields that the file gives; one that the model ignores may be absent."""
    fields = [field for field in model.signature.fields if field.feed is not None or field.name in rows.columns]
    for field in fields:
        _check_column(field.name, rows, source)
    return fields


def _check_column(name: str, rows: RowFile, source: Path) -> None:
    count = Counter(rows.columns)[name]
    if count == 0:
        meant = difflib.get_close_matches(name, rows.columns, n=1)
        hint = f"has {meant[0]!r} but no" if meant else "has no"
        raise MissingColumnError(str(source), name, hint)
    if count > 1:
        raise MissingColumnError(str(source), name, f"has {count} times the")
