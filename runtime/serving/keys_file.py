"""Changing a file of API keys: one change at a time, and whoever reads it sees the old file or the new one."""

from pathlib import Path

from lading.bundles.storage.atomic import alone, new_file
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
    with alone(path) as target:
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
    with alone(path) as target:
        text = read_text(target)
        if all(key.name != name for key in parse_keys(text, str(path))):
            raise UnknownKeyError(str(path), name)
        _write(target, "\n".join(line for line in text.split("\n") if key_named(line) != name))


def _write(target: Path, text: str) -> None:
    data = text.encode()
    with new_file(target, len(data), private=True) as stream:
        stream.write(data)
