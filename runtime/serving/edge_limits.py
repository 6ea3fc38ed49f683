"""The edge's limits: how much, how many and how long, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass

from lading.core.settings import Settings
from lading.runtime.deadlines import Deadlines

DEFAULTS = "http"
"""The section of HAProxy's configuration that has those which hold for every other one."""
RESERVE_BYTES = 8 * 1024
"""``tune.maxrewrite``: what HAProxy keeps free in a buffer to add headers of its own."""

BACKSTOP_SECONDS = 0.25
"""How much later than the deadline the edge gives a replica up, which is to say first that it was too late."""


@dataclass(frozen=True)
class EdgeLimits:
    """How much, how many and how long; times in seconds, sizes in bytes."""

    connections: int
    body_bytes: int
    body_rate: int
    body_seconds: float
    header_bytes: int
    header_fields: int
    header_seconds: float
    target_bytes: int
    buffer_bytes: int
    """``tune.bufsize``: HAProxy copies all of it for each request that it may have to repeat (decision 0021)."""
    idle_seconds: float
    stall_seconds: float
    per_replica: int
    request_seconds: float
    """The longest that a replica may take, whatever it was asked."""
    model_seconds: float
    """The same where a path names a model."""
    deadlines: Mapping[str, float]
    """The same for single models, by their names."""
    queue_seconds: float
    drain_seconds: float

    @property
    def chunked_bytes(self) -> int:
        """A body without a Content-Length must fit in the buffer: nothing else would bound it."""
        return self.buffer_bytes - RESERVE_BYTES - self.header_bytes


def edge_limits(settings: Settings) -> EdgeLimits:
    """The limits that the settings ask for."""
    deadlines = Deadlines.read(settings)
    return EdgeLimits(
        connections=settings.connections,
        body_bytes=settings.body_bytes,
        body_rate=settings.body_rate,
        body_seconds=settings.body_seconds,
        header_bytes=settings.header_bytes,
        header_fields=settings.header_fields,
        header_seconds=settings.header_seconds,
        target_bytes=settings.target_bytes,
        buffer_bytes=settings.buffer_bytes,
        idle_seconds=settings.idle_seconds,
        stall_seconds=settings.stall_seconds,
        per_replica=settings.queue_per_replica,
        request_seconds=deadlines.longest + BACKSTOP_SECONDS,
        model_seconds=deadlines.seconds + BACKSTOP_SECONDS,
        deadlines={name: seconds + BACKSTOP_SECONDS for name, seconds in deadlines.by_name.items()},
        queue_seconds=settings.queue_seconds,
        drain_seconds=settings.drain_seconds,
    )


def milliseconds(seconds: float) -> str:
    """A time as HAProxy's configuration writes it."""
    return f"{max(1, round(seconds * 1000))}ms"
