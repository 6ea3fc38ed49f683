"""The store: a folder of bundles that were checked, each under the digest that it has.

A bundle is copied once, while every file of it is checked, and appears whole or not at all. Who uses one holds a lock
on it, so that nothing that is in use is removed; whoever dies lets go.
"""

import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from lading.bundles.bundle import Bundle, Progress, Vet, copy_bundle, open_bundle
from lading.bundles.evidence.adding import carry_evidence
from lading.bundles.records import FrozenMap, Record
from lading.bundles.storage.archive import SUFFIX
from lading.bundles.storage.atomic import NotWritableError, alone, new_file, remove_leftovers, take_away
from lading.bundles.storage.container import NoSuchBundleError
from lading.core.errors import ConflictError, IntegrityError, UsageError
from lading.core.settings import LIMITS, Limits

FOLDER_MODE = 0o700
NAMES = "[0-9a-f]" * 64
DIGEST = re.compile(f"(sha256:)?{NAMES}")
PROOF, LOCK = ".proof", ".lock"


class NotStoredError(UsageError):
    """The store does not have the bundle."""

    def __init__(self, digest: str, store: str) -> None:
        super().__init__(digest, store)
        self.digest, self.store = digest, store

    def __str__(self) -> str:
        return f"the store {self.store} has no bundle {self.digest}; `lading cache list` tells which it has"


class InUseError(ConflictError):
    """A bundle is to be removed that somebody uses."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest

    def __str__(self) -> str:
        return f"the bundle {self.digest} is in use, as by a server; stop that first"


class DamagedInUseError(ConflictError):
    """The store's copy of a bundle is damaged, and cannot be replaced while somebody uses it."""

    def __init__(self, digest: str, path: str) -> None:
        super().__init__(digest, path)
        self.digest, self.path = digest, path

    def __str__(self) -> str:
        return (
            f"{self.path}, the copy of the bundle {self.digest}, is damaged and in use, as by a server; stop that, and "
            "bring the bundle again, which replaces the copy"
        )


@dataclass(frozen=True)
class Stored:
    """One bundle of a store."""

    digest: str
    path: Path
    """An archive or a folder, as the bundle was that it was copied from."""
    size: int
    """In bytes."""
    used: float
    """When it was brought last, in seconds since 1970."""


@dataclass(frozen=True)
class Brought:
    """A bundle that is in the store, and what its manifest calls it."""

    digest: str
    path: Path
    name: str
    version: str


class Proof(Record):
    """That a bundle passed its trial, and where; another place has to try it again."""

    place: FrozenMap[str]


class Store:
    """The store in the folder ``path``, which is made where there is none, and closed to other users.

    ``tell`` hears of copies that were damaged and were replaced.
    """

    def __init__(self, path: Path, tell: Callable[[str], None] | None = None) -> None:
        """Raises ``NotWritableError``."""
        self.path, self._tell = path, tell
        try:
            path.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
            if stat.S_IMODE(path.stat().st_mode) != FOLDER_MODE:
                path.chmod(FOLDER_MODE)
        except OSError as error:
            raise NotWritableError(str(path), error.strerror or str(error)) from error
        if not os.access(path, os.W_OK):
            raise NotWritableError(str(path), "it may only be read")

    @contextmanager
    def bring(
        self, source: Path, progress: Progress | None = None, limits: Limits = LIMITS, vet: Vet | None = None
    ) -> Iterator[Brought]:
        """Check the bundle at ``source`` and have it in the store; it stays there while the block lasts.

        ``vet`` is asked before. Evidence that a copy which is there lacks is added to it, and none taken away; a copy
        that is damaged is replaced. Raises what ``open_bundle``, ``vet``, ``copy_bundle`` and ``carry_evidence`` raise,
        and ``DamagedInUseError``.
        """
        with open_bundle(source, progress, limits, vet) as bundle:
            self._mend(bundle, limits)
            lock = self._hold_or_copy(bundle, self._place(bundle.digest, folder=source.is_dir()), limits)
            manifest = bundle.manifest
        try:
            path = self.find(bundle.digest)
            yield Brought(bundle.digest, path, manifest.name, manifest.version)
        finally:
            os.close(lock)

    @contextmanager
    def held(self, digest: str) -> Iterator[Path]:
        """Where the bundle of that digest lies; it stays there while the block lasts. Raises ``NotStoredError``."""
        lock = self._hold(digest)
        if lock is None:
            raise NotStoredError(digest, str(self.path))
        try:
            yield self.find(digest)
        finally:
            os.close(lock)

    def find(self, digest: str) -> Path:
        """Where the bundle of that digest lies; raises ``NotStoredError``."""
        # What somebody typed is no path: "" would be the store itself.
        for folder in (False, True) if DIGEST.fullmatch(digest) else ():
            path = self._place(digest, folder)
            if path.exists():
                return path
        raise NotStoredError(digest, str(self.path))

    def __iter__(self) -> Iterator[Stored]:
        """Every bundle, the one that was brought last at the end."""
        found = []
        for path in (*self.path.glob(NAMES + SUFFIX), *self.path.glob(NAMES)):
            with suppress(FileNotFoundError):  # it was removed meanwhile
                size = sum(file.stat().st_size for file in (path.rglob("*") if path.is_dir() else [path]))
                found.append(Stored(f"sha256:{path.stem}", path, size, path.stat().st_mtime))
        yield from sorted(found, key=lambda stored: (stored.used, stored.digest))

    def remove(self, digest: str) -> None:
        """Remove a bundle, for good. Raises ``NotStoredError``, and ``InUseError`` when somebody uses it."""
        self.find(digest)
        if not self._take_out(digest):
            raise InUseError(digest)

    def collect(self, before: float, kept: frozenset[str] = frozenset()) -> list[Stored]:
        """Remove every bundle that nobody uses, that was brought before ``before``, and that is not ``kept``.

        ``before`` is in seconds since 1970. Returns those that were removed.
        """
        remove_leftovers(self.path)
        for lock in self.path.glob(NAMES + LOCK):
            if not self._has(digest := f"sha256:{lock.stem}"):  # whoever locked it was late, or died
                self._take_out(digest)
        return [
            stored
            for stored in self
            if stored.digest not in kept and stored.used < before and self._take_out(stored.digest)
        ]

    def proved(self, digest: str, place: dict[str, str]) -> bool:
        """Whether the bundle passed its trial in such a place."""
        try:
            return Proof.model_validate_json(self._proof(digest).read_bytes()).place == place
        except (FileNotFoundError, ValidationError):
            return False

    def prove(self, digest: str, place: dict[str, str]) -> None:
        """Remember that the bundle passed its trial there. Raises the errors of ``lading.bundles.storage.atomic``."""
        data = Proof(place=place).model_dump_json().encode()
        with new_file(self._proof(digest), len(data), private=True) as file:
            file.write(data)

    def _mend(self, bundle: Bundle, limits: Limits) -> None:
        """Put ``bundle`` in the place of a copy that is not it any more."""
        try:
            copy = self.find(bundle.digest)
        except NotStoredError:
            return
        if not _damaged(copy, bundle.digest, limits) or not self._replace(copy, bundle, limits):
            return
        if self._tell is not None:
            self._tell(f"{copy}, the copy of {bundle.manifest.deployment}, was damaged and was replaced")

    def _replace(self, copy: Path, bundle: Bundle, limits: Limits) -> bool:
        """Do so in one step, unless somebody else was faster. Raises ``DamagedInUseError``."""
        with alone(copy):
            lock = self._opened(bundle.digest)
            try:
                if not _damaged(copy, bundle.digest, limits):
                    return False
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                copy_bundle(bundle, copy, private=True)
            except BlockingIOError:
                raise DamagedInUseError(bundle.digest, str(copy)) from None
            finally:
                os.close(lock)
        return True

    def _hold_or_copy(self, bundle: Bundle, copy: Path, limits: Limits) -> int:
        while (lock := self._hold(bundle.digest)) is None:
            with alone(copy):
                if not self._has(bundle.digest):
                    copy_bundle(bundle, copy, private=True)
        try:
            carry_evidence(bundle, path := self.find(bundle.digest), limits)
            os.utime(path)
        except BaseException:
            os.close(lock)
            raise
        return lock

    def _has(self, digest: str) -> bool:
        try:
            self.find(digest)
        except NotStoredError:
            return False
        return True

    def _hold(self, digest: str) -> int | None:
        """A lock on the bundle, which lasts until the descriptor is closed; None where there is no bundle.

        It is on a file beside the bundle, which stays when evidence is added to that.
        """
        while self._has(digest):
            lock = self._opened(digest)
            fcntl.flock(lock, fcntl.LOCK_SH)
            if _is_at(lock, self._lock(digest)) and self._has(digest):
                return lock
            os.close(lock)
        return None

    def _take_out(self, digest: str) -> bool:
        """Remove what there is of a bundle, unless somebody uses it; a folder vanishes at once, too."""
        lock = self._opened(digest)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_at(lock, self._lock(digest)):
                return False
            with suppress(NotStoredError):
                take_away(self.find(digest))
            self._proof(digest).unlink(missing_ok=True)
            self._lock(digest).unlink()
        except BlockingIOError:
            return False
        finally:
            os.close(lock)
        return True

    def _place(self, digest: str, folder: bool) -> Path:
        name = digest.removeprefix("sha256:")
        return self.path / (name if folder else name + SUFFIX)

    def _lock(self, digest: str) -> Path:
        return self.path / (digest.removeprefix("sha256:") + LOCK)

    def _opened(self, digest: str) -> int:
        """The file that is locked, made where there is none."""
        return os.open(self._lock(digest), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def _proof(self, digest: str) -> Path:
        return self.path / (digest.removeprefix("sha256:") + PROOF)


def _damaged(copy: Path, digest: str, limits: Limits) -> bool:
    """Whether something lies there that is not the bundle of that digest, every file of it as it was."""
    try:
        with open_bundle(copy, limits=limits) as bundle:
            return bundle.digest != digest
    except NoSuchBundleError:  # it was removed meanwhile
        return False
    except IntegrityError:
        return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether what is open still lies at ``path``."""
    try:
        there, here = path.stat(follow_symlinks=False), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
