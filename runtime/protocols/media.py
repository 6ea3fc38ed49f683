"""Media types: what a body is sent as, and what the answer is to be sent as."""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.util import find_spec

from lading.runtime.errors import RequestError, shown
from lading.runtime.protocols.head import ACCEPT, TYPE, Head

JSON = "application/json"
CSV = "text/csv"
STREAM = "application/vnd.apache.arrow.stream"
FILE = "application/vnd.apache.arrow.file"
PARQUET = "application/vnd.apache.parquet"

FORMATS: Mapping[str, str] = {STREAM: "Arrow", FILE: "Arrow", CSV: "CSV", PARQUET: "Parquet"}
"""The media types of tables, and the formats that they are."""

JSON_BODIES = frozenset({None, b"application/json", b"application/x-www-form-urlencoded", b"text/plain"})
"""What a body of JSON is sent as: nothing, the truth, or what curl and browsers say of a text when nobody tells them."""

JSON_ANSWERS = frozenset({None, b"", b"*/*", b"application/json"})
"""The headers that ask for JSON, as they mostly are."""

QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")


class UnknownTypeError(RequestError):
    """The body is of a type that is not taken here."""

    status = 415

    def __init__(self, found: str, known: tuple[str, ...]) -> None:
        super().__init__(found, known)
        self.found, self.known = found, known

    def __str__(self) -> str:
        return f"the body is {shown(self.found)}; send one of {', '.join(self.known)}, in UTF-8 where it is text"


class NoTablesError(RequestError):
    """The body is a table, and what reads tables is not installed."""

    status = 415

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found

    def __str__(self) -> str:
        return (
            f"the body is {shown(self.found)}, which this server lacks pyarrow to read; send JSON, or install it "
            "where the server runs: pip install 'lading[tables]'"
        )


class NotAcceptableError(RequestError):
    """The answer cannot be sent as anything that the client accepts."""

    status = 406

    def __init__(self, accepted: str, known: tuple[str, ...]) -> None:
        super().__init__(accepted, known)
        self.accepted, self.known = accepted, known

    def __str__(self) -> str:
        return f"the answer is wanted as {shown(self.accepted)}; it is sent as one of {', '.join(self.known)}"


@cache
def tables_are_read() -> bool:
    """Whether pyarrow is installed; it is not loaded before a table comes."""
    return find_spec("pyarrow") is not None


def sent_as(head: Head) -> tuple[str, dict[str, str]]:
    """The media type of the body in lower case, nothing where it has none, and its parameters."""
    media, *given = head.get(TYPE, b"").decode("latin-1").split(";")
    pairs = (part.partition("=") for part in given if part.strip())
    return media.strip().lower(), {name.strip().lower(): value.strip(' "').lower() for name, _, value in pairs}


def wanted_as(head: Head, offered: tuple[str, ...]) -> str:
    """The one of ``offered`` that the client likes best, the first of equals. Raises ``NotAcceptableError``."""
    accepted = head.get(ACCEPT, b"").decode("latin-1").strip()
    found = _best(accepted, offered) if accepted else offered[0]
    if found is None:
        raise NotAcceptableError(accepted, offered)
    return found


@lru_cache(maxsize=256)
def _best(accepted: str, offered: tuple[str, ...]) -> str | None:
    ranges = [part for part in map(_range, accepted.lower().split(",")) if part is not None]
    likings = [_liking(media, ranges) for media in offered]
    most = max(likings)
    return offered[likings.index(most)] if most > 0 else None


def _range(part: str) -> tuple[str, float] | None:
    """A media range and its quality (RFC 9110, section 12.5.1); None for what is none."""
    media, *given = (piece.strip() for piece in part.split(";"))
    quality = next((piece.partition("=")[2] for piece in given if piece.startswith("q=")), "1")
    return (media, float(quality)) if QUALITY.fullmatch(quality) else None


def _liking(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """How much ``media`` is liked: what the closest range says that it is in."""
    for wide in (media, media.partition("/")[0] + "/*", "*/*"):
        found = [quality for name, quality in ranges if name == wide]
        if found:
            return max(found)
    return 0.0
