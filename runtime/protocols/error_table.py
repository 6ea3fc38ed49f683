"""The error table: what each status means, and what each protocol calls it; the same for all of them.

A refusal has an HTTP status. Protocols in JSON answer with it, gRPC answers with the code of that name in gRPC's own
list, and MLflow's clients read the name that MLflow has for it.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Meaning(NamedTuple):
    """What a status says, to people and in the protocols' own words."""

    text: str
    grpc: str
    """The name of the status code of gRPC."""
    mlflow: str
    """The ``error_code`` of MLflow."""


MEANINGS: Mapping[int, Meaning] = {
    400: Meaning("the request is malformed, or a value is not what its field takes", "INVALID_ARGUMENT", "BAD_REQUEST"),
    401: Meaning("the request has no key, or one that is not known here", "UNAUTHENTICATED", "UNAUTHENTICATED"),
    403: Meaning("this server does not answer such a request", "PERMISSION_DENIED", "PERMISSION_DENIED"),
    404: Meaning("no such path, model or version", "NOT_FOUND", "RESOURCE_DOES_NOT_EXIST"),
    405: Meaning("the path does not answer that method", "UNIMPLEMENTED", "BAD_REQUEST"),
    406: Meaning("the answer is not sent as anything that the request accepts", "INVALID_ARGUMENT", "BAD_REQUEST"),
    408: Meaning("the request did not arrive in time", "DEADLINE_EXCEEDED", "BAD_REQUEST"),
    411: Meaning("a body in chunks is too large to come without its length", "INVALID_ARGUMENT", "BAD_REQUEST"),
    413: Meaning(
        "the body is larger than this server takes, or its answer takes more memory than is left",
        "RESOURCE_EXHAUSTED",
        "BAD_REQUEST",
    ),
    414: Meaning("the target of the request is too long", "INVALID_ARGUMENT", "BAD_REQUEST"),
    415: Meaning("the body is of a type, or compressed in a way, that is not taken", "INVALID_ARGUMENT", "BAD_REQUEST"),
    422: Meaning("the answer cannot be said in the form that was asked for", "FAILED_PRECONDITION", "BAD_REQUEST"),
    429: Meaning("more requests than the key allows; try again later", "RESOURCE_EXHAUSTED", "REQUEST_LIMIT_EXCEEDED"),
    431: Meaning("the headers are too long, or too many", "INVALID_ARGUMENT", "BAD_REQUEST"),
    499: Meaning("the client went away", "CANCELLED", "CANCELLED"),
    500: Meaning("the server failed; its log has the reason", "INTERNAL", "INTERNAL_ERROR"),
    501: Meaning("the protocol knows it, this server does not offer it", "UNIMPLEMENTED", "NOT_IMPLEMENTED"),
    502: Meaning("the replica broke off its answer", "UNAVAILABLE", "TEMPORARILY_UNAVAILABLE"),
    503: Meaning("not ready, or too much to do; try again later", "UNAVAILABLE", "TEMPORARILY_UNAVAILABLE"),
    504: Meaning("the answer was not there in time", "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"),
    505: Meaning("the request is of a version of HTTP that is not spoken here", "UNIMPLEMENTED", "NOT_IMPLEMENTED"),
}


REASONS: Mapping[int, str] = {
    404: "unknown",
    408: "too slow",
    413: "too large",
    422: "unsayable",
    499: "client gone",
    503: "overloaded",
    504: "deadline",
}
"""Why predictions fail, as metrics say it, where it is not one of the two below."""


def reason(status: int) -> str:
    """Why a prediction fails that is answered with ``status``, in a few words of which there are not many."""
    return REASONS.get(status, "bad request" if status < 500 else "failed")


def meaning(status: int) -> Meaning:
    """What ``status`` means; of one that is not in the table, what its class does."""
    return MEANINGS.get(status, MEANINGS[400 if status < 500 else 500])
