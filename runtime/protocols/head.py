"""The head of a request: those of its headers that say how to read the body and how to answer."""

from collections.abc import Container, Iterable, Mapping

from lading.runtime.errors import BodyTooLargeError, EncodedBodyError, MalformedRequestError, shown

Headers = Iterable[tuple[bytes, bytes]]
"""Names in lower case, and values."""

Head = Mapping[bytes, bytes]

ACCEPT = b"accept"
ACCEPTED_CODINGS = b"accept-encoding"
BINARY_LENGTH = b"inference-header-content-length"
ENCODING = b"content-encoding"
IDENTITY = b"identity"
"""A body that is sent as it is."""
LENGTH = b"content-length"
REQUEST_ID = b"x-request-id"
STICKY_KEY = b"lading-sticky-key"
"""What a client sends to be answered by one version as long as the shares stay as they are: any text of its own."""
TIMEOUT = b"lading-timeout-ms"
TRACE_PARENT = b"traceparent"
TRACE_STATE = b"tracestate"
TYPE = b"content-type"
WARNINGS = b"lading-warnings"

TABULAR = (b"application/vnd.apache.", b"text/csv")
"""How the media types of tables begin."""
UNTABULAR = frozenset({b"application/json", b"application/octet-stream", b"application/x-www-form-urlencoded"})
"""What most bodies are sent as; to find it here takes less than to look at its letters."""

TOLD = frozenset({REQUEST_ID, TRACE_PARENT, TRACE_STATE})
"""What witnesses look at."""
NOTED = TOLD | {
    *(ACCEPT, ACCEPTED_CODINGS, BINARY_LENGTH, ENCODING, LENGTH, STICKY_KEY, TIMEOUT, TYPE, WARNINGS),
}
LONGEST_TIMEOUT = 9
"""Digits; that many milliseconds are eleven days."""


def head_of(headers: Headers) -> Head:
    """Those headers that are looked at; of one that is given twice the last."""
    return {name: value for name, value in headers if name in NOTED}


def check_head(head: Head, limit: int, codings: Container[bytes] = ()) -> None:
    """Raise ``BodyTooLargeError`` or ``EncodedBodyError`` for a body that cannot be taken, but in ``codings``."""
    if LENGTH in head and head[LENGTH].isdigit() and int(head[LENGTH]) > limit:
        raise BodyTooLargeError(limit)
    coding = head.get(ENCODING, IDENTITY).lower()
    if coding != IDENTITY and coding not in codings:
        raise EncodedBodyError(coding.decode("latin-1"))


def patience(head: Head) -> float | None:
    """The seconds that the client is willing to wait, if it says so. Raises ``MalformedRequestError``."""
    given = head.get(TIMEOUT)
    if given is None:
        return None
    if not given.isdigit() or len(given) > LONGEST_TIMEOUT or int(given) == 0:
        text = shown(given.decode("latin-1"))
        raise MalformedRequestError(f"the header {TIMEOUT.decode()} is {text}, expected milliseconds as an integer")
    return int(given) / 1000


def asks_for_warnings(head: Head) -> bool:
    """Whether the answer is to tell what in the request is not like the training data. Raises ``MalformedRequestError``."""
    given = head.get(WARNINGS)
    if given not in (None, b"true", b"false"):
        text = shown(given.decode("latin-1"))
        raise MalformedRequestError(f"the header {WARNINGS.decode()} is {text}, expected true or false")
    return given == b"true"


def is_tabular(head: Head) -> bool:
    """Whether the body is sent as a table, which may hold more than its length tells."""
    kind = head.get(TYPE)
    return kind is not None and kind not in UNTABULAR and kind.lower().startswith(TABULAR)
