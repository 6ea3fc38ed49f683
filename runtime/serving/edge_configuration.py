"""The edge's configuration: what HAProxy is told, as text, made from plain data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

READY_PATH = "/v2/health/ready"
BACKEND = "replicas"
BUFFER_BYTES = 64 * 1024
"""``tune.bufsize``: a request that fits, less the reserve below, can be repeated when its replica dies.

HAProxy copies all of the buffer for each request that it may have to repeat, however short (decision 0021).
"""
RESERVE_BYTES = 8 * 1024
"""``tune.maxrewrite``: what HAProxy keeps free in a buffer to add headers of its own."""
HEADER_BYTES = 16 * 1024
HEADER_FIELDS = 100
TARGET_BYTES = 8 * 1024
CHUNKED_BYTES = BUFFER_BYTES - RESERVE_BYTES - HEADER_BYTES
"""A body without a Content-Length must fit in the buffer: nothing else would bound it."""
RETRY_AFTER_SECONDS = 1

OBEYED_HEADERS = (
    "x-request-timeout-seconds",
    "x-request-disconnect-disabled",
    "serve_multiplexed_model_id",
    "x-session-id",
)
"""Headers by which a client could steer Ray Serve; dropped, whoever listens behind the edge one day."""

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
"""The methods that reach a replica, which says which of them a path answers."""

CONTROLS = r"'[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]'"
"""What no header may hold, as a regular expression; the ends of lines are in what it is matched with."""

UNSPOKEN = (400, 405, 408, 422, 500, 501)
"""What HAProxy's parser would answer in HTML whatever it is told, unless told to close without a word: bytes that
are not HTTP, and a request whose headers do not arrive. What passed the parser is answered in JSON."""

REFUSALS: Mapping[int, str] = {
    400: "the request is not well-formed HTTP; check its headers and its length",
    401: "this server asks for no credentials",
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


@dataclass(frozen=True)
class EdgeLimits:
    """How much, how many and how long; times in seconds, sizes in bytes."""

    connections: int
    body_bytes: int
    per_replica: int
    request_seconds: float
    queue_seconds: float
    drain_seconds: float
    header_seconds: float = 10.0
    upload_seconds: float = 30.0
    idle_seconds: float = 30.0
    stall_seconds: float = 30.0
    check_seconds: float = 5.0


def edge_configuration(listener: int, admin: Path, slots: Sequence[Path], limits: EdgeLimits) -> str:
    """HAProxy's configuration: listen on the inherited descriptor ``listener``, answer from the sockets ``slots``.

    ``admin`` is the socket on which the server asks how the replicas are; only its owner can open it.
    """
    sections = (
        _process(admin, limits),
        _defaults(limits),
        _frontend(listener, limits),
        _backend(slots, limits),
    )
    return "\n\n".join("\n    ".join(section) for section in sections) + "\n"


def _process(admin: Path, limits: EdgeLimits) -> list[str]:
    return [
        "global",
        f"maxconn {limits.connections}",
        "nbthread 1",
        f"stats socket {admin} mode 600 level operator",
        f"hard-stop-after {_milliseconds(limits.drain_seconds)}",
        f"tune.bufsize {BUFFER_BYTES}",
        f"tune.maxrewrite {RESERVE_BYTES}",
        f"tune.http.maxhdr {HEADER_BYTES // 4}",
    ]


def _defaults(limits: EdgeLimits) -> list[str]:
    return [
        "defaults",
        "mode http",
        "timeout connect 2s",
        f"timeout http-request {_milliseconds(limits.header_seconds)}",
        f"timeout http-keep-alive {_milliseconds(limits.idle_seconds)}",
        f"timeout client {_milliseconds(limits.stall_seconds)}",
        f"timeout server {_milliseconds(limits.request_seconds)}",
        f"timeout queue {_milliseconds(limits.queue_seconds)}",
        "option idle-close-on-response",
        *(_error(code, message) for code, message in {**REFUSALS, 413: _too_large(limits)}.items()),
    ]


def _frontend(listener: int, limits: EdgeLimits) -> list[str]:
    return [
        "frontend published",
        f"bind fd@{listener} proto h1",
        f"maxconn {limits.connections}",
        *(f"errorfile {code} /dev/null" for code in UNSPOKEN),
        "unique-id-format %[uuid()]",
        "http-request set-header x-request-id %[unique-id] unless { req.hdr(x-request-id) -m reg ^[A-Za-z0-9-]{1,64}$ }",
        "http-request set-var(txn.id) req.hdr(x-request-id)",
        *(f"http-request del-header {name}" for name in OBEYED_HEADERS),
        "http-request del-header upgrade",
        f"{_reply(501, REFUSALS[501])} unless {{ method {' '.join(METHODS)} }}",
        _refuse(414, f"the target of the request is longer than {TARGET_BYTES} bytes", f"url_len gt {TARGET_BYTES}"),
        _refuse(431, f"the headers are longer than {HEADER_BYTES} bytes", f"req.hdrs,length gt {HEADER_BYTES}"),
        _refuse(
            431,
            f"the request has more than {HEADER_FIELDS} headers",
            f"req.hdr_names -m reg ^([^,]*,){{{HEADER_FIELDS}}}",
        ),
        _refuse(400, "a header holds a control character; send text", f"req.hdrs -m reg {CONTROLS}"),
        f"http-request deny deny_status 413 if {{ req.body_size gt {limits.body_bytes} }}",
        f"{_reply(503, 'the server is stopping')} if {{ stopping }} {{ path {READY_PATH} }}",
        "http-after-response set-header x-request-id %[var(txn.id)] if { var(txn.id) -m found }",
        f"default_backend {BACKEND}",
    ]


def _backend(slots: Sequence[Path], limits: EdgeLimits) -> list[str]:
    return [
        f"backend {BACKEND}",
        f"http-request wait-for-body time {_milliseconds(limits.upload_seconds)} unless METH_GET",
        _refuse(
            411,
            f"a body of more than {CHUNKED_BYTES} bytes needs a Content-Length",
            f"req.hdr(transfer-encoding) -m found }} {{ req.body_len gt {CHUNKED_BYTES}",
        ),
        "http-request del-header expect",
        "balance leastconn",
        "http-reuse always",
        "retries 3",
        "option redispatch 1",
        "retry-on conn-failure empty-response 503",
        "option httpchk",
        f"http-check send meth GET uri {READY_PATH} ver HTTP/1.1 hdr host localhost",
        "http-check expect status 200",
        f"timeout check {_milliseconds(limits.check_seconds)}",
        "default-server check inter 500ms fastinter 100ms downinter 200ms fall 2 rise 1 init-addr none "
        f"observe layer4 error-limit 1 on-error mark-down maxconn {limits.per_replica} pool-purge-delay 30s",
        *(f"server slot{index} unix@{path}" for index, path in enumerate(slots)),
    ]


def _error(code: int, message: str) -> str:
    return f"http-error {_answer(code, message)}"


def _refuse(code: int, message: str, condition: str) -> str:
    return f"{_reply(code, message)} if {{ {condition} }}"


def _reply(code: int, message: str) -> str:
    return f"http-request return {_answer(code, message)}"


def _answer(code: int, message: str) -> str:
    """An answer in JSON: what replicas say of every answer of theirs, this says too."""
    retry = f" hdr retry-after {RETRY_AFTER_SECONDS}" if code in {429, 503} else ""
    content = f"content-type application/json string {_quoted(json.dumps({'error': message}))}"
    return f"status {code} {content} hdr x-content-type-options nosniff{retry}"


def _too_large(limits: EdgeLimits) -> str:
    return f"the body is larger than {limits.body_bytes} bytes; send the rows in several requests"


def _quoted(text: str) -> str:
    """``text`` as one word of HAProxy's configuration: nothing in it is expanded."""
    if "'" in text or "\n" in text:
        raise ValueError(f"HAProxy's configuration cannot quote {text!r}; say it without an apostrophe")
    return f"'{text}'"


def _milliseconds(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"
