"""Flatbuffers: the few parts of Arrow's metadata that tell how much there is to decode.

Layout: https://flatbuffers.dev/internals/. Arrow verifies what it reads; whatever is wrong here all the same ends in
``struct.error``, since every access is checked.
"""

import struct
from collections.abc import Iterator

INT32 = struct.Struct("<i")
UINT32 = struct.Struct("<I")
UINT16 = struct.Struct("<H")
INT64 = struct.Struct("<q")
BYTE = struct.Struct("<B")


class Table:
    """A table: fields by their number in the schema."""

    def __init__(self, data: bytes | memoryview, position: int) -> None:
        self._data, self._position = data, position
        self._fields = position - INT32.unpack_from(data, position)[0]
        self._size = UINT16.unpack_from(data, self._fields)[0]

    @classmethod
    def root(cls, data: bytes | memoryview) -> "Table":
        """The table that ``data`` begins with."""
        return cls(data, UINT32.unpack_from(data, 0)[0])

    def number(self, field: int, kind: struct.Struct = INT64) -> int:
        """The number in a field, 0 where it is left out."""
        where = self._where(field)
        return int(kind.unpack_from(self._data, where)[0]) if where else 0

    def table(self, field: int) -> "Table | None":
        """The table in a field, None where it is left out."""
        where = self._where(field)
        return Table(self._data, where + UINT32.unpack_from(self._data, where)[0]) if where else None

    def structs(self, field: int, kind: struct.Struct) -> Iterator[tuple[int, ...]]:
        """The structs of the vector in a field."""
        where = self._where(field)
        if where:
            start = where + UINT32.unpack_from(self._data, where)[0]
            for place in range(self.count(field)):
                yield kind.unpack_from(self._data, start + UINT32.size + place * kind.size)

    def count(self, field: int) -> int:
        """How many there are in the vector in a field."""
        where = self._where(field)
        return int(UINT32.unpack_from(self._data, where + UINT32.unpack_from(self._data, where)[0])[0]) if where else 0

    def _where(self, field: int) -> int:
        entry = 2 * UINT16.size + field * UINT16.size
        if entry >= self._size:
            return 0
        offset = UINT16.unpack_from(self._data, self._fields + entry)[0]
        return self._position + offset if offset else 0
