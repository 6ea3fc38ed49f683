"""The edge's statuses: what HAProxy says by itself to a client of gRPC, which looks for no other errors.

An answer of gRPC's that is nothing but an error is an HTTP 200 with the status in its headers (gRPC over HTTP/2,
"Trailers-Only"). HAProxy makes its errors under HTTP's statuses, and turns them into 200 as they leave.
"""

from collections.abc import Mapping
from urllib.parse import quote

from lading.runtime.protocols.error_table import meaning
from lading.runtime.serving.edge_answers import REFUSALS

STATUSES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
"""The statuses of gRPC, each at its number; the server need not load gRPC for them."""

PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in "%'")
"""What goes into ``grpc-message`` as it is; the rest is percent-encoded (gRPC over HTTP/2, "Responses")."""

WORDS: Mapping[int, str] = {
    **REFUSALS,
    400: "the call is not well-formed; check its headers",
    404: "there is no such method",
    408: "the call did not arrive in time; send it in one piece",
}
"""What the edge says where no replica answered."""

FAILURES = ("UNKNOWN", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS")
"""The statuses that are the server's fault; what else is an error is the client's."""

ARRIVED = (
    f"http-after-response set-status 500 if {{ res.hdr(grpc-status) {' '.join(str(STATUSES.index(n)) for n in FAILURES)} }}",
    "http-after-response set-status 400 if { res.hdr(grpc-status) -m found } { status 200 } !{ res.hdr(grpc-status) 0 }",
)
"""The rules that give an error of a replica's a status of HTTP, by which answers are counted."""

LEAVING = (
    "http-after-response set-header content-type application/grpc if { res.hdr(grpc-status) -m found }",
    "http-after-response set-status 200 if { res.hdr(grpc-status) -m found }",
)
"""The rules that turn an error into what clients of gRPC look for."""


def status_line(code: int, message: str) -> str:
    """What HAProxy answers wherever it says ``code`` by itself."""
    return f"http-error {_answer(code, message)}"


def status_reply(code: int, message: str) -> str:
    """The rule that answers with what ``code`` is in gRPC; a condition may follow it."""
    return f"http-request return {_answer(code, message)}"


def status_refuse(code: int, message: str, condition: str) -> str:
    """The rule that answers with what ``code`` is in gRPC where ``condition`` holds."""
    return f"{status_reply(code, message)} if {{ {condition} }}"


def too_large(limit: int) -> str:
    """The words for a message of more than ``limit`` bytes."""
    return f"the message is larger than {limit} bytes; send the rows in several calls"


def _answer(code: int, message: str) -> str:
    encoded = quote(message, safe=PLAIN).replace("%", "%%")
    return f"status {code} hdr grpc-status {STATUSES.index(meaning(code).grpc)} hdr grpc-message '{encoded}'"
