"""OpenAPI: the document that describes every path, with each model's own fields and examples."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from pydantic import JsonValue
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from lading.core.settings import Settings
from lading.runtime.deployments import Deployments
from lading.runtime.protocols.protocol import Protocol
from lading.runtime.protocols.replies import JsonReply
from lading.runtime.protocols.schemas import operation

KEY_SCHEMES: Mapping[str, JsonValue] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
"""How a key comes where the edge asks for one."""

VALUES = frozenset({"const", "default", "enum", "example", "examples"})
"""Keys under which no schema lies, but values."""


class OpenApi:
    """``GET /openapi.json``."""

    name = "openapi"

    def __init__(self, settings: Settings) -> None:
        """Nothing here can be set."""

    def hot(self, deployments: Deployments) -> Mapping[str, ASGIApp]:
        """Nothing here is asked often enough."""
        return {}

    def routes(self, deployments: Deployments) -> Sequence[BaseRoute]:
        """The document, made when it is first asked for."""
        made: list[JsonReply] = []

        async def openapi(request: Request) -> JsonReply:
            if not made:  # the examples ask the models, which may take a while
                app = request.app
                keys = app.settings.keys_file is not None
                made.append(await asyncio.to_thread(lambda: JsonReply(document(app.protocols, deployments, keys))))
            return made[0]

        return [Route("/openapi.json", openapi)]

    def paths(self, deployments: Deployments) -> Mapping[str, JsonValue]:
        """The document describes itself too."""
        return {"/openapi.json": {"get": operation("openapi", "server", "This document", {"type": "object"})}}


def document(protocols: Sequence[Protocol], deployments: Deployments, keys: bool = False) -> dict[str, JsonValue]:
    """The OpenAPI 3.1 document of all that ``protocols`` answer for ``deployments``, to who has a key if ``keys``."""
    schemas: dict[str, JsonValue] = {}
    paths: dict[str, JsonValue] = {}
    for protocol in protocols:
        for path, item in protocol.paths(deployments).items():
            paths[path] = _with_components(item, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lading", "version": version("lading"), "description": "The models deployed on this server."},
        "paths": paths,
        "components": {"schemas": schemas, **({"securitySchemes": dict(KEY_SCHEMES)} if keys else {})},
        **({"security": [{name: []} for name in KEY_SCHEMES]} if keys else {}),
    }


def _with_components(part: JsonValue, schemas: dict[str, JsonValue]) -> JsonValue:
    """``part`` with a reference in place of each schema that has a title, which goes to ``schemas``."""
    if isinstance(part, list):
        return [_with_components(item, schemas) for item in part]
    if not isinstance(part, dict):
        return part
    made = {key: value if key in VALUES else _with_components(value, schemas) for key, value in part.items()}
    title = part.get("title")
    if not isinstance(title, str):
        return made
    schemas[title] = made
    return {"$ref": f"#/components/schemas/{title}"}
