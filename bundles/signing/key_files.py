"""The files of a pair of keys: the private one for its owner alone, the public one beside it."""

import os
from pathlib import Path

from lading.bundles.signing.keys import PrivateKey, private_pem, public_pem
from lading.bundles.storage.atomic import NotWritableError, WriteError
from lading.core.errors import ConflictError, UsageError

PUBLIC_SUFFIX = ".pub"


class KeyExistsError(ConflictError):
    """A key would be overwritten."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} exists, and a key that is overwritten is lost; name another file, or move that one away"


class KeyNameError(UsageError):
    """A private key would be called as the public one beside it is."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} is what the public key would be called; name the private one, as in release.key"


def write_pair(path: Path, key: PrivateKey, passphrase: bytes | None) -> Path:
    """Write the private key to ``path``, encrypted where there is a ``passphrase``, and the public one beside it.

    Returns where that is. Raises ``KeyNameError``, ``KeyExistsError``, ``NotWritableError`` and ``WriteError``.
    """
    public = path.with_suffix(PUBLIC_SUFFIX)
    if path == public:
        raise KeyNameError(str(path))
    for taken in (path, public):
        if taken.exists():
            raise KeyExistsError(str(taken))
    _write(path, private_pem(key, passphrase), 0o600)
    _write(public, public_pem(key.public_key()), 0o644)
    return public


def _write(path: Path, data: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        raise KeyExistsError(str(path)) from None
    except OSError as error:
        raise NotWritableError(str(path.parent), error.strerror or str(error)) from error
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        path.unlink()  # half a key would be in the way of a whole one
        raise WriteError(str(path.parent), error.strerror or str(error)) from error
