"""The edge's counts: what HAProxy has counted of requests, keys and replicas, asked when somebody wants to know."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lading.runtime.protocols.error_table import reason
from lading.runtime.serving.edge_control import EdgeControl, SilentEdgeError
from lading.runtime.serving.edge_keys import ANSWERED, REFUSED, TABLE, TURNED_AWAY
from lading.runtime.serving.edge_metrics import NAME

FRONTEND, BACKEND, SERVER = "0", "1", "2"
"""What a row of HAProxy's statistics is about, as its column ``type`` says it."""


@dataclass(frozen=True)
class Counts:
    """What there was since HAProxy began, and what there is now."""

    answered: Mapping[tuple[str, int], int]
    """Requests by the name of the key and the hundreds of the status."""
    refused: Mapping[tuple[str, str], int]
    """Requests by the name of the key and why they were refused."""
    connections: int
    in_flight: int
    """Requests that a replica has, or that wait for one."""
    queued: int
    """Those of them that wait."""
    up: Mapping[str, bool]
    """Whether requests are sent to a slot's replica."""
    dropped: int
    """Lines of the access log that found no room."""


async def edge_counts(control: EdgeControl, backend: str) -> Counts:
    """The counts; ``backend`` is the one whose servers are the slots. Raises ``OSError`` while HAProxy does not run."""
    rows = [row for row in await control.statistics() if row["pxname"] not in {TABLE, NAME}]
    backends = [row for row in rows if row["type"] == BACKEND]
    refusals = {**REFUSED, **{reason(status): at for status, at in TURNED_AWAY.items()}}
    entries = dict(_entries(await control.ask(f"show table {TABLE}")))
    return Counts(
        answered={(key, hundreds): found[at] for key, found in entries.items() for hundreds, at in ANSWERED.items()},
        refused={(key, why): found[at] for key, found in entries.items() for why, at in refusals.items()},
        connections=sum(int(row["scur"]) for row in rows if row["type"] == FRONTEND),
        in_flight=sum(int(row["scur"]) for row in backends),
        queued=sum(int(row["qcur"]) for row in backends),
        up={r["svname"]: r["status"] == "UP" for r in rows if r["type"] == SERVER and r["pxname"] == backend},
        dropped=_dropped(await control.ask("show info")),
    )


def _entries(table: str) -> Iterator[tuple[str, Mapping[int, int]]]:
    """The name and the counters of each entry of HAProxy's table."""
    for line in table.splitlines():
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "key" in words:
            counters = {name[3:]: value for name, value in words.items() if name.startswith("gpc")}
            yield words["key"], {int(at): int(value) for at, value in counters.items() if at.isdigit()}


def _dropped(information: str) -> int:
    for line in information.splitlines():
        if line.startswith("DroppedLogs:"):
            return int(line.split(":")[1])
    raise SilentEdgeError("show info")
