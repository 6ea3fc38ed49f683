"""Arrow: a table of chunked columns."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from lading.bundles.signature import Form
from lading.bundles.tables.types import Column, column_of, plain


class ArrowSource:
    """A pyarrow Table."""

    form: Form = "frame"

    def __init__(self, table: Any, columns: Sequence[Column] | None = None) -> None:
        self.original, self.rows = table, int(table.num_rows)
        made = (column_of(field.name, str(field.type), field.type) for field in table.schema)
        self.columns = tuple(made if columns is None else columns)

    def span(self, position: int, start: int, stop: int) -> Any:
        """Rows ``start`` to ``stop`` of a column."""
        values = self.original.column(position).slice(start, stop - start)
        wanted = self.columns[position].arrow
        chunks = [plain(chunk, wanted) for chunk in values.chunks]
        if len(chunks) == 1:
            return chunks[0]
        merged = pa.chunked_array(chunks, type=wanted)
        return plain(merged.unify_dictionaries() if pa.types.is_dictionary(wanted) else merged, wanted)

    def take(self, rows: Sequence[int]) -> "ArrowSource":
        """The rows at these positions."""
        return ArrowSource(self.original.take(pa.array(list(rows), type=pa.int64())), self.columns)

    def select(self, positions: Sequence[int]) -> "ArrowSource":
        """The columns at these positions."""
        return ArrowSource(self.original.select(list(positions)), [self.columns[place] for place in positions])
