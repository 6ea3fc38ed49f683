"""The archive: a bundle as one file, a ZIP of which every byte is laid down by the format.

Entries are stored, sorted by name, without gaps, times, comments or extra fields, so that the same files give the
same archive, and a reader has nothing to interpret: it compares what it finds with the only thing there can be.
"""

import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lading.bundles.storage.archive_layout import (
    END_MAGIC,
    END_SIZE,
    LARGEST_CENTRAL,
    LOCAL_MAGIC,
    End,
    Entry,
    headers_size,
    oddity,
    read_central,
    read_end,
)
from lading.bundles.storage.content import CHUNK, Content
from lading.bundles.storage.integrity import ArchiveError, NotABundleError, TooLargeError, UnreadableError
from lading.bundles.storage.names import MOST_FILES, check_names
from lading.core.errors import UsageError
from lading.core.settings import LIMITS, Limits

SUFFIX = ".lading"
LARGEST = 0xFFFFFFFF
"""Bytes of an archive: the format knows no ZIP64. A larger bundle is kept as a folder."""


class TooLargeForArchiveError(UsageError):
    """The files do not fit into one archive of the format."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size

    def __str__(self) -> str:
        return (
            f"the bundle needs {self.size} bytes, an archive holds at most {LARGEST}: "
            f"write it as a folder, to a path that does not end in {SUFFIX}"
        )


def archive_size(contents: Mapping[str, Content]) -> int:
    """Bytes of the archive that ``write_archive`` makes of ``contents``."""
    return END_SIZE + sum(headers_size(name) + content.size for name, content in contents.items())


def write_archive(contents: Mapping[str, Content], stream: BinaryIO) -> None:
    """Write ``contents`` by file name as an archive to ``stream``, which must be seekable and empty.

    Raises ``TooLargeForArchiveError``.
    """
    if (size := archive_size(contents)) > LARGEST:
        raise TooLargeForArchiveError(size)
    entries = [_write_entry(name, contents[name], stream) for name in sorted(contents)]
    offset = stream.tell()
    directory = b"".join(entry.central() for entry in entries)
    stream.write(directory + End(len(entries), len(directory), offset).record())


def _write_entry(name: str, content: Content, stream: BinaryIO) -> Entry:
    entry = Entry(name.encode("ascii"), 0, content.size, stream.tell())
    stream.write(entry.local())  # written once more when the checksum is known
    crc = 0
    for piece in content.chunks():
        crc = zlib.crc32(piece, crc)
        stream.write(piece)
    entry = entry._replace(crc=crc)
    stream.seek(entry.offset)
    stream.write(entry.local())
    stream.seek(entry.end)
    return entry


@dataclass(frozen=True)
class _Stored:
    """One file inside an archive that is open."""

    archive: "Archive"
    entry: Entry

    @property
    def size(self) -> int:
        return self.entry.size

    def chunks(self) -> Iterator[bytes]:
        crc, position = 0, self.entry.start
        while position < self.entry.end:
            piece = self.archive.at(position, min(CHUNK, self.entry.end - position))
            crc = zlib.crc32(piece, crc)
            position += len(piece)
            yield piece
        if crc != self.entry.crc:
            raise self.archive.broken("does not have the checksum that the archive records", self.entry)


class Archive:
    """An archive that is open for reading, its structure checked: names, sizes and headers, not yet what files hold."""

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        """Open the archive; a pipe or a device is none.

        Raises ``NotABundleError``, ``TooLargeError``, ``ArchiveError``, ``FileNameError``, ``UnreadableError``.
        """
        self.path, self._limits = path, limits
        try:
            self._file = _opened(path)
        except OSError as error:
            raise UnreadableError(str(path), "the archive", error.strerror or str(error)) from error
        try:
            end = self._read_end()
            entries = self._entries(end)
            check_names(str(path), (entry.name.decode("ascii", "backslashreplace") for entry in entries))
            self._check_layout(entries, end.offset)
        except BaseException:
            self.close()
            raise
        self.contents: Mapping[str, Content] = {entry.name.decode("ascii"): _Stored(self, entry) for entry in entries}

    def close(self) -> None:
        """Let go of the file; nothing can be read afterwards."""
        self._file.close()

    def at(self, position: int, length: int) -> bytes:
        """At most ``length`` bytes from ``position``, at least one."""
        try:
            piece = os.pread(self._file.fileno(), length, position)
        except OSError as error:
            raise UnreadableError(str(self.path), "the archive", error.strerror or str(error)) from error
        if not piece:
            raise self.broken("is cut short")
        return piece

    def broken(self, problem: str, entry: Entry | None = None) -> ArchiveError:
        """The error that says what is wrong with the archive, or with one file of it."""
        name = "" if entry is None else entry.name.decode("ascii", "backslashreplace")
        return ArchiveError(str(self.path), name, problem)

    def _exactly(self, position: int, length: int) -> bytes:
        found = bytearray()
        while len(found) < length:
            found += self.at(position + len(found), length - len(found))
        return bytes(found)

    def _entries(self, end: End) -> list[Entry]:
        """The directory, each entry compared with the only form that the format gives it."""
        directory = self._exactly(end.offset, end.size)
        entries: list[Entry] = []
        position = 0
        for _ in range(end.files):
            read = read_central(directory, position)
            if read is None:
                raise self.broken("has a directory that is cut short")
            entry, following = read
            found = directory[position:following]
            if found != entry.central():
                raise self.broken(oddity(found, entry.central()), entry)
            entries.append(entry)
            position = following
        if position != len(directory):
            raise self.broken("has a directory with bytes that belong to no file")
        return entries

    def _read_end(self) -> End:
        found = os.fstat(self._file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise NotABundleError(str(self.path), "it is neither a file nor a folder")
        size, most = found.st_size, min(self._limits.archive_bytes, self._limits.bundle_bytes)
        if size > most:
            variable = "LADING_ARCHIVE_BYTES" if most == self._limits.archive_bytes else "LADING_BUNDLE_BYTES"
            raise TooLargeError(str(self.path), f"has {size} bytes", most, variable)
        if size < END_SIZE or not self._exactly(0, len(LOCAL_MAGIC)).startswith(LOCAL_MAGIC):
            raise NotABundleError(str(self.path), "it does not begin as an archive does")
        record = self._exactly(size - END_SIZE, END_SIZE)
        if not record.startswith(END_MAGIC):
            raise self.broken("does not end as an archive does: it is cut short, or something was added at its end")
        end = read_end(record)
        if end.record() != record or end.offset + end.size + END_SIZE != size:
            raise self.broken("has an end record that does not fit its length: bytes were added or are missing")
        if not 0 < end.files <= MOST_FILES:
            raise self.broken(f"holds {end.files} files; at least 1 and at most {MOST_FILES} are allowed")
        if end.files > self._limits.bundle_files:
            most = self._limits.bundle_files
            raise TooLargeError(str(self.path), f"holds {end.files} files", most, "LADING_BUNDLE_FILES")
        if end.size > end.files * LARGEST_CENTRAL:
            raise self.broken("has a directory that is longer than the names of its files may be")
        return end

    def _check_layout(self, entries: list[Entry], directory: int) -> None:
        """That files follow one another from the first byte to the directory, sorted, under headers that agree."""
        expected, before = 0, b""
        for entry in entries:
            if entry.offset != expected:
                raise self.broken("does not begin where the file before it ends", entry)
            if entry.name <= before:
                raise self.broken("is not in the order of names", entry)
            if self._exactly(entry.offset, len(entry.local())) != entry.local():
                raise self.broken("has a header that differs from the archive's directory", entry)
            expected, before = entry.end, entry.name
        if expected != directory:
            raise self.broken("has bytes between the last file and the directory")


def _opened(path: Path) -> BinaryIO:
    """The file, for reading; a pipe without a writer holds nobody up."""
    return open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0)
