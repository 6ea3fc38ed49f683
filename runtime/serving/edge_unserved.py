"""The edge's last resort: HAProxy itself as the server that answers while no replica does.

Without one, HAProxy 2.8 closes the connection without a byte where a request was sent on a connection that it used
before, and finds no server left to repeat it on; it counts on the client to send it again.
"""

from pathlib import Path

from lading.runtime.serving.edge_answers import REFUSALS, reply
from lading.runtime.serving.edge_limits import DEFAULTS, EdgeLimits
from lading.runtime.serving.edge_statuses import status_reply

NAME, CALLS = "unserved", "unserved-grpc"


def unserved_section(folder: Path, limits: EdgeLimits) -> list[str]:
    """The frontend behind ``unserved_server``: no replica is there, in JSON."""
    return [
        f"frontend {NAME} from {DEFAULTS}",
        f"bind unix@{_socket(folder, NAME)} mode 600 proto h1",
        f"maxconn {limits.connections}",
        "option httpclose",
        reply(503, REFUSALS[503]),
    ]


def unserved_calls_section(folder: Path, limits: EdgeLimits) -> list[str]:
    """The same for gRPC."""
    return [
        f"frontend {CALLS} from grpc",
        f"bind unix@{_socket(folder, CALLS)} mode 600 proto h2",
        f"maxconn {limits.connections}",
        status_reply(503, REFUSALS[503]),
    ]


def unserved_server(folder: Path, name: str = NAME) -> str:
    """The server of a backend that gets requests once no other is up; it stands before the servers' defaults."""
    return f"server {name} unix@{_socket(folder, name)} backup"


def _socket(folder: Path, name: str) -> Path:
    return folder / f"{name}.sock"
