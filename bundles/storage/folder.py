"""The folder: a bundle as a tree of files, the same ones that the archive holds."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lading.bundles.storage.content import CHUNK, Content
from lading.bundles.storage.integrity import FileNameError, NotABundleError, TooLargeError, UnreadableError
from lading.bundles.storage.names import MOST_FILES, check_names
from lading.core.settings import LIMITS, Limits

_DEEPEST = 8


def write_folder(contents: Mapping[str, Content], folder: Path, *, private: bool = False) -> None:
    """Write ``contents`` by file name into ``folder``, which must exist and be empty; everything reaches the disk.

    Where they are ``private`` they are for their owner alone.
    """
    folder_mode, file_mode = (0o700, 0o600) if private else (0o777, 0o666)
    folders = {folder}
    for name in sorted(contents):
        path = folder / name
        within = [parent for parent in reversed(path.parents) if folder in parent.parents]
        for parent in within:
            parent.mkdir(folder_mode, exist_ok=True)
        folders.update(within)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(path, flags, file_mode), "wb") as file:
            for piece in contents[name].chunks():
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    for written in sorted(folders, reverse=True):
        sync_folder(written)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class _File:
    """One file of a folder."""

    folder: Path
    name: str
    size: int

    def chunks(self) -> Iterator[bytes]:
        try:
            # Neither a link nor a pipe that was put there since may lead the reader astray or hold it up.
            descriptor = os.open(self.folder / self.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                while piece := file.read(CHUNK):
                    yield piece
        except OSError as error:
            raise UnreadableError(str(self.folder), self.name, error.strerror or str(error)) from error


class Folder:
    """A folder that is open for reading, its names checked, not yet what its files hold."""

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        """List the folder. Raises ``NotABundleError``, ``TooLargeError``, ``FileNameError``, ``UnreadableError``."""
        self.path = path
        files: dict[str, Content] = {}
        total = 0
        for name, size in self._walk("", 1):
            files[name] = _File(path, name, size)
            total += size
            if len(files) > MOST_FILES:
                raise NotABundleError(str(path), f"it holds more than {MOST_FILES} files")
            if len(files) > (most := limits.bundle_files):
                raise TooLargeError(str(path), f"holds more than {most} files", most, "LADING_BUNDLE_FILES")
            if total > (most := limits.bundle_bytes):
                raise TooLargeError(str(path), f"has more than {most} bytes", most, "LADING_BUNDLE_BYTES")
        check_names(str(path), files)
        self.contents: Mapping[str, Content] = files

    def close(self) -> None:
        """Nothing is kept open between reads."""

    def _walk(self, within: str, depth: int) -> Iterator[tuple[str, int]]:
        try:
            with os.scandir(self.path / within) as listing:
                some = list(islice(listing, MOST_FILES + 1))  # a folder may be very large
            if len(some) > MOST_FILES:
                raise NotABundleError(str(self.path), f"it holds more than {MOST_FILES} files")
            entries = sorted(some, key=lambda entry: entry.name)
            for entry in entries:
                name = within + entry.name
                mode = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(mode.st_mode):
                    if depth == _DEEPEST:
                        raise FileNameError(str(self.path), name, f"is a folder below {_DEEPEST} levels")
                    yield from self._walk(name + "/", depth + 1)
                elif stat.S_ISREG(mode.st_mode):
                    yield name, mode.st_size
                else:
                    problem = "is a symbolic link" if stat.S_ISLNK(mode.st_mode) else "is not a regular file"
                    raise FileNameError(str(self.path), name, problem)
        except OSError as error:
            raise UnreadableError(str(self.path), within, error.strerror or str(error)) from error
