"""The layout of an archive: the headers around each file, of which the format leaves no byte open."""

import stat
import struct
from typing import NamedTuple

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_NEEDED = 20  # ZIP 2.0
_MADE_BY = 3 << 8 | 20  # Unix, ZIP 2.0
_DAY = 0x21  # 1980-01-01, the first day that ZIP knows
_MODE = (stat.S_IFREG | 0o644) << 16

LOCAL_MAGIC = b"PK\3\4"
CENTRAL_MAGIC = b"PK\1\2"
END_MAGIC = b"PK\5\6"
END_SIZE = _END.size
LONGEST_NAME = 200
LARGEST_CENTRAL = _CENTRAL.size + LONGEST_NAME
"""Bytes that the directory spends on one file at most."""


class Entry(NamedTuple):
    """One file of an archive."""

    name: bytes
    crc: int
    """The CRC-32 of the file's bytes."""
    size: int
    offset: int
    """Where its local header begins."""

    def local(self) -> bytes:
        """The header in front of the file's bytes."""
        fixed = (LOCAL_MAGIC, _NEEDED, 0, 0, 0, _DAY, self.crc, self.size, self.size, len(self.name), 0)
        return _LOCAL.pack(*fixed) + self.name

    def central(self) -> bytes:
        """The entry in the directory at the archive's end."""
        fixed = (CENTRAL_MAGIC, _MADE_BY, _NEEDED, 0, 0, 0, _DAY, self.crc, self.size, self.size, len(self.name))
        return _CENTRAL.pack(*fixed, 0, 0, 0, 0, _MODE, self.offset) + self.name

    @property
    def start(self) -> int:
        """Where the file's bytes begin."""
        return self.offset + _LOCAL.size + len(self.name)

    @property
    def end(self) -> int:
        """Where the file's bytes end and the next entry begins."""
        return self.start + self.size


class End(NamedTuple):
    """The record at the very end: where the directory lies."""

    files: int
    size: int
    offset: int

    def record(self) -> bytes:
        """Its bytes."""
        return _END.pack(END_MAGIC, 0, 0, self.files, self.files, self.size, self.offset, 0)


def headers_size(name: str) -> int:
    """Bytes that an archive spends on one file besides the file's own."""
    return _LOCAL.size + _CENTRAL.size + 2 * len(name)


def read_end(record: bytes) -> End:
    """What ``END_SIZE`` bytes say when read as the record at the end, right or wrong."""
    fields = _END.unpack(record)
    return End(fields[4], fields[5], fields[6])


def read_central(directory: bytes, position: int) -> tuple[Entry, int] | None:
    """The entry at ``position`` of the directory and where the next one begins; ``None`` when it is cut short."""
    if position + _CENTRAL.size > len(directory):
        return None
    fields = _CENTRAL.unpack_from(directory, position)
    begin = position + _CENTRAL.size
    name = directory[begin : begin + fields[10]]
    entry = Entry(name, fields[7], fields[9], fields[16])
    return entry, begin + fields[10] + fields[11] + fields[12]


def oddity(found: bytes, expected: bytes) -> str:
    """What makes the central header ``found`` differ from the ``expected`` one, in words."""
    fields = _CENTRAL.unpack_from(found)
    kind = stat.S_IFMT(fields[15] >> 16)
    if fields[0] != CENTRAL_MAGIC:
        return "has no directory entry where one must be"
    if fields[3] & 1:
        return "is encrypted"
    if fields[4] != 0:
        return f"is compressed (method {fields[4]}); a bundle's files are stored as they are"
    if kind == stat.S_IFLNK:
        return "is a symbolic link"
    if kind not in (0, stat.S_IFREG):
        return "is not a regular file"
    place = next(position for position, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1])
    return f"has a directory entry that differs from the format's at its byte {place}"
