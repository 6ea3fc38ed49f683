"""The edge's rules: what is done with a request before a replica sees it, and what is refused, in order."""

from collections.abc import Callable, Sequence

from lading.runtime.serving.edge_answers import REFUSALS, refuse, reply
from lading.runtime.serving.edge_limits import EdgeLimits, milliseconds

OBEYED_HEADERS = (
    r"^(x[-_]request[-_](timeout[-_]seconds|disconnect[-_]disabled)"
    r"|x[-_]serve[-_]router[-_].*|serve[-_]multiplexed[-_]model[-_]id|x[-_]session[-_]id|upgrade)$"
)
"""Headers by which a client could steer Ray Serve 2.60, which takes ``-`` and ``_`` of some for one, and the one that
would leave HTTP; dropped, whoever listens behind the edge one day. One expression is one look at each header.
``traceparent`` and ``tracestate`` pass: they name a trace, and steer nothing.
"""

VERSIONS = ("1.0", "1.1")
"""The versions of HTTP that are spoken; HAProxy's parser takes any from 0.9 to 2.9."""

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
"""The methods that reach a replica, which says which of them a path answers."""

MODELS = ("/models/", "/v2/models/", "/v1/models/")
"""How paths begin that go on with the name of a model; behind that is a slash or a colon, or nothing."""

CONTROLS = r"'[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]'"
"""What no header may hold, as a regular expression; the ends of lines are in what it is matched with."""


Refuse = Callable[[int, str, str], str]
"""From a status, words and a condition to the rule that refuses, in the words of the frontend's protocol."""


def request_rules(limits: EdgeLimits, ready_path: str) -> list[str]:
    """The rules of a frontend for HTTP: a request gets its id, loses what it must not say, and is measured."""
    return [
        *id_rules(),
        dropping_rule(),
        *_speaking(),
        *measuring_rules(limits, refuse),
        *leaving_rules(refuse, ready_path),
    ]


def body_rules(limits: EdgeLimits) -> list[str]:
    """The rules for a body over HTTP/1.1: besides, what comes in chunks fits the buffer."""
    most = limits.chunked_bytes
    return [
        *arrival_rules(limits),
        refuse(
            411,
            f"a body of more than {most} bytes needs a Content-Length",
            f"req.hdr(transfer-encoding) -m found }} {{ req.body_len gt {most}",
        ),
    ]


def arrival_rules(limits: EdgeLimits) -> list[str]:
    """The rules for every body: it arrives at the least rate, portion by portion, until the buffer is full."""
    portion = max(1, int(limits.body_rate * limits.body_seconds))
    wait = f"http-request wait-for-body time {milliseconds(limits.body_seconds)}"
    return [*(f"{wait} at-least {size}" for size in range(portion, limits.buffer_bytes, portion)), wait]


def deadline_rules(limits: EdgeLimits) -> list[str]:
    """The rules that give up a replica at the deadline of the model that the path names, where there are several."""
    if not limits.deadlines:
        return []
    rules = [_deadline_rule(limits.model_seconds, MODELS)]
    for name, seconds in limits.deadlines.items():
        rules.append(_deadline_rule(seconds, [f"{root}{name}{end}" for root in MODELS for end in "/:"]))
    return rules


def _deadline_rule(seconds: float, paths: Sequence[str]) -> str:
    return f"http-request set-timeout server {milliseconds(seconds)} if {{ path_beg {' '.join(paths)} }}"


def repeating_lines(slots: int) -> list[str]:
    """What has a backend of so many ``slots`` send to another replica what one did not answer.

    It is tried once more at every slot, since HAProxy that has just started takes an empty one for a replica until it
    has been tried or checked, and there are more of these than of replicas; and twice beyond that: of the last slot a
    connection may be left that was used before, and then somebody has to say that no replica is there.
    """
    return [f"retries {slots + 2}", "option redispatch 1", "retry-on conn-failure empty-response"]


def id_rules() -> list[str]:
    """The rules that give a request its id, and its answer the same."""
    return [
        "unique-id-format %[uuid()]",
        "http-request set-header x-request-id %[unique-id] unless { req.hdr(x-request-id) -m reg ^[A-Za-z0-9-]{1,64}$ }",
        "http-request set-var(txn.id) req.hdr(x-request-id)",
        "http-after-response set-header x-request-id %[var(txn.id)] if { var(txn.id) -m found }",
    ]


def dropping_rule() -> str:
    """The rule about headers that no replica is to see."""
    return f"http-request del-header {OBEYED_HEADERS} -m reg"


def measuring_rules(limits: EdgeLimits, refuse: Refuse) -> list[str]:
    """The rules against requests that are larger than they may be, all but their bodies, or hold what they must not."""
    target, length, count = limits.target_bytes, limits.header_bytes, limits.header_fields
    return [
        refuse(414, f"the target of the request is longer than {target} bytes", f"url_len gt {target}"),
        refuse(431, f"the headers are longer than {length} bytes", f"req.hdrs,length gt {length}"),
        refuse(431, f"the request has more than {count} headers", f"req.fhdr_cnt gt {count}"),
        refuse(400, "a header holds a control character; send text", f"req.hdrs -m reg {CONTROLS}"),
        refuse(415, "the body has several content-encodings; send it in one", "req.fhdr_cnt(content-encoding) gt 1"),
        f"http-request deny deny_status 413 if {{ req.body_size gt {limits.body_bytes} }}",
    ]


def leaving_rules(refuse: Refuse, *ready_paths: str) -> list[str]:
    """The rules for when the server stops: it is not ready any more, and answers everything else."""
    return [refuse(503, "the server is stopping", f"stopping }} {{ path {' '.join(ready_paths)}")]


def _speaking() -> list[str]:
    return [
        f"{reply(505, 'this server speaks HTTP/1.0 and HTTP/1.1')} unless {{ req.ver {' '.join(VERSIONS)} }}",
        f"{reply(400, 'the request names no host; send the header once')} if {{ req.ver 1.1 }} !{{ req.fhdr_cnt(host) 1 }}",
        f"{reply(501, REFUSALS[501])} unless {{ method {' '.join(METHODS)} }}",
    ]
