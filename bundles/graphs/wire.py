"""The wire: protobuf's encoding, read from front to back, of which a window is held and never the whole."""

import re
from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
"""Wire types: how the value behind a tag is laid out. Groups (3 and 4) are of a protobuf that ONNX never used."""

WIDTHS = {FIXED64: 8, FIXED32: 4}
LONGEST_VARINT = 10
LARGEST_TAG = 2**32 - 1
SHORT = 127
"""Bytes of a text whose length is one byte."""


class WireError(ValueError):
    """The bytes are not protobuf's."""


class Wire:
    """The bytes of one message, in the ``pieces`` that they come in; ``size`` is how many there are."""

    def __init__(self, pieces: Iterator[bytes], size: int) -> None:
        self.size = size
        self.position = 0
        """How many bytes were read."""
        self._pieces, self._window, self._at = pieces, b"", 0

    def tag(self) -> tuple[int, int]:
        """The number of a field and the wire type of its value. Raises ``WireError``."""
        tag = self.varint()
        if tag > LARGEST_TAG or tag < 8:
            raise WireError("holds a field without a number")
        return tag >> 3, tag & 7

    def varint(self) -> int:
        """A number of variable length, at most 64 bits. Raises ``WireError``."""
        self._hold(LONGEST_VARINT)
        value = shift = 0
        for byte in self._window[self._at : self._at + LONGEST_VARINT]:
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                self._pass(shift // 7)
                return value & (2**64 - 1)
        raise WireError("is cut short, or holds a number that is too long")

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes. Raises ``WireError`` where there are fewer."""
        self._hold(length)
        taken = self._window[self._at : self._at + length]
        if len(taken) < length:
            raise WireError("is cut short")
        self._pass(length)
        return taken

    def skip(self, length: int) -> None:
        """Pass over ``length`` bytes, without holding them. Raises ``WireError`` where there are fewer."""
        while length > (held := len(self._window) - self._at):
            self._pass(held)
            length -= held
            if not self._more():
                raise WireError("is cut short")
        self._pass(length)

    def skip_run(self, tag: bytes, wire_type: int, end: int) -> None:
        """Pass over what follows of a field that was just read and is said again and again, up to position ``end``.

        Lists of numbers and of short texts, millions of which are in one tree model, come so.
        """
        run = _run(tag, wire_type)
        while True:
            self._hold(SHORT + 2 + len(tag))
            found = run.match(self._window, self._at, min(len(self._window), self._at + end - self.position))
            if found is None:
                return
            self._pass(found.end() - self._at)

    def _pass(self, length: int) -> None:
        self._at += length
        self.position += length

    def _hold(self, length: int) -> None:
        """Have ``length`` bytes in the window, or all that are left."""
        while len(self._window) - self._at < length and self._more():
            pass

    def _more(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._window, self._at = self._window[self._at :] + piece, 0
        return True


def _run(tag: bytes, wire_type: int) -> re.Pattern[bytes]:
    """What the field of ``tag`` looks like, again and again; texts as long as a length of one byte can say."""
    if (found := _RUNS.get((tag, wire_type))) is None:
        field = re.escape(tag) + _VALUES[wire_type]
        found = _RUNS[tag, wire_type] = re.compile(b"(?:" + field + b")++", re.DOTALL)
    return found


_VALUES = {
    VARINT: rb"[\x80-\xff]{0,9}+[\x00-\x7f]",
    FIXED64: b".{8}",
    FIXED32: b".{4}",
    LENGTH: b"(?:" + b"|".join(re.escape(bytes([length])) + b".{%d}" % length for length in range(SHORT + 1)) + b")",
}
_RUNS: dict[tuple[bytes, int], re.Pattern[bytes]] = {}
