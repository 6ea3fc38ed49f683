"""The replica's HTTP server: uvicorn, as strict, as silent and as quick as a replica needs it."""

import asyncio

import uvicorn
from starlette.types import ASGIApp

from lading.runtime.serving.refusing import RefusingProtocol
from lading.runtime.serving.shortcut import ShortcutProtocol

IDLE_SECONDS = 75
"""Longer than the edge keeps an idle connection, so that the edge is the one to close it."""


def http_settings(
    app: ASGIApp,
    http: type[RefusingProtocol] = ShortcutProtocol,
    idle_seconds: int = IDLE_SECONDS,
    drain_seconds: int | None = None,
) -> uvicorn.Config:
    """Uvicorn's settings for ``app``, which answers on a socket that the edge alone asks."""
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
