"""The table writer: a model's answers as a table in the form that a request asked for."""

from collections.abc import Callable, Mapping
from functools import cached_property

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from lading.bundles.signature import Signature
from lading.runtime.model import Feeds
from lading.runtime.protocols.answers import refuse_infinite
from lading.runtime.protocols.media import FILE, PARQUET, STREAM
from lading.runtime.tables.answer_columns import AnswerColumn, answer_columns, answer_table
from lading.runtime.tables.csv_text import header_line, lines_of


class TableWriter:
    """Writes the answers of one model as tables."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature

    def write(self, outputs: Feeds, media: str) -> bytes:
        """The answers as one of ``EXACT``, or as CSV, which has no infinity: ``InfiniteAnswerError``."""
        if media in EXACT:
            return EXACT[media](_batch(self._exact, outputs))
        for name, values in outputs.items():
            refuse_infinite(name, values)
        batch = _batch(self._textual, outputs)
        return header_line(batch.schema.names) + lines_of(batch)

    @cached_property
    def _exact(self) -> list[AnswerColumn]:
        return answer_columns(self._signature, exact=True)

    @cached_property
    def _textual(self) -> list[AnswerColumn]:
        return answer_columns(self._signature)


def _batch(columns: list[AnswerColumn], outputs: Feeds) -> pa.RecordBatch:
    schema = pa.schema([(column.name, column.type) for column in columns])
    return pa.RecordBatch.from_arrays(answer_table(columns, outputs), schema=schema)


def _stream(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _file(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _parquet(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.parquet.ParquetWriter(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


EXACT: Mapping[str, Callable[[pa.RecordBatch], bytes]] = {STREAM: _stream, FILE: _file, PARQUET: _parquet}
"""The media types that carry NaN and infinity as they are."""
