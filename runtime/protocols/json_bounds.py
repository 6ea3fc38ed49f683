"""The bounds of JSON that its grammar does not have: how deep it nests, and how large its integers are.

Both are asked of bodies that a parser has taken, and of their bytes: what was parsed does not tell an integer beyond
64 bits from the number that it was rounded to.
"""

import re

DEPTH = 64
"""The most arrays and objects, one inside the other."""
LARGEST, SMALLEST = (1 << 64) - 1, -(1 << 63)

DIGITS = bytes(48 if 48 <= byte <= 57 else byte if byte == ord(".") else 32 for byte in range(256))
"""``translate`` by it leaves of a body where its digits and points are."""
LONG = b" " + b"0" * 19
"""Nineteen digits in a row that are no fraction, in what ``DIGITS`` leaves; fewer digits fit into 64 bits."""
_TEXTS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
_INTEGERS = re.compile(rb"(?<![0-9.eE+-])-?[0-9]{19,}+(?![.eE])")

_BRACKETS = bytes({ord("{"): ord("["), ord("}"): ord("]")}.get(byte, byte) for byte in range(256))
_OTHERS = bytes(byte for byte in range(256) if byte not in b'[]{}"')


def fits(integer: str) -> bool:
    """Whether the number that ``integer`` writes is one of 64 bits, with or without a sign."""
    return len(integer) <= len(str(SMALLEST)) and SMALLEST <= int(integer) <= LARGEST


def wide_integer(body: bytes) -> str | None:
    """The first integer in ``body`` that does not fit into 64 bits."""
    found = (match.group().decode() for match in _INTEGERS.finditer(_TEXTS.sub(b'""', body)))
    return next((integer for integer in found if not fits(integer)), None)


def too_deep(body: bytes) -> bool:
    """Whether arrays and objects nest deeper in ``body`` than ``DEPTH``."""
    brackets = body.translate(_BRACKETS, _OTHERS).replace(b'""', b"")
    if b'"' in brackets or b'\\"' in body:  # a text holds brackets, or a quote that ends none
        brackets = _TEXTS.sub(b"", body).translate(_BRACKETS, _OTHERS)
    for _ in range(DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")  # what is innermost goes
    return brackets != b""
