"""The edge's limits: how much, how many and how long, as plain data."""

from dataclasses import dataclass

from lading.core.settings import Settings

BUFFER_BYTES = 64 * 1024
"""``tune.bufsize``: a request that fits, less the reserve below, can be repeated when its replica dies.

HAProxy copies all of the buffer for each request that it may have to repeat, however short (decision 0021).
"""
RESERVE_BYTES = 8 * 1024
"""``tune.maxrewrite``: what HAProxy keeps free in a buffer to add headers of its own."""
HEADER_BYTES = 16 * 1024
HEADER_FIELDS = 100
TARGET_BYTES = 8 * 1024
CHUNKED_BYTES = BUFFER_BYTES - RESERVE_BYTES - HEADER_BYTES
"""A body without a Content-Length must fit in the buffer: nothing else would bound it."""


@dataclass(frozen=True)
class EdgeLimits:
    """How much, how many and how long; times in seconds, sizes in bytes."""

    connections: int
    body_bytes: int
    per_replica: int
    request_seconds: float
    queue_seconds: float
    drain_seconds: float
    header_seconds: float = 10.0
    upload_seconds: float = 30.0
    idle_seconds: float = 30.0
    stall_seconds: float = 30.0
    check_seconds: float = 5.0


def edge_limits(settings: Settings) -> EdgeLimits:
    """The limits that the settings ask for."""
    return EdgeLimits(
        connections=settings.connections,
        body_bytes=settings.body_bytes,
        per_replica=settings.queue_per_replica,
        request_seconds=settings.request_seconds,
        queue_seconds=settings.queue_seconds,
        drain_seconds=settings.drain_seconds,
    )
