"""The rotating file: lines in a file that makes way for a fresh one when it is full; a few of the old ones stay."""

import errno
import os
from contextlib import suppress
from itertools import pairwise
from pathlib import Path


class RotatingFile:
    """Whole lines in the file ``path``, of ``most_bytes`` at most; it and those before it are ``files`` in all.

    ``path`` with ``.1`` behind it is the one before, ``.2`` the one before that. Only its owner can read them.
    """

    def __init__(self, path: Path, most_bytes: int, files: int) -> None:
        self.path, self._most, self._files = path, most_bytes, files
        self._descriptor: int | None = None
        self._size = 0

    def write(self, line: bytes) -> None:
        """Write a line; raises ``OSError`` when it cannot be written whole, and then none of it is there."""
        try:
            descriptor = self._opened()
            if self._size and self._size + len(line) > self._most:
                self._rotate()
                descriptor = self._opened()
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        except OSError:
            if self._descriptor is not None:
                with suppress(OSError):
                    os.ftruncate(self._descriptor, self._size)
            self.close()
            raise
        self._size += len(line)

    def close(self) -> None:
        """Let go of the file; the next line opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _opened(self) -> int:
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o600)
            self._size = os.fstat(self._descriptor).st_size
        return self._descriptor

    def _rotate(self) -> None:
        """Put every file one place further, the last one away, and begin a fresh one."""
        self.close()
        places = [self.path, *(self.path.with_name(f"{self.path.name}.{n}") for n in range(1, self._files))]
        places[-1].unlink(missing_ok=True)
        for before, after in reversed(list(pairwise(places))):
            with suppress(FileNotFoundError):
                before.rename(after)
