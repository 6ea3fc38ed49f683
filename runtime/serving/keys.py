"""API keys: who may ask a server, as a file that holds a name and a hash for each key, and never a key."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lading.core.errors import ConflictError, UsageError

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
LINE = re.compile(rf"({NAME.pattern}) (sha256:[0-9a-f]{{64}})(?: rate=([1-9][0-9]{{0,5}}))?")
FORM = "expected NAME sha256:HEX, or NAME sha256:HEX rate=NUMBER, as `lading keys add` writes it"
PREFIX = "lading_"
"""What every key begins with, so that a scanner for leaked secrets can tell one."""
KEY_BYTES = 32
NOTHING = "sha256:" + hashlib.sha256(b"").hexdigest()
"""The hash of no key, which everybody can send."""
MOST_KEYS = 10_000
MOST_BYTES = 2 << 20


class KeysFileError(UsageError):
    """The file of API keys cannot be used."""

    def __init__(self, path: str, line: int | None, problem: str) -> None:
        super().__init__(path, line, problem)
        self.path, self.line, self.problem = path, line, problem

    def __str__(self) -> str:
        where = self.path if self.line is None else f"line {self.line} of {self.path}"
        return f"{where}: {self.problem}"


class KeyTakenError(ConflictError):
    """There is a key of that name."""

    def __init__(self, path: str, name: str) -> None:
        super().__init__(path, name)
        self.path, self.name = path, name

    def __str__(self) -> str:
        return f"{self.path} has a key named {self.name!r}; remove it first, or choose another name"


class UnknownKeyError(UsageError):
    """There is no key of that name."""

    def __init__(self, path: str, name: str) -> None:
        super().__init__(path, name)
        self.path, self.name = path, name

    def __str__(self) -> str:
        return f"{self.path} has no key named {self.name!r}; `lading keys list` shows those that it has"


class KeyNameError(UsageError):
    """A key cannot be named so."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name!r} cannot name a key; use at most 63 of a-z, 0-9 and -, and no - at the start"


@dataclass(frozen=True)
class Key:
    """What is known of one key: its name, its hash, and how many requests a second it may send, if not any number."""

    name: str
    digest: str
    rate: int | None = None

    def __str__(self) -> str:
        words = [self.name, self.digest, *([] if self.rate is None else [f"rate={self.rate}"])]
        return " ".join(words)


def new_key() -> str:
    """A fresh key of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(KEY_BYTES)


def key_digest(key: str) -> str:
    """The hash by which a key is known.

    >>> key_digest("secret")[:20]
    'sha256:2bb80d537b1da'
    """
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys in the file ``path``, in its order; raises ``KeysFileError``."""
    return parse_keys(read_text(path), str(path))


def read_text(path: Path) -> str:
    """All of the keys file ``path``; raises ``KeysFileError`` when it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        hint = (
            "`lading keys add` makes such a file"
            if isinstance(error, FileNotFoundError)
            else "it must be a file that can be read"
        )
        raise KeysFileError(str(path), None, f"{error.strerror}; {hint}") from error
    if len(data) > MOST_BYTES:
        raise KeysFileError(str(path), None, f"it is larger than {MOST_BYTES} bytes, which no file of keys is")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise KeysFileError(str(path), None, f"it is not text in UTF-8 (byte {error.start})") from error


def parse_keys(text: str, path: str) -> tuple[Key, ...]:
    """The keys that ``text`` holds, one a line; ``path`` is for messages. Raises ``KeysFileError``."""
    found = list(_lines(text, path))
    if len(found) > MOST_KEYS:
        raise KeysFileError(path, None, f"it holds {len(found)} keys; at most {MOST_KEYS} can be served")
    _refuse_twins(found, path)
    return tuple(key for _, key in found)


def key_named(line: str) -> str | None:
    """The name of the key that a line of a keys file is about; none for a comment or an empty line."""
    words = line.split()
    return words[0] if words and not words[0].startswith("#") else None


def _lines(text: str, path: str) -> Iterator[tuple[int, Key]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if key_named(line) is None:
            continue
        if not (found := LINE.fullmatch(" ".join(line.split()))):
            raise KeysFileError(path, number, f"this is no key; {FORM}")
        name, digest, rate = found.groups()
        if digest == NOTHING:
            raise KeysFileError(path, number, "this is the hash of an empty key; `lading keys add` makes a good one")
        yield number, Key(name, digest, None if rate is None else int(rate))


def _refuse_twins(found: Iterable[tuple[int, Key]], path: str) -> None:
    names: dict[str, int] = {}
    digests: dict[str, int] = {}
    for number, key in found:
        if (other := names.setdefault(key.name, number)) != number:
            raise KeysFileError(path, number, f"line {other} has a key named {key.name!r} too; name each once")
        if (other := digests.setdefault(key.digest, number)) != number:
            raise KeysFileError(path, number, f"this is the key of line {other} under another name; keep one of them")
