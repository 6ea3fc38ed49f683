"""The edge's answers: what HAProxy says by itself, as JSON that every protocol's clients understand."""

import json
from collections.abc import Mapping

from lading.runtime.protocols.error_table import meaning

RETRY_AFTER_SECONDS = 1

REFUSALS: Mapping[int, str] = {
    400: "the request is not well-formed HTTP; check its headers and its length",
    401: "this server asks for an API key",
    403: "this server does not answer such a request",
    404: "nothing answers on this path; GET /openapi.json lists every path",
    405: "this path does not answer that method",
    407: "this server asks for no credentials",
    408: "the request did not arrive in time; send it in one piece",
    410: "nothing answers on this path any more",
    422: "the server cannot process the request as it was sent",
    425: "the request came too early; send it again",
    429: "too many requests; send it again later",
    500: "the server failed to answer; send the request again",
    501: "this server does not know that method",
    502: "the replica broke off its answer; send the request again",
    503: "no replica is free to answer; send the request again later",
    504: "the model did not answer in time; send fewer rows in one request",
}
"""What the edge says where no replica answered: every code that HAProxy 2.8 answers by itself."""

UNSPOKEN = (400, 405, 408, 422, 500, 501)
"""What HAProxy's parser would answer in HTML whatever it is told, unless told to close without a word: bytes that
are not HTTP, and a request whose headers do not arrive. What passed the parser is answered in JSON."""


def error_line(code: int, message: str) -> str:
    """What HAProxy answers wherever it says ``code`` by itself."""
    return f"http-error {_answer(code, message)}"


def reply(code: int, message: str) -> str:
    """The rule that answers with ``code``; a condition may follow it."""
    return f"http-request return {_answer(code, message)}"


def refuse(code: int, message: str, condition: str) -> str:
    """The rule that answers with ``code`` where ``condition`` holds."""
    return f"{reply(code, message)} if {{ {condition} }}"


def replace(code: int, message: str) -> str:
    """The rule that answers with ``code`` where a replica did, and closes the connection at once."""
    return f"http-response return {_answer(code, message)} if {{ status {code} }}"


def too_large(limit: int) -> str:
    """The words for a body of more than ``limit`` bytes."""
    return f"the body is larger than {limit} bytes; send the rows in several requests"


def _answer(code: int, message: str) -> str:
    """An answer in JSON: what replicas say of every answer of theirs, this says too.

    The edge does not know which protocol a client speaks, so the body has the keys of all: ``error`` is what the
    Open Inference Protocol reads, ``error_code`` and ``message`` are MLflow's.
    """
    document = {"error": message, "error_code": meaning(code).mlflow, "message": message}
    retry = f" hdr retry-after {RETRY_AFTER_SECONDS}" if code in {429, 503} else ""
    content = f"content-type application/json string {_quoted(json.dumps(document))}"
    scheme = " hdr www-authenticate Bearer" if code == 401 else ""
    return f"status {code} {content} hdr x-content-type-options nosniff{retry}{scheme}"


def _quoted(text: str) -> str:
    """``text`` as one word of HAProxy's configuration: nothing in it is expanded."""
    if "'" in text or "\n" in text:
        raise ValueError(f"HAProxy's configuration cannot quote {text!r}; say it without an apostrophe")
    return f"'{text}'"
