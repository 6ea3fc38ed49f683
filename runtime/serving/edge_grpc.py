"""The edge's gRPC: a second port, over which the same replicas are called."""

from collections.abc import Sequence
from pathlib import Path

from lading.runtime.serving.edge_access import EdgeAccess
from lading.runtime.serving.edge_keys import key_rules, naming_rules
from lading.runtime.serving.edge_limits import DEFAULTS, EdgeLimits, milliseconds
from lading.runtime.serving.edge_log import log_lines
from lading.runtime.serving.edge_rules import (
    arrival_rules,
    dropping_rule,
    id_rules,
    leaving_rules,
    measuring_rules,
    repeating_lines,
)
from lading.runtime.serving.edge_statuses import (
    ARRIVED,
    LEAVING,
    WORDS,
    status_line,
    status_refuse,
    status_reply,
    too_large,
)
from lading.runtime.serving.edge_tls import tls_lines, tls_words
from lading.runtime.serving.edge_unserved import CALLS, unserved_calls_section, unserved_server

BACKEND = "replicas-grpc"
UPLOADS = "uploads-grpc"
TABLE = "calls"
"""HAProxy's table of one entry, which every call holds for as long as it lasts."""

PREFIX_BYTES = 5
"""Before a message stand a byte that says whether it is compressed, and its length in four."""
LENGTH = "req.body,bytes(1,4),be2dec(,4)"
"""The length of a message; clients of gRPC announce no other."""
LENGTH_HEADER = "lading-message-bytes"
"""The header that tells a replica; one that a client sends is lost."""

HEALTH = "/grpc.health.v1.Health/Check"
SERVICE = "/inference.GRPCInferenceService"
READY_METHODS = (HEALTH, f"{SERVICE}/ServerReady")
"""Refused while the server stops; all other calls are still answered."""
OPEN_METHODS = (*READY_METHODS, f"{SERVICE}/ServerLive")
"""What is answered without an API key: those who watch over servers have none."""


def grpc_sections(
    listener: int, slots: Sequence[Path], tracked: str, limits: EdgeLimits, access: EdgeAccess, log: int | None
) -> list[list[str]]:
    """What is listened on, the descriptor ``listener``, and what is called, the sockets ``slots``.

    A replica is called as long as the backend ``tracked`` finds it ready.
    """
    return [
        _defaults(limits),
        [f"backend {TABLE} from grpc", "stick-table type integer size 1"],
        _frontend(listener, limits, access, log),
        _backend(BACKEND, slots, tracked, limits, limits.per_replica),
        # The same replicas for messages that the buffer cannot hold: a slow one takes no place from a short one.
        _backend(UPLOADS, slots, tracked, limits, limits.connections),
        unserved_calls_section(slots[0].parent, limits),
    ]


def _defaults(limits: EdgeLimits) -> list[str]:
    words = {**WORDS, 413: too_large(limits.body_bytes)}
    return [f"defaults grpc from {DEFAULTS}", *(status_line(code, words[code]) for code in words)]


def _frontend(listener: int, limits: EdgeLimits, access: EdgeAccess, log: int | None) -> list[str]:
    return [
        "frontend published-grpc from grpc",
        f"bind fd@{listener} proto h2{tls_words(access, 'h2')}",
        f"maxconn {limits.connections}",
        *tls_lines(access, limits),
        *log_lines(log),
        *ARRIVED,
        *naming_rules(access),
        *LEAVING,
        *_counting(limits),
        *id_rules(),
        dropping_rule(),
        *_speaking(),
        *measuring_rules(limits, status_refuse),
        *leaving_rules(status_refuse, *READY_METHODS),
        *key_rules(access, status_refuse, OPEN_METHODS),
        f"http-request wait-for-body time {milliseconds(limits.body_seconds)} at-least {PREFIX_BYTES}",
        status_refuse(413, too_large(limits.body_bytes), f"{LENGTH} -m int gt {limits.body_bytes}"),
        f"http-request set-header {LENGTH_HEADER} %[{LENGTH}]",
        f"use_backend {UPLOADS} if {{ {LENGTH} -m int gt {limits.chunked_bytes} }}",
        f"default_backend {BACKEND}",
    ]


def _counting(limits: EdgeLimits) -> list[str]:
    """The rules against too many calls: connections are counted elsewhere, and each may hold a hundred calls."""
    words = "too many calls at a time; send it again later"
    return [
        f"http-request track-sc2 int(1) table {TABLE}",
        status_refuse(503, words, f"sc2_trackers gt {limits.connections}"),
    ]


def _speaking() -> list[str]:
    no_call = "this is no call of gRPC; send it with a client of gRPC"
    compressed = "compressed messages are not taken; send them as they are"
    return [
        f"{status_reply(405, 'a call is a POST')} unless METH_POST",
        # Without these a replica breaks off, and the call would be sent to the next one.
        f"{status_reply(400, no_call)} unless {{ req.hdr(te) trailers }} "
        "{ req.hdr(content-type) -m beg application/grpc }",
        status_refuse(501, compressed, "req.hdr(grpc-encoding) -m found } !{ req.hdr(grpc-encoding) identity"),
    ]


def _backend(name: str, slots: Sequence[Path], tracked: str, limits: EdgeLimits, most: int) -> list[str]:
    """Replicas that have ``most`` calls at a time each."""
    return [
        f"backend {name} from grpc",
        *arrival_rules(limits),
        "balance leastconn",
        "http-reuse always",
        *repeating_lines(len(slots)),
        f"{unserved_server(slots[0].parent, CALLS)} proto h2",
        f"default-server proto h2 init-addr none maxconn {most} pool-purge-delay 30s",
        *(f"server slot{index} unix@{path} track {tracked}/slot{index}" for index, path in enumerate(slots)),
    ]
