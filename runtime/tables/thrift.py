"""Thrift: structs of the compact protocol, as Parquet writes its metadata and the headers of its pages.

Specification: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
"""

import struct
from typing import TypeAlias

Value: TypeAlias = "int | Struct | list[Value] | None"
Struct: TypeAlias = "dict[tuple[int, int], Value]"
"""Numbers, structs and lists by their ids and their kinds; texts and truths are passed over.

The kind is part of the key, since readers that know what a field should be pass over one of another kind.
"""

DEEPEST = 12
LONGEST_NUMBER = 10
"""Bytes of a number of 64 bits."""

HIGHEST_ID = 2**15 - 1
LONG_LIST = 15
"""Stands in place of a length that has no room beside the kind."""

TRUE, FALSE, BYTE, SHORT, INT, LONG, DOUBLE, BINARY, LIST, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 12
LENGTHS = {BYTE: 1, DOUBLE: 8}


def read_struct(data: memoryview, start: int, most: int) -> tuple[Struct, int]:
    """The struct at ``start``, and where it ends; it has ``most`` values at most, all that it holds included.

    Raises ``struct.error`` or ``IndexError`` where there is no such struct. Sets and maps are refused: Parquet has
    none.
    """
    reader = _Reader(data, start, most)
    return reader.struct(DEEPEST), reader.position


class _Reader:
    def __init__(self, data: memoryview, position: int, most: int) -> None:
        self._data, self.position, self._left = data, position, most

    def struct(self, depth: int) -> Struct:
        """The struct here, which goes ``depth`` levels deep at most."""
        made: Struct = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._number()
            if not 0 <= field <= HIGHEST_ID:  # a reader with integers of 16 bits would take it for another
                raise struct.error(f"a field has the id {field}")
            kind = head & 15
            if kind not in (TRUE, FALSE):  # which have no more to them than their kind
                value = self._value(kind, depth)
                if value is not None:
                    made[field, kind] = value
        return made

    def _value(self, kind: int, depth: int) -> Value:
        self._left -= 1
        if self._left < 0 or depth == 0:
            raise struct.error("there is more of it than anybody writes")
        if kind in (SHORT, INT, LONG):
            return self._number()
        if kind == STRUCT:
            return self.struct(depth - 1)
        if kind == LIST:
            return self._list(depth - 1)
        length = self._varint() if kind == BINARY else LENGTHS.get(kind, -1)
        if length < 0:
            raise struct.error(f"a value is of kind {kind}")
        self.position += length
        return None

    def _list(self, depth: int) -> list[Value]:
        head = self._byte()
        count = self._varint() if head >> 4 == LONG_LIST else head >> 4
        kind = head & 15
        return [self._value(BYTE if kind in (TRUE, FALSE) else kind, depth) for _ in range(count)]

    def _number(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = 0
        for place in range(LONGEST_NUMBER):
            byte = self._byte()
            value |= (byte & 127) << (7 * place)
            if byte < 128:
                return value
        raise struct.error("a number is longer than 64 bits")

    def _byte(self) -> int:
        byte = self._data[self.position]
        self.position += 1
        return byte
