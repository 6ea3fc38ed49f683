"""The container: what holds a bundle's files, an archive or a folder, told apart by the path."""

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

from lading.bundles.manifest import CARD_PATH, EVIDENCE_PREFIX, MANIFEST_PATH, MODEL_PREFIX, PROFILE_PATH
from lading.bundles.storage.archive import SUFFIX, Archive, archive_size, write_archive
from lading.bundles.storage.archive_layout import LOCAL_MAGIC
from lading.bundles.storage.atomic import NotWritableError, new_file, new_folder
from lading.bundles.storage.content import Content
from lading.bundles.storage.folder import Folder, write_folder
from lading.bundles.storage.integrity import NotABundleError
from lading.core.errors import ConflictError, IntegrityError, UsageError
from lading.core.settings import LIMITS, Limits


class NoSuchBundleError(UsageError):
    """There is nothing at the path of a bundle."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"there is no file or folder {self.path}; name a {SUFFIX} file or a bundle's folder"


class OccupiedError(ConflictError):
    """Something that is not a bundle is where one would be written."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} exists and is not a bundle, so it is left alone; remove it or write to another path"


class Container(Protocol):
    """An archive or a folder that is open for reading."""

    @property
    def contents(self) -> Mapping[str, Content]:
        """Every file by name, in the order of names."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


def open_container(path: Path, limits: Limits = LIMITS) -> Container:
    """Open the archive or the folder at ``path``, its size, structure and names checked.

    Raises ``NoSuchBundleError`` and the children of ``BundleError``.
    """
    if not path.exists():
        raise NoSuchBundleError(str(path))
    if not path.is_dir():
        return Archive(path, limits)
    if not _has_manifest(path):  # asked first: the folder may be anything, and very large
        raise NotABundleError(str(path), f"it holds no {MANIFEST_PATH}; name a {SUFFIX} file or a bundle's folder")
    return Folder(path, limits)


def write_container(contents: Mapping[str, Content], path: Path, *, private: bool = False) -> None:
    """Write ``contents`` to ``path``: an archive when it ends in ``.lading``, else a folder; all of it or nothing.

    Where it is ``private`` it is for its owner alone. A bundle that is there is replaced. Raises ``OccupiedError`` when
    something else is, and the errors of ``lading.bundles.storage.atomic``.
    """
    _check_replaceable(path)
    _put(contents, path.resolve(), folder=path.suffix != SUFFIX, private=private, closed=private)


def rewrite_container(contents: Mapping[str, Content], path: Path) -> None:
    """Write ``contents`` in the place of the archive or the folder at ``path``: in its form, with its owner and its mode.

    Raises the errors of ``lading.bundles.storage.atomic``.
    """
    target = path.resolve()
    closed = not target.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    _put(contents, target, folder=target.is_dir(), private=True, closed=closed)


def _put(contents: Mapping[str, Content], target: Path, *, folder: bool, private: bool, closed: bool) -> None:
    """Write ``contents``; files in a ``closed`` folder are for its owner alone."""
    if folder:
        with new_folder(target, sum(content.size for content in contents.values()), private=private) as written:
            write_folder(contents, written, private=closed)
    else:
        with new_file(target, archive_size(contents), private=private) as stream:
            write_archive(contents, stream)


def check_writable(path: Path) -> None:
    """Refuse early what ``write_container`` would refuse: a place that is taken, or where nothing can be written.

    Raises ``OccupiedError`` and ``NotWritableError``.
    """
    folder = path.resolve().parent
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):  # there may be room by then
            raise NotWritableError(str(folder), os.strerror(error.errno) if error.errno else str(error)) from error
    _check_replaceable(path)


def _check_replaceable(path: Path) -> None:
    target = path.resolve()
    is_bundle = _is_archive if path.suffix == SUFFIX else _is_bundle_folder
    if target.exists() and not is_bundle(target):
        raise OccupiedError(str(target))


def _is_archive(path: Path) -> bool:
    """Whether a file begins as every bundle archive does, sound or not, or is empty."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        begin = file.read(64)
    return not begin or (begin.startswith(LOCAL_MAGIC) and CARD_PATH.encode() in begin)


def _is_bundle_folder(path: Path) -> bool:
    """Whether a folder holds what every bundle holds and nothing that none does, or is empty."""
    if not path.is_dir():
        return False
    if not _has_manifest(path):
        return _is_empty(path)
    try:
        names = Folder(path).contents.keys()
    except IntegrityError:
        return False
    known = (CARD_PATH, MANIFEST_PATH, PROFILE_PATH, "golden/", MODEL_PREFIX, EVIDENCE_PREFIX)
    return all(name.startswith(known) for name in names)


def _is_empty(folder: Path) -> bool:
    """Whether there is nothing in a folder, which may not be listed to the end; ``False`` when it may not be read."""
    try:
        with os.scandir(folder) as listing:
            return next(listing, None) is None
    except OSError:
        return False


def _has_manifest(folder: Path) -> bool:
    """Whether something in a folder is named as the manifest, or nobody may look."""
    try:
        (folder / MANIFEST_PATH).lstat()
    except OSError as error:
        return not isinstance(error, FileNotFoundError)
    return True
