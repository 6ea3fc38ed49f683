"""HTTP servers inside a process that does more than serve: uvicorn, strict, silent and quick."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from lading.runtime.serving.refusing import RefusingProtocol

IDLE_SECONDS = 75
"""Longer than the edge keeps an idle connection, so that the edge is the one to close it."""


def http_settings(
    app: ASGIApp,
    http: type[RefusingProtocol],
    idle_seconds: int = IDLE_SECONDS,
    drain_seconds: int | None = None,
) -> uvicorn.Config:
    """Uvicorn's settings for ``app``, which answers on a socket that the edge, or the owner of the server, asks."""
    protocol: type[asyncio.Protocol] = http
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=idle_seconds,
        timeout_graceful_shutdown=drain_seconds,
    )


class EmbeddedServer(uvicorn.Server):
    """Uvicorn, which leaves the signals to the process that it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
