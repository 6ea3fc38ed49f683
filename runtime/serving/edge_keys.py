"""The edge's rules about API keys: whose request it is, whether it may pass, and how many of whose there were."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from lading.runtime.serving.edge_access import EdgeAccess
from lading.runtime.serving.edge_limits import DEFAULTS
from lading.runtime.serving.edge_rules import Refuse
from lading.runtime.serving.keys import MOST_KEYS, Key

TABLE = "keys"
"""HAProxy's table of counters, one entry for each key's name."""
NOBODY = "-"
"""The name under which requests without a known key are counted; no key can have it."""
PASSED, *_REASONS = range(5)
REFUSED: Mapping[str, int] = MappingProxyType(
    dict(zip(("no key", "unknown key", "several keys", "rate"), _REASONS, strict=True))
)
"""Where in an entry requests are counted that were refused, by the reason."""
ANSWERED: Mapping[int, int] = MappingProxyType({2: 5, 3: 6, 4: 7, 5: 8})
"""The same for what was answered, by the hundreds of its status."""
TURNED_AWAY: Mapping[int, int] = MappingProxyType({408: 9, 413: 10, 503: 11, 504: 12})
"""The same for what was turned away by these statuses, whoever did it: the edge or a replica."""
COUNTERS = 13

SEND_ONE = "as Authorization: Bearer KEY, or as x-api-key: KEY"
ANSWERS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "no key": (401, f"this server asks for an API key; send one {SEND_ONE}"),
        "unknown key": (401, f"this is no API key of this server; send one {SEND_ONE}"),
        "several keys": (401, f"the request names its API key more than once; send it once, {SEND_ONE}"),
        "rate": (429, "this API key has sent as many requests as it may in a second; send it again later"),
    }
)


def key_map(keys: Iterable[Key]) -> str:
    """The map that HAProxy finds a key's name and rate in, by the key's hash."""
    return "".join(f"{key.digest.removeprefix('sha256:')} {key.name}:{key.rate or 0}\n" for key in keys)


def key_table() -> list[str]:
    """The section with the counters; all frontends share it, so a key's rate holds over all of them."""
    return [
        f"backend {TABLE} from {DEFAULTS}",
        f"stick-table type string len 64 size {MOST_KEYS + 1} store gpc({COUNTERS}),gpc_rate({PASSED + 1},1s)",
    ]


def naming_rules(access: EdgeAccess) -> list[str]:
    """The rules that find out whose request it is, and begin to count it; they come before every refusal.

    The key itself is forgotten as soon as it was looked up, and no replica sees it.
    """
    if not access.counted:
        return []
    return [
        f"http-request set-var(txn.key) str({NOBODY})",
        *([] if access.keys is None else _lookup(access.keys)),
        f"http-request track-sc0 var(txn.key) table {TABLE}",
        *(
            f"http-after-response sc-inc-gpc({counter},0) if {{ status {hundreds}00:{hundreds}99 }}"
            for hundreds, counter in ANSWERED.items()
        ),
        *(
            f"http-after-response sc-inc-gpc({counter},0) if {{ status {status} }}"
            for status, counter in TURNED_AWAY.items()
        ),
    ]


def key_rules(access: EdgeAccess, refuse: Refuse, open_paths: Sequence[str]) -> list[str]:
    """The rules that refuse who has no key, or asks too often; ``open_paths`` need no key and have no rate.

    Paths are compared as they were sent, so another spelling of an open path is not open.
    """
    if access.keys is None:
        return []
    is_open = f"{{ path -m str {' '.join(open_paths)} }}"
    return [
        f"http-request set-var(txn.refused) 'str(unknown key)' if {{ var(txn.key) -m str -- {NOBODY} }}",
        "http-request set-var(txn.refused) 'str(no key)' if { var(txn.credentials) -m int 0 }",
        "http-request set-var(txn.refused) 'str(several keys)' if { var(txn.credentials) -m int gt 1 }",
        f"http-request set-var(txn.passed) sc_gpc_rate({PASSED},0)",
        "http-request set-var(txn.refused) str(rate) "
        "if { var(txn.rate) -m int gt 0 } { var(txn.rate),sub(txn.passed) le 0 }",
        f"http-request unset-var(txn.refused) if {is_open}",
        *(line for reason, counter in REFUSED.items() for line in _refusal(refuse, reason, counter)),
        f"http-request sc-inc-gpc({PASSED},0) unless {is_open}",
    ]


def _lookup(keys: Path) -> list[str]:
    return [
        "http-request set-var(txn.credentials) req.fhdr_cnt(authorization)",
        "http-request set-var(txn.others) req.fhdr_cnt(x-api-key)",
        "http-request set-var(txn.credentials) var(txn.credentials),add(txn.others)",
        # HAProxy's own http_auth_bearer would take the first of several that commas part.
        "http-request set-var(txn.shown) \"req.fhdr(authorization),bytes(7),ltrim(' ')\" "
        "if { req.fhdr(authorization) -m beg -i 'bearer ' }",
        "http-request set-var(txn.shown) req.fhdr(x-api-key) if { req.fhdr(x-api-key) -m found }",
        f"http-request set-var(txn.entry) var(txn.shown),sha2(256),hex,lower,map_str({keys}) "
        "if { var(txn.credentials) -m int 1 } { var(txn.shown) -m found }",
        "http-request unset-var(txn.shown)",
        "http-request set-var(txn.key) var(txn.entry),field(1,:) if { var(txn.entry) -m found }",
        "http-request set-var(txn.rate) var(txn.entry),field(2,:) if { var(txn.entry) -m found }",
        "http-request del-header authorization",
        "http-request del-header x-api-key",
    ]


def _refusal(refuse: Refuse, reason: str, counter: int) -> list[str]:
    status, words = ANSWERS[reason]
    condition = f"var(txn.refused) -m str '{reason}'"
    return [f"http-request sc-inc-gpc({counter},0) if {{ {condition} }}", refuse(status, words, condition)]
