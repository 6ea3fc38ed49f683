"""Source: one kind of table, read column by column and a span of rows at a time."""

from collections.abc import Sequence
from typing import Any, Protocol, Self

from lading.bundles.signature import Form
from lading.bundles.tables.types import Column


class Source(Protocol):
    """Training data as one library holds it."""

    original: Any
    form: Form
    columns: tuple[Column, ...]
    rows: int

    def span(self, position: int, start: int, stop: int) -> Any:
        """Rows ``start`` to ``stop`` of a column as an Arrow array of its plain type; tensors flattened."""
        ...

    def take(self, rows: Sequence[int]) -> Self:
        """The rows at these positions, in this order, with the same columns."""
        ...

    def select(self, positions: Sequence[int]) -> Self:
        """The columns at these positions, in this order."""
        ...
