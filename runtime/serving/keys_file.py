"""Changing a file of API keys: one change at a time, and whoever reads it sees the old file or the new one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lading.bundles.storage.atomic import NotWritableError, new_file
from lading.runtime.serving.keys import (
    NAME,
    Key,
    KeyNameError,
    KeyTakenError,
    UnknownKeyError,
    key_digest,
    key_named,
    new_key,
    parse_keys,
    read_text,
)

HEADING = "# API keys of Lading: a name and a hash each. `lading keys add` prints the key itself, once.\n"


def add_key(path: Path, name: str, rate: int | None) -> str:
    """Add a fresh key to the file ``path``, which is made when it is not there; returns the key.

    Raises ``KeyNameError``, ``KeyTakenError``, ``KeysFileError``, and what ``new_file`` raises.
    """
    if not NAME.fullmatch(name):
        raise KeyNameError(name)
    with _alone(path) as target:
        text = read_text(target) if target.exists() else HEADING
        if any(key.name == name for key in parse_keys(text, str(path))):
            raise KeyTakenError(str(path), name)
        secret = new_key()
        ended = text if text.endswith("\n") or not text else text + "\n"
        _write(target, f"{ended}{Key(name, key_digest(secret), rate)}\n")
    return secret


def remove_key(path: Path, name: str) -> None:
    """Remove the key called ``name`` from the file ``path``; every other line stays as it is.

    Raises ``UnknownKeyError``, ``KeysFileError``, and what ``new_file`` raises.
    """
    with _alone(path) as target:
        text = read_text(target)
        if all(key.name != name for key in parse_keys(text, str(path))):
            raise UnknownKeyError(str(path), name)
        _write(target, "\n".join(line for line in text.split("\n") if key_named(line) != name))


def _write(target: Path, text: str) -> None:
    data = text.encode()
    with new_file(target, len(data), private=True) as stream:
        stream.write(data)


@contextmanager
def _alone(path: Path) -> Iterator[Path]:
    """Where the file itself lies, while nobody else changes a file of its folder by this module."""
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
