"""The edge's log: one line of JSON for each request, and for each connection that never became one."""

from collections.abc import Mapping

LINE_BYTES = 4000
"""A pipe takes a line of up to 4 KiB whole or not at all."""
SHOWN_BYTES = 1024
"""How much of a path a line shows, before what JSON escapes is escaped."""
TIME = '"%[date(0,ms),div(1000),utime(%Y-%m-%dT%H:%M:%S)].%[date(0,ms),mod(1000),add(1000),lower,bytes(1,3)]Z"'
"""Now, in UTC, to the millisecond; HAProxy 2.8 has no word for it."""


def log_globals(descriptor: int | None) -> list[str]:
    """The line for the section ``global``: HAProxy writes to ``descriptor``, and drops what does not fit."""
    return [] if descriptor is None else [f"log fd@{descriptor} len {LINE_BYTES} format raw local0"]


def log_lines(descriptor: int | None) -> list[str]:
    """The lines for a frontend."""
    if descriptor is None:
        return []
    return [
        "log global",
        "option dontlognull",
        "http-request set-var(txn.path) path",
        f"log-format '{_object(_REQUEST)}'",
        f"error-log-format '{_object(_CONNECTION)}'",
    ]


def _text(sample: str) -> str:
    return f'"%[{sample},bytes(0,{SHOWN_BYTES}),json(utf8s)]"'


def _object(members: Mapping[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"


_REQUEST = {
    "time": TIME,
    "id": _text("var(txn.id)"),
    "from": '"%ci"',
    "method": '"%HM"',
    "path": _text("var(txn.path)"),
    "status": "%ST",
    "key": _text("var(txn.key)"),
    "certificate": _text("ssl_c_s_dn(cn)"),
    "refused": _text("var(txn.refused)"),
    "replica": '"%s"',
    "receive_ms": "%TR",
    "queue_ms": "%Tw",
    "answer_ms": "%Tr",
    "total_ms": "%Ta",
    "bytes_in": "%U",
    "bytes_out": "%B",
    "ended": '"%ts"',
}
"""Of a request; ``-`` is what there is not, -1 the time of what did not happen, ``ended`` HAProxy's termination state.

The path is without its query. Neither a header's value nor an API key is ever written.
"""

_CONNECTION = {
    "time": TIME,
    "from": '"%ci"',
    "certificate": _text("ssl_c_s_dn(cn)"),
    "status": "%ST",
    "connection": _text("fc_err_str"),
    "tls": _text("ssl_fc_err_str"),
    "ended": '"%ts"',
}
"""Of a connection that failed before there was a request: in its handshake, or with bytes that are no HTTP (400)."""
