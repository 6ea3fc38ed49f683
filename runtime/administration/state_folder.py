"""The state folder: the state and the bundles that it names, on disk, so that they outlive the server."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from lading.bundles.bundle import Progress, Vet
from lading.bundles.manifest_reading import in_words
from lading.bundles.signing.policy import OFF
from lading.bundles.storage.atomic import NotWritableError, new_file
from lading.bundles.store.proving import prove
from lading.bundles.store.store import NotStoredError, Store
from lading.core.errors import ConflictError, IntegrityError, UsageError
from lading.core.settings import LIMITS, Limits
from lading.runtime.administration.state import State, Version

STATE = "state.json"
BUNDLES = "bundles"
LOCK = "server.lock"
SOCKET = "admin.sock"
"""Of the administration, while a server runs."""
FOLDER_MODE = 0o700
SOON_SECONDS = 3600


class StateFolderError(UsageError):
    """The state folder cannot be used."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder, self.reason = folder, reason

    def __str__(self) -> str:
        return f"the state folder {self.folder} cannot be used: {self.reason}"


class StateInUseError(ConflictError):
    """Another server has the state folder."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"another server runs on the state folder {self.folder}; stop it, or give this one another folder"


class BrokenStateError(IntegrityError):
    """The state is not what a server wrote."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path} is not a state that a server wrote: {self.problem}; put a whole one back, or remove it"


class UnknownBundleError(UsageError):
    """The server does not have the bundle."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest

    def __str__(self) -> str:
        return f"the server has no bundle {self.digest}; `lading deploy` brings it there"


class StateFolder:
    """The folder ``path``; made where there is none, and closed to other users.

    ``tell`` hears of bundles in it that were damaged and were replaced.
    """

    def __init__(self, path: Path, limits: Limits = LIMITS, tell: Callable[[str], None] | None = None) -> None:
        """Raises ``StateFolderError``."""
        self.path, self.limits = path, limits
        try:
            path.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
            path.chmod(FOLDER_MODE)
            self._store = Store(path / BUNDLES, tell)
        except OSError as error:
            raise StateFolderError(str(path), error.strerror or str(error)) from error
        except NotWritableError as error:
            raise StateFolderError(str(path), error.reason) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have it for one server alone; raises ``StateInUseError`` when another has it."""
        lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise StateInUseError(str(self.path)) from None
        finally:
            os.close(lock)

    def read(self) -> State:
        """The state as it was last written, an empty one where there is none; raises ``BrokenStateError``."""
        path = self.path / STATE
        try:
            return State.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return State()
        except ValidationError as error:
            raise BrokenStateError(str(path), in_words(error)) from error

    def write(self, state: State) -> None:
        """Write it: whenever the machine fails, what is there is this state or the one before.

        Raises the errors of ``lading.bundles.storage.atomic``.
        """
        data = state.model_dump_json(indent=1).encode()
        with new_file(self.path / STATE, len(data), private=True) as file:
            file.write(data)

    def bundle(self, digest: str) -> Path:
        """Where the bundle of that digest lies; raises ``UnknownBundleError``."""
        try:
            return self._store.find(digest)
        except NotStoredError:
            raise UnknownBundleError(digest) from None

    def prove(self, digest: str) -> None:
        """Try the bundle of that digest in a process of its own, unless it passed before; raises what ``prove`` does."""
        prove(self._store, digest, self.limits)

    def bring(self, path: Path, progress: Progress | None = None, vet: Vet = OFF.vet) -> tuple[str, Version]:
        """Check the bundle at ``path``, and keep a copy of it, an archive of an archive and a folder of a folder.

        ``vet`` is asked before. Evidence that a copy which is there lacks is added to it, and none taken away; a copy
        that is damaged is replaced. Returns the name and the version that its manifest says. Raises what
        ``Store.bring`` does.
        """
        with self._store.bring(path, progress, self.limits, vet) as brought:
            return brought.name, Version(version=brought.version, digest=brought.digest)

    def keep(self, digests: frozenset[str]) -> None:
        """Remove every bundle but those with these ``digests``, and those that came lately and may be deployed soon."""
        self._store.collect(time.time() - SOON_SECONDS, digests)
