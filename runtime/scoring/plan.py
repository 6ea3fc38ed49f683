"""The plan of a scoring: what is read, what is kept, and how a batch of rows becomes a batch of answers."""

import difflib
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from lading.bundles.signature import Field, Signature
from lading.bundles.tensors.feeds import Encoder, FieldError
from lading.bundles.tensors.rules import closed
from lading.runtime.errors import RequestError
from lading.runtime.model import Model
from lading.runtime.scoring.answer_files import without_dictionaries
from lading.runtime.scoring.errors import BatchError, KeptColumnError, MissingColumnError, RowError
from lading.runtime.scoring.row_files import RowFile
from lading.runtime.tables.answer_columns import AnswerColumn, answer_columns, answer_table
from lading.runtime.tables.row_values import values_of

KEEP_ALL = "all"

BATCH_ROWS = 8192
"""Rows that are scored at a time, at most."""
BATCH_BYTES = 64 << 20
"""Bytes of the tensors that they become, at most, where these have many numbers in a row."""
TEXT_BYTES = 64
"""What one text takes, as Python has it, more or less."""


def batch_rows(signature: Signature) -> int:
    """How many rows are answered at a time."""
    row_bytes = 0
    for tensor in signature.inputs:
        each = TEXT_BYTES if tensor.dtype == "string" else np.dtype(tensor.dtype).itemsize
        row_bytes += each * math.prod(closed(signature.row_shape(tensor)))
    return max(1, min(BATCH_ROWS, BATCH_BYTES // max(1, row_bytes)))


class Plan:
    """What is read, what is kept, and how a batch of rows becomes a batch of answers; all of it by any thread."""

    def __init__(self, model: Model, rows: RowFile, source: Path, keep: Sequence[str]) -> None:
        """Raises ``MissingColumnError`` and ``KeptColumnError``."""
        self._source, self._model, self._textual = source, model, rows.textual
        self._encoder = Encoder(model.signature)
        self._run = model.begin()
        self._answers = answer_columns(model.signature)
        self._kept = _kept(keep, rows, self._answers, source)
        self._fields = _fields(model, rows, source)
        self.names = [*self._kept, *(column.name for column in self._answers)]
        """Of the columns of the answers."""
        self.needed = list(dict.fromkeys((*(field.name for field in self._fields), *self._kept)))
        """The columns of the input that are read."""
        self.batch_rows = batch_rows(model.signature)
        """Rows of a batch, at most."""

    def schema(self, first: pa.RecordBatch | None) -> pa.Schema:
        """Of the answers to batches like ``first``; where there is none, what is kept is text."""
        kept = [pa.string()] * len(self._kept) if first is None else [column.type for column in self._copies(first)]
        return pa.schema(list(zip(self.names, [*kept, *(column.type for column in self._answers)], strict=True)))

    def answer(self, batch: pa.RecordBatch, before: int) -> pa.RecordBatch:
        """The answers to one batch, ``before`` which so many rows were. Raises ``RowError`` and ``BatchError``."""
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        try:
            feeds = self._encoder.encode(values_of(columns, self._fields, self._textual))
            outputs = self._model.run(feeds, self._run)
        except FieldError as error:
            row = None if error.row is None else before + error.row + 1
            raise RowError(str(self._source), row, error.field, error.problem) from error
        except RequestError as error:
            raise BatchError(str(self._source), before + 1, before + batch.num_rows, str(error)) from error
        made = [*self._copies(batch), *answer_table(self._answers, outputs)]
        return pa.RecordBatch.from_arrays(made, names=self.names)

    def stop(self) -> None:
        """Have every inference end as soon as it can, and none begin."""
        self._run.stop()

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
