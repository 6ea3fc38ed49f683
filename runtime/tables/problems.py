"""Problems: what can be wrong with a table that came as the body of a request."""

import struct

import pyarrow as pa

from lading.runtime.errors import SHOWN, BodyTooLargeError, RequestError

UNREADABLE = (pa.ArrowException, OSError, EOFError, ValueError, LookupError, OverflowError, struct.error)
"""What reading bytes that are no table ends in."""


class BrokenTableError(RequestError):
    """The body is not a table in the format that it is sent as."""

    def __init__(self, format: str, reason: str, row: int | None = None) -> None:  # noqa: A002
        super().__init__(format, reason, row)
        self.format, self.reason, self.row = format, reason, row

    def __str__(self) -> str:
        where = "" if self.row is None else f"row {self.row} "
        return f"the body cannot be read as {self.format}: {where}{_line(self.reason)}"


class LargeTableError(BodyTooLargeError):
    """The body is a table that takes more room than a body may."""

    def __str__(self) -> str:
        return f"the table takes more than {self.limit} bytes once it is decoded; send the rows in several requests"


def _line(text: str) -> str:
    """What a library says, as one line that is not too long."""
    words = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * SHOWN]).split()
    return " ".join(words).rstrip(".")
