"""OpenAPI: the document that describes every path, with each model's own fields and examples."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import cast

from pydantic import JsonValue
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from lading.core.settings import Settings
from lading.runtime.deployments import Deployments
from lading.runtime.protocols.operations import ANY_ERROR, ANYWHERE, WITH_BODY, WITH_KEYS, operation, refusals
from lading.runtime.protocols.protocol import Protocol
from lading.runtime.protocols.replies import JsonReply

KEY_SCHEMES: Mapping[str, JsonValue] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
"""How a key comes where the edge asks for one."""

KEYLESS = ("/v2/health/live", "/v2/health/ready", "/ping", "/health")
"""The paths that need no key, whoever asks."""

ABOUT = """The models deployed on this server.

What is said of every path: HEAD is answered as GET is, without the body; OPTIONS with 204 and the methods under allow;
any other method with 405 and the same header. Refusals are JSON with a text under error. Numbers in JSON are doubles,
or integers of 64 bits. A trailing slash changes nothing. x-request-id comes back, or is made.
"""

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
        making = asyncio.Lock()

        async def openapi(request: Request) -> JsonReply:
            async with making:  # by the first who asks; the examples ask the models, which may take a while
                if not made:
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
            paths[path] = _with_components(_with_refusals(path, item, keys), schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lading", "version": version("lading"), "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": _with_components(refusals(ANY_ERROR, *_anywhere(keys, True)), schemas),
            **({"securitySchemes": dict(KEY_SCHEMES)} if keys else {}),
        },
        **({"security": [{name: []} for name in KEY_SCHEMES]} if keys else {}),
    }


def _with_refusals(path: str, item: JsonValue, keys: bool) -> JsonValue:
    """The path item, with what any request may be answered beside what its operations tell themselves."""
    made: dict[str, JsonValue] = {}
    keyless = path in KEYLESS
    without_key: dict[str, JsonValue] = {"security": []} if keys and keyless else {}
    for method, told in cast("Mapping[str, dict[str, JsonValue]]", item).items():
        statuses = _anywhere(keys and not keyless, "requestBody" in told)
        references: dict[str, JsonValue] = {
            str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses
        }
        made[method] = {
            **told,
            **without_key,
            "responses": references | cast("dict[str, JsonValue]", told["responses"]),
        }
    return made


def _anywhere(keys: bool, body: bool) -> Sequence[int]:
    return (*ANYWHERE, *(WITH_BODY if body else ()), *(WITH_KEYS if keys else ()))


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
