"""Tables on the wire: bodies that are tables, and answers that are; pyarrow is loaded when the first one comes."""

from functools import cached_property
from typing import TYPE_CHECKING

from lading.core.settings import MEBIBYTE
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.media import CSV, FILE, FORMATS, PARQUET, STREAM, NoTablesError, tables_are_read
from lading.runtime.protocols.replies import NO_SNIFFING, Answer, Header

if TYPE_CHECKING:
    from lading.runtime.tables.table_reader import TableReader
    from lading.runtime.tables.table_writer import TableWriter

TYPES = {media: media for media in (STREAM, FILE, PARQUET)} | {CSV: "text/csv; charset=utf-8"}
"""What an answer says that it is, by what it was asked for as."""


LIMIT = 64 * MEBIBYTE
"""What a table may take once it is decoded, where nobody says otherwise."""


class Tables:
    """Reads and writes tables for one model."""

    def __init__(self, model: Model, limit: int = LIMIT) -> None:
        self._model, self._limit = model, limit

    def read(self, body: bytes, media: str) -> Feeds:
        """The graph's inputs for a table of the type ``media``.

        Raises ``NoTablesError`` where pyarrow is not installed, and what ``TableReader.read`` raises.
        """
        if not tables_are_read():
            raise NoTablesError(media)
        return self._reader.read(body, FORMATS[media])

    def write(self, outputs: Feeds, media: str) -> Answer:
        """The answers as a table of the type ``media``. Raises ``InfiniteAnswerError`` for CSV."""
        headers: tuple[Header, ...] = ((b"content-type", TYPES[media].encode()), NO_SNIFFING)
        return Answer(self._writer.write(outputs, media), headers)

    @cached_property
    def _reader(self) -> "TableReader":
        from lading.runtime.tables.table_reader import TableReader

        return TableReader(self._model, self._limit)

    @cached_property
    def _writer(self) -> "TableWriter":
        from lading.runtime.tables.table_writer import TableWriter

        return TableWriter(self._model.signature)
