"""The recurring: what most clients send again and again, but for the values in it, understood once."""

import typing
from collections.abc import Callable, Hashable

import orjson

from lading.runtime.errors import RequestError

MOST = 256
"""What is understood at a time, and what was seen once."""
LONGEST = 4096
"""Bytes around the values that are worth to be kept."""

DATA = b'"data"'
NUMERIC = b"0123456789+-.eE, \t\r\n["
"""What a list of numbers is written with, but for its end."""

Around = tuple[bytes, ...]
"""What stands in a request before its lists, between them, and behind the last one."""

Key = typing.TypeVar("Key", bound=Hashable)
Known = typing.TypeVar("Known")


class Recurring(typing.Generic[Key, Known]):
    """Keeps what ``learn`` makes of what has come before; it is asked when a key comes for the second time.

    ``learn`` returns None, or raises ``RequestError``, for what it makes nothing of.
    """

    def __init__(self, learn: Callable[[Key], Known | None]) -> None:
        self._learn = learn
        self._known: dict[Key, Known | None] = {}
        self._seen: set[Key] = set()

    def known(self, key: Key) -> Known | None:
        """What is known of ``key``, if it has come before."""
        try:
            return self._known[key]
        except KeyError:
            return self._met(key)

    def _met(self, key: Key) -> Known | None:
        if key not in self._seen:
            _make_room(self._seen)
            self._seen.add(key)
            return None
        _make_room(self._known)
        self._seen.discard(key)
        try:
            found = self._learn(key)
        except RequestError:  # it is found, and told, where a request is read whole
            found = None
        self._known[key] = found
        return found


def apart(body: bytes) -> tuple[Around, list[bytes]] | None:
    """What is around the first list of ``body`` that may be a tensor's data, and the list; None where that is much."""
    start = body.find(b"[", body.find(DATA))
    end = body.find(b"]", start) + 1
    if start < 0 or len(body) - (end - start) > LONGEST:
        return None
    return (body[:start], body[end:]), [body[start:end]]


def numbers(text: bytes) -> list[float] | None:
    """The numbers of a list; None where it is no list of numbers. Integers are not looked at, which may be too large."""
    if text.translate(None, NUMERIC) != b"]":
        return None
    try:
        found: list[float] = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found


def _make_room(kept: dict[Key, Known | None] | set[Key]) -> None:
    if len(kept) >= MOST:
        kept.clear()
