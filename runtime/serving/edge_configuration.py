"""The edge's configuration: what HAProxy is told, as text, made from plain data."""

from collections.abc import Sequence
from pathlib import Path

from lading.runtime.serving.edge_answers import REFUSALS, UNSPOKEN, error_line, refuse, too_large
from lading.runtime.serving.edge_limits import BUFFER_BYTES, CHUNKED_BYTES, HEADER_BYTES, RESERVE_BYTES, EdgeLimits
from lading.runtime.serving.edge_rules import request_rules

READY_PATH = "/v2/health/ready"
BACKEND = "replicas"


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
        *(error_line(code, message) for code, message in {**REFUSALS, 413: too_large(limits.body_bytes)}.items()),
    ]


def _frontend(listener: int, limits: EdgeLimits) -> list[str]:
    return [
        "frontend published",
        f"bind fd@{listener} proto h1",
        f"maxconn {limits.connections}",
        *(f"errorfile {code} /dev/null" for code in UNSPOKEN),
        *request_rules(limits, READY_PATH),
        f"default_backend {BACKEND}",
    ]


def _backend(slots: Sequence[Path], limits: EdgeLimits) -> list[str]:
    return [
        f"backend {BACKEND}",
        f"http-request wait-for-body time {_milliseconds(limits.upload_seconds)} unless METH_GET",
        refuse(
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


def _milliseconds(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"
