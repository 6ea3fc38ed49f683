"""The run folder: where a running server keeps its sockets and temporary files, and nothing outlives it."""

import fcntl
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lading.core.errors import UsageError
from lading.runtime.serving import warden

PREFIX = "lading-"
LOCK = "server.lock"
LONGEST_SOCKET = 107 if sys.platform == "linux" else 103
LONGEST_NAME = len(f"/{PREFIX}12345678/ray/plasma.sock")
"""What the longest name of a socket in a run folder adds to the place that the folder is made in."""


class RunFolderError(UsageError):
    """The run folder cannot be made there."""

    def __init__(self, base: str, reason: str) -> None:
        super().__init__(base, reason)
        self.base, self.reason = base, reason

    def __str__(self) -> str:
        return f"no run folder can be made in {self.base}: {self.reason}; set LADING_RUN_FOLDER to another place"


class RunFolder:
    """A folder that only its owner can enter, watched by a warden that removes it, and ends what runs from it."""

    def __init__(self, base: Path | None) -> None:
        """Make it under ``base``, or under the system's temporary folder; raises ``RunFolderError``."""
        place = _place(base)
        _clear_stale(place)
        try:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        except OSError as error:
            raise RunFolderError(str(place), error.strerror or str(error)) from error
        self._lock = _locked(self.path)
        self.sessions: set[int] = set()
        self._warden = subprocess.Popen(  # noqa: S603 - our own file, by its path
            [sys.executable, "-I", "-S", str(Path(warden.__file__)), str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            cwd="/",
            start_new_session=True,
        )

    def secret(self, name: str) -> Path:
        """A file that holds a fresh secret of 256 bits in hexadecimal digits, which only its owner can read."""
        path = self.path / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        return path

    def watch(self, session: int) -> None:
        """Have every process of ``session`` ended when the server ends."""
        self.sessions.add(session)
        self._tell(f"+{session}")

    def forget(self, session: int) -> None:
        """End what is left of ``session`` now, and watch it no longer."""
        warden.end_sessions({session})
        self.sessions.discard(session)
        self._tell(f"-{session}")

    def close(self) -> None:
        """End every watched process and remove the folder."""
        if self._warden.poll() is None and self._warden.stdin is not None:
            self._warden.stdin.close()
            self._warden.wait()
        # Nothing is left to do, unless somebody ended the warden.
        warden.end_sessions(self.sessions)
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def _tell(self, line: str) -> None:
        if self._warden.stdin is not None and self._warden.poll() is None:
            self._warden.stdin.write(line + "\n")


def _locked(folder: Path) -> int:
    """A lock on ``folder`` for as long as this process lives; it appears locked, or it would be taken for stale."""
    lock = os.open(folder / f".{LOCK}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    (folder / f".{LOCK}").rename(folder / LOCK)
    return lock


def _place(base: Path | None) -> Path:
    """The folder to make the run folder in: one whose path leaves room for the sockets' names."""
    longest = LONGEST_SOCKET - LONGEST_NAME
    if base is None:
        usual = Path(tempfile.gettempdir())
        return usual if len(os.fsencode(usual)) <= longest else Path("/tmp")  # noqa: S108 - a fresh folder goes inside
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(str(base), error.strerror or str(error)) from error
    if (length := len(os.fsencode(base.resolve()))) > longest:
        raise RunFolderError(str(base), f"its path is {length} bytes long, and sockets leave room for {longest}")
    return base.resolve()


def _clear_stale(place: Path) -> None:
    """Remove the run folders of servers of this user that were killed together with their wardens."""
    for folder in place.glob(f"{PREFIX}*"):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
