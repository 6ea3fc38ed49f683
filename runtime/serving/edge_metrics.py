"""The edge's port for metrics: the one that Prometheus asks, answered by the server itself."""

from pathlib import Path

from lading.runtime.serving.edge_answers import UNSPOKEN, reply
from lading.runtime.serving.edge_limits import DEFAULTS, milliseconds

NAME = "metrics"
PATH = "/metrics"
CONNECTIONS = 16
ANSWER_SECONDS = 10.0
"""How long the server may take for its answer, however short requests to models are: as long as Prometheus waits."""


def metrics_sections(listener: int, server: Path) -> list[list[str]]:
    """The frontend on the inherited descriptor ``listener``, and behind it the server at its socket."""
    frontend = [
        f"frontend {NAME} from {DEFAULTS}",
        f"bind fd@{listener} proto h1",
        f"maxconn {CONNECTIONS}",
        *(f"errorfile {code} /dev/null" for code in UNSPOKEN),
        f"{reply(405, 'metrics are read with GET')} unless METH_GET",
        f"{reply(404, f'nothing answers on this path; GET {PATH} does')} unless {{ path {PATH} }}",
        f"default_backend {NAME}",
    ]
    backend = [
        f"backend {NAME} from {DEFAULTS}",
        f"timeout server {milliseconds(ANSWER_SECONDS)}",
        f"server server unix@{server}",
    ]
    return [frontend, backend]
