"""The page for people: each deployed model, its data, its experiment, and a form to try it."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from lading.core.settings import Settings
from lading.runtime.deployments import Deployments
from lading.runtime.drift.drift import drift_of
from lading.runtime.drift.observations import Observations
from lading.runtime.errors import UnknownModelError
from lading.runtime.model import Model
from lading.runtime.page.live import live
from lading.runtime.page.pages import (
    ASSETS,
    asset,
    drift_page,
    index_page,
    missing_page,
    model_page,
    with_live,
)
from lading.runtime.protocols.operations import get
from lading.runtime.protocols.schemas import TEXT

if TYPE_CHECKING:
    from lading.runtime.app import Application

SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""Nothing inline runs, nothing comes from elsewhere, and nobody frames the page."""

FRESH = SECURITY | {"cache-control": "no-cache"}
KEPT = SECURITY | {"cache-control": "public, max-age=31536000, immutable"}
"""For assets, whose address changes with their bytes."""

RENDERED = 64
"""Pages kept as they were sent: rendering one takes milliseconds, in which its process answers no prediction."""


class Page:
    """HTML at ``/``, ``/page/{name}`` and ``/page/{name}/drift``, and the files that it loads from ``/assets/``."""

    name = "page"

    def __init__(self, settings: Settings) -> None:
        """Nothing here can be set."""

    def hot(self, deployments: Deployments) -> Mapping[str, ASGIApp]:
        """None: people do not ask thousands of times a second."""
        return {}

    def routes(self, deployments: Deployments) -> Sequence[BaseRoute]:
        """The pages and their assets."""

        @lru_cache(maxsize=RENDERED)
        def rendered(name: str, host: str | None) -> str:
            return model_page(deployments.get(name), host)

        async def index(request: Request) -> Response:
            # The counts of the other replicas are in files.
            return HTMLResponse(await asyncio.to_thread(_index, deployments, request.app), headers=FRESH)

        async def model(request: Request) -> Response:
            name = request.path_params["name"]
            try:
                found = deployments.get(name)
                now = await asyncio.to_thread(live, deployments, found, request.app)
                page = with_live(rendered(name, request.headers.get("host")), now)
                return HTMLResponse(page, headers=FRESH)
            except UnknownModelError:
                return HTMLResponse(missing_page(name), 404, headers=FRESH)

        async def drift(request: Request) -> Response:
            name = request.path_params["name"]
            try:
                model = deployments.get(name)
            except UnknownModelError:
                return HTMLResponse(missing_page(name), 404, headers=FRESH)
            # The counts of the other replicas are in files.
            return HTMLResponse(await asyncio.to_thread(_drift, request.app.observations, model), headers=FRESH)

        assets = [Route(f"/assets/{name}", _asset(name), methods=["GET"]) for name in ASSETS]
        return [
            Route("/", index, methods=["GET"]),
            Route("/page/{name}", model, methods=["GET"]),
            Route("/page/{name}/drift", drift, methods=["GET"]),
            *assets,
        ]

    def paths(self, deployments: Deployments) -> Mapping[str, JsonValue]:
        """The pages and their assets."""
        pages = {f"/page/{model.name}": f"page_{model.name}" for model in deployments}
        pages |= {f"/page/{model.name}/drift": f"page_{model.name}_drift" for model in deployments}
        assets = {f"/assets/{name}": (f"asset_{name}", media) for name, media in ASSETS.items()}
        told = {path: (name, "text/html") for path, name in pages.items()} | assets
        return {
            path: {"get": get(name, "page", "The page for people", {media.partition(";")[0]: {"schema": TEXT}})}
            for path, (name, media) in told.items()
        }


def _index(deployments: Deployments, app: "Application") -> str:
    return index_page((model, live(deployments, model, app)) for model in deployments)


def _drift(observations: Observations, model: Model) -> str:
    counts = observations.total(model)
    return drift_page(model, drift_of(model.observed, counts), counts)


def _asset(name: str) -> ASGIApp:
    return Response(asset(name), media_type=ASSETS[name], headers=KEPT)
