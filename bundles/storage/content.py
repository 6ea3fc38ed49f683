"""Content: the bytes of one file of a bundle, wherever they lie."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lading.bundles.digest import digest_text
from lading.bundles.manifest import FileEntry
from lading.bundles.storage.integrity import DigestMismatchError, SizeMismatchError

CHUNK = 1 << 20
"""Bytes that are held in memory at a time."""


class Content(Protocol):
    """Bytes of a known length that can be read from the start as often as needed."""

    @property
    def size(self) -> int:
        """In bytes."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """The bytes from the start, in pieces."""
        ...


@dataclass(frozen=True)
class Held:
    """Content in memory."""

    data: bytes

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.data)

    def chunks(self) -> Iterator[bytes]:
        """All bytes in one piece."""
        yield self.data


@dataclass(frozen=True)
class OnDisk:
    """Content in a file of its own, outside any bundle."""

    path: Path

    @property
    def size(self) -> int:
        """In bytes, as the file system has it now."""
        return self.path.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        """The file's bytes in pieces."""
        with self.path.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece


@dataclass(frozen=True)
class Checked:
    """Content that a manifest describes: reading it to the end proves that it is what was described."""

    content: Content
    entry: FileEntry
    bundle: str

    @property
    def size(self) -> int:
        """In bytes, as the manifest records it."""
        return self.entry.size

    def chunks(self) -> Iterator[bytes]:
        """The bytes in pieces.

        Raises ``SizeMismatchError`` or ``DigestMismatchError``, the latter after the last piece.
        """
        sha256, size = hashlib.sha256(), 0
        for piece in self.content.chunks():
            sha256.update(piece)
            size += len(piece)
            yield piece
        if size != self.entry.size:
            raise SizeMismatchError(self.bundle, self.entry.path, self.entry.size, size)
        if sha256.hexdigest() != self.entry.sha256:
            expected, found = digest_text(self.entry.sha256), digest_text(sha256.hexdigest())
            raise DigestMismatchError(self.bundle, self.entry.path, expected, found)


def entry_of(path: str, content: Content) -> FileEntry:
    """What a manifest says of ``content`` at ``path``."""
    sha256, size = hashlib.sha256(), 0
    for piece in content.chunks():
        sha256.update(piece)
        size += len(piece)
    return FileEntry(path=path, size=size, sha256=sha256.hexdigest())
