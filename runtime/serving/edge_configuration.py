"""The edge's configuration: what HAProxy is told, as text, made from plain data."""

from collections.abc import Sequence
from pathlib import Path

from lading.runtime.serving.edge_access import OPEN, EdgeAccess
from lading.runtime.serving.edge_answers import REFUSALS, UNSPOKEN, error_line, refuse, replace, too_large
from lading.runtime.serving.edge_grpc import grpc_sections
from lading.runtime.serving.edge_keys import key_rules, key_table, naming_rules
from lading.runtime.serving.edge_limits import DEFAULTS, RESERVE_BYTES, EdgeLimits, milliseconds
from lading.runtime.serving.edge_log import log_globals, log_lines
from lading.runtime.serving.edge_metrics import CONNECTIONS, metrics_sections
from lading.runtime.serving.edge_rules import body_rules, deadline_rules, repeating_lines, request_rules
from lading.runtime.serving.edge_tls import tls_globals, tls_lines, tls_words
from lading.runtime.serving.edge_unserved import unserved_section, unserved_server
from lading.runtime.serving.slots import grpc_path

READY_PATH = "/v2/health/ready"
BACKEND = "replicas"
UPLOADS = "uploads"
CHECK_SECONDS = 5.0
"""How long a replica may take to say that it is ready."""
OPEN_PATHS = tuple(path + end for path in ("/v2/health/live", READY_PATH, "/ping", "/health") for end in ("", "/"))
"""What is answered without an API key: those who watch over servers ask whether one lives, and have no key."""


def edge_configuration(
    listener: int,
    admin: Path,
    slots: Sequence[Path],
    limits: EdgeLimits,
    access: EdgeAccess = OPEN,
    log: int | None = None,
    metrics: tuple[int, Path] | None = None,
    grpc: int | None = None,
) -> str:
    """HAProxy's configuration: listen on the inherited descriptor ``listener``, answer from the sockets ``slots``.

    ``admin`` is the socket on which the server asks how the replicas are, and changes keys and certificates; only its
    owner can open it. ``log`` is the inherited descriptor that a line is written to for each request, if any;
    ``metrics`` is the one to listen on for who asks for metrics, if any, and the server's socket that has them;
    ``grpc`` is the one to listen on for gRPC, if any, which is answered from the sockets beside ``slots``.
    """
    called = [grpc_path(path) for path in slots]
    sections = (
        [*_process(admin, limits, 1 if grpc is None else 2), *tls_globals(access), *log_globals(log)],
        _defaults(limits),
        *([key_table()] if access.counted else []),
        _frontend(listener, limits, access, log),
        _replicas(slots, limits),
        _uploads(slots, limits),
        unserved_section(slots[0].parent, limits),
        *([] if metrics is None else metrics_sections(*metrics)),
        *([] if grpc is None else grpc_sections(grpc, called, BACKEND, limits, access, log)),
    )
    return "\n\n".join("\n    ".join(section) for section in sections) + "\n"


def _process(admin: Path, limits: EdgeLimits, ports: int) -> list[str]:
    return [
        "global",
        f"maxconn {2 * ports * limits.connections + CONNECTIONS}",
        "nbthread 1",
        f"stats socket {admin} mode 600 level admin",
        f"hard-stop-after {milliseconds(limits.drain_seconds)}",
        f"tune.bufsize {limits.buffer_bytes}",
        f"tune.maxrewrite {RESERVE_BYTES}",
        f"tune.http.maxhdr {limits.header_bytes // 4}",
    ]


def _defaults(limits: EdgeLimits) -> list[str]:
    return [
        f"defaults {DEFAULTS}",
        "mode http",
        "timeout connect 2s",
        f"timeout http-request {milliseconds(limits.header_seconds)}",
        f"timeout http-keep-alive {milliseconds(limits.idle_seconds)}",
        f"timeout client {milliseconds(limits.stall_seconds)}",
        f"timeout server {milliseconds(limits.request_seconds)}",
        f"timeout queue {milliseconds(limits.queue_seconds)}",
        "option idle-close-on-response",
        *(error_line(code, message) for code, message in {**REFUSALS, 413: too_large(limits.body_bytes)}.items()),
    ]


def _frontend(listener: int, limits: EdgeLimits, access: EdgeAccess, log: int | None) -> list[str]:
    return [
        f"frontend published from {DEFAULTS}",
        f"bind fd@{listener} proto h1{tls_words(access, 'http/1.1')}",
        f"maxconn {limits.connections}",
        *(f"errorfile {code} /dev/null" for code in UNSPOKEN),
        *tls_lines(access, limits),
        *log_lines(log),
        *naming_rules(access),
        *request_rules(limits, READY_PATH),
        *key_rules(access, refuse, OPEN_PATHS),
        f"use_backend {UPLOADS} if {{ req.body_size gt {limits.chunked_bytes} }}",
        f"default_backend {BACKEND}",
    ]


def _replicas(slots: Sequence[Path], limits: EdgeLimits) -> list[str]:
    return [
        *_backend(BACKEND, slots, limits),
        unserved_server(slots[0].parent),
        "option httpchk",
        f"http-check send meth GET uri {READY_PATH} ver HTTP/1.1 hdr host localhost",
        "http-check expect status 200",
        f"timeout check {milliseconds(CHECK_SECONDS)}",
        "default-server check inter 500ms fastinter 100ms downinter 200ms fall 2 rise 1 init-addr none "
        f"observe layer4 error-limit 1 on-error mark-down maxconn {limits.per_replica} pool-purge-delay 30s",
        *(f"server slot{index} unix@{path}" for index, path in enumerate(slots)),
    ]


def _uploads(slots: Sequence[Path], limits: EdgeLimits) -> list[str]:
    """The same replicas for bodies that the buffer cannot hold: a slow one takes no place from a short one.

    Nothing waits in this line: a replica takes what comes, as far as its memory for bodies goes.
    """
    return [
        *_backend(UPLOADS, slots, limits),
        # Said by HAProxy itself, since it would pass a replica's answer on and then wait for the body.
        replace(408, REFUSALS[408]),
        unserved_server(slots[0].parent),
        f"default-server init-addr none maxconn {limits.connections} pool-purge-delay 30s",
        *(f"server slot{index} unix@{path} track {BACKEND}/slot{index}" for index, path in enumerate(slots)),
    ]


def _backend(name: str, slots: Sequence[Path], limits: EdgeLimits) -> list[str]:
    return [
        f"backend {name} from {DEFAULTS}",
        *body_rules(limits),
        *deadline_rules(limits),
        "http-request del-header expect",
        "balance leastconn",
        "http-reuse always",
        *repeating_lines(len(slots)),
        "option abortonclose",
    ]
