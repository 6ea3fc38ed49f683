"""The plain request: a ``POST`` that says no more than most do, found in what was read without a parser.

Whatever is not plain is left to the parser: chunks, what concerns the connection, what is said twice, and what could be
read in two ways.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from lading.runtime.protocols.head import LENGTH, NOTED, Head

LINE, END = b"\r\n", b"\r\n\r\n"

CONTROLS = bytes(range(0x20)) + b"\x7f"
OF_THE_CONNECTION = frozenset(
    {b"connection", b"expect", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
FIRST = re.compile(rb"POST (/[!-~]*) HTTP/1\.1")
LENGTH_DIGITS = re.compile(rb"0|[1-9][0-9]{0,11}")
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class PlainRequest(NamedTuple):
    """A request that was read."""

    path: bytes
    """The target, as it was sent."""
    head: Head
    body: bytes
    """What there is of it."""
    missing: int
    """The bytes that are to come."""


def plain_request(data: bytes) -> PlainRequest | None:
    """The request that ``data`` is, or begins with a whole head; None where it is none, another, or more than one."""
    end = data.find(END)
    said = data[:end]
    lines = said.split(LINE)
    path = _path(lines[0])
    if path is None or end < 0 or len(said.translate(None, CONTROLS)) != end - len(LINE) * (len(lines) - 1):
        return None
    head: dict[bytes, bytes] = {}
    for line in lines[1:]:
        given, colon, value = line.partition(b": ")
        name = _name(given) if colon else None
        if name:
            if name in head:
                return None
            head[name] = value.strip()
        elif name is None:
            return None
    length = _length(head.get(LENGTH, b""))
    body = data[end + len(END) :]
    return PlainRequest(path, head, body, length - len(body)) if length >= len(body) else None


@lru_cache(256)
def _path(line: bytes) -> bytes | None:
    """The target in the first line of a request; None in any other."""
    found = FIRST.fullmatch(line)
    return None if found is None else found[1]


@lru_cache(256)
def _length(given: bytes) -> int:
    """The length of a body; -1 where it is not said in the usual way."""
    return int(given) if LENGTH_DIGITS.fullmatch(given) else -1


@lru_cache(256)
def _name(given: bytes) -> bytes | None:
    """The name of a header that is looked at, b"" for one that is not, None for one that is the parser's."""
    name = given.lower()
    if TOKEN.fullmatch(name) is None or name in OF_THE_CONNECTION:
        return None
    return name if name in NOTED else b""
