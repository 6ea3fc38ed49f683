"""Atomic writing: whoever looks at the target sees the old bytes or the new ones, whatever happens in between.

Temporary names lie beside the target and are locked while their writer lives, so that the next writer can tell
those that a killed one left behind, and removes them.
"""

import ctypes
import errno
import fcntl
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lading.bundles.storage.folder import sync_folder
from lading.core.errors import LadingError, UsageError

_MARK = ".lading-tmp"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # Linux renameat2
_RENAME_SWAP = 2  # macOS renamex_np


class DiskFullError(LadingError):
    """The volume has no room for what is to be written."""

    def __init__(self, folder: str, needed: int, free: int) -> None:
        super().__init__(folder, needed, free)
        self.folder, self.needed, self.free = folder, needed, free

    def __str__(self) -> str:
        return (
            f"no space left on the volume of {self.folder}: {self.needed} bytes are needed, {self.free} are free; "
            "free some or write elsewhere. What was there before is unchanged"
        )


class NotWritableError(UsageError):
    """The system does not let this user write there."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder, self.reason = folder, reason

    def __str__(self) -> str:
        return f"cannot write into {self.folder}: {self.reason}; choose another folder or change its permissions"


class WriteError(LadingError):
    """Writing failed for a reason that only the system knows."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder, self.reason = folder, reason

    def __str__(self) -> str:
        return f"writing into {self.folder} failed: {self.reason}. What was there before is unchanged"


@contextmanager
def new_file(target: Path, size: int, *, private: bool = False) -> Iterator[BinaryIO]:
    """A stream whose bytes become the file ``target`` at once when the block ends, or never when it fails.

    ``size`` is the number of bytes needed, for the message of ``DiskFullError``. A ``private`` file is for its owner
    alone; one that takes the place of another has its owner and its mode. Raises also ``NotWritableError`` and
    ``WriteError``.
    """
    with explained(target.parent, size):
        remove_leftovers(target.parent)
        with _beside(target, _new_file) as (path, descriptor, mode), open(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            if private:
                _own_like(target, descriptor)
            else:
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
            path.replace(target)
        sync_folder(target.parent)


@contextmanager
def new_folder(target: Path, size: int, *, private: bool = False) -> Iterator[Path]:
    """An empty folder that becomes ``target`` when the block ends, in the place of what is there, or never.

    Errors, and what ``private`` means, as for ``new_file``.
    """
    with explained(target.parent, size):
        remove_leftovers(target.parent)
        with _beside(target, _new_folder) as (path, descriptor, mode):
            try:
                yield path
                if private:
                    _own_like(target, descriptor)
                else:
                    path.chmod(mode)
                _put(path, target)
                sync_folder(target.parent)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)


@contextmanager
def explained(folder: Path, size: int) -> Iterator[None]:
    """Have what fails when ``size`` bytes are written in ``folder`` raise the errors of this module."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(str(folder), size, shutil.disk_usage(folder).free) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise NotWritableError(str(folder), reason) from error
        raise WriteError(str(folder), reason) from error


@contextmanager
def alone(path: Path) -> Iterator[Path]:
    """Where the file or folder ``path`` itself lies, while nobody else is ``alone`` with one beside it.

    For a change that begins with reading what is there. Raises ``NotWritableError``.
    """
    target = path.resolve()
    try:
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise NotWritableError(str(target.parent), error.strerror or str(error)) from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield target
    finally:
        os.close(folder)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files and folders in ``folder`` whose writers are dead."""
    for path in folder.glob(f".*{_MARK}"):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while the writer lives
                if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                    shutil.rmtree(path)
                else:
                    path.unlink()
            finally:
                os.close(descriptor)


def take_away(path: Path) -> None:
    """Remove a file or a folder: nobody finds a part of it where it was. Who cleans up may help, or end it later."""
    gone = _temporary(path)
    path.rename(gone)
    _remove(gone)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _temporary(target: Path) -> Path:
    return target.parent / f".{target.name[:100]}.{secrets.token_hex(8)}{_MARK}"


@contextmanager
def _beside(target: Path, make: Callable[[Path], int | None]) -> Iterator[tuple[Path, int, int]]:
    """A temporary file or folder beside ``target``: its path, a descriptor that locks it, the mode that it was made with.

    It is removed where the block fails, and from the moment that it is there, if an interrupt falls into its making.
    """
    while True:
        path = _temporary(target)
        try:
            descriptor = make(path)
            if descriptor is None:
                continue
            found = stat.S_IMODE(os.fstat(descriptor).st_mode)
            os.fchmod(descriptor, 0o700 if path.is_dir() else 0o600)
            if _lock(descriptor):
                yield path, descriptor, found
                return
            os.close(descriptor)
        except BaseException:
            _remove(path)
            raise


def _new_file(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)


def _new_folder(path: Path) -> int | None:
    """None where somebody who cleans up was faster."""
    path.mkdir()
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def _own_like(target: Path, descriptor: int) -> None:
    """Give an open file the owner and the mode of ``target``, if that is there and this user may."""
    try:
        old = target.stat()
    except FileNotFoundError:
        return
    with suppress(PermissionError):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _lock(descriptor: int) -> bool:
    """Lock a temporary file or folder; false when somebody who cleans up was faster."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: nobody there can clean up either
        return True
    return os.fstat(descriptor).st_nlink > 0


def _put(new: Path, target: Path) -> None:
    """Rename the folder ``new`` to ``target``; a folder there ends up under the name of ``new``."""
    if not target.exists():
        new.rename(target)
    elif not _exchange(new, target):
        old = _temporary(target)
        target.rename(old)
        try:
            new.rename(target)
        except BaseException:
            old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one step; false where the system or the file system cannot."""
    library = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "darwin":
            return bool(library.renamex_np(first, second, _RENAME_SWAP) == 0)
        return bool(library.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE) == 0)
    except AttributeError:
        return False
