"""Rows as the bytes of tables, as clients make them."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from lading.bundles.signature import Field, Signature
from lading.bundles.tensors.values import kind_of
from lading.runtime.tables.csv_text import header_line, lines_of

STREAM = "application/vnd.apache.arrow.stream"
FILE = "application/vnd.apache.arrow.file"
PARQUET = "application/vnd.apache.parquet"
CSV = "text/csv"

KINDS = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "string": pa.string(),
    "datetime": pa.string(),
}


def stream(table: pa.Table, batch_rows: int | None = None, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, batch_rows)
    return bytes(sink.getvalue())


def file(table: pa.Table, batch_rows: int | None = None, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, batch_rows)
    return bytes(sink.getvalue())


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pa.parquet.write_table(table, sink, **options)
    return sink.getvalue()


def csv(table: pa.Table) -> bytes:
    return header_line(table.column_names) + b"".join(map(lines_of, table.to_batches()))


def read(body: bytes) -> pa.Table:
    return pa.ipc.open_stream(body).read_all()


def table_of(signature: Signature, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The rows with a column for each field, in the type that the field has."""
    schema = pa.schema([(field.name, _type(field)) for field in signature.fields])
    return pa.Table.from_pylist(
        [{field.name: row.get(field.name) for field in signature.fields} for row in rows], schema
    )


def _type(field: Field) -> pa.DataType:
    kind = KINDS[kind_of(field)]
    for _ in field.shape:
        kind = pa.list_(kind)
    return kind
