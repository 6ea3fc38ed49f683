"""MLflow's scoring server: predictions as its clients ask for them, and its health."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lading.core.settings import Settings
from lading.runtime.deployments import Deployments
from lading.runtime.errors import RequestError, UnknownModelError, listed
from lading.runtime.protocols.endpoint import Endpoint
from lading.runtime.protocols.invocations import InvocationsDialect, invocations_refusal
from lading.runtime.protocols.mlflow_schemas import health_paths, invocations_operation
from lading.runtime.protocols.replies import JsonReply

NAMELESS = "/invocations"
NAMED = "/models/{name}/invocations"


class NoDefaultError(RequestError):
    """A request names no model, and several or none are deployed."""

    status = 404

    def __init__(self, known: tuple[str, ...]) -> None:
        super().__init__(known)
        self.known = known

    def __str__(self) -> str:
        deployed = f"deployed are {listed(self.known)}" if self.known else "none is deployed"
        instead = "POST to /models/{name}/invocations, or set LADING_DEFAULT_MODEL where the server is started"
        return f"the request names no model, and {deployed}: {instead}"


class Mlflow:
    """``POST /invocations`` and ``POST /models/{name}/invocations``, ``GET /ping``, ``/health`` and ``/version``."""

    name = "mlflow"

    def __init__(self, settings: Settings) -> None:
        self._limit, self._default = settings.body_bytes, settings.default_model

    def hot(self, deployments: Deployments) -> Mapping[str, ASGIApp]:
        """An endpoint for each model; the path without a name has the one of the model that is meant."""
        found: dict[str, ASGIApp] = {
            NAMED.format(name=model.name): Endpoint(model, InvocationsDialect(model, self._limit), invocations_refusal)
            for model in deployments
        }
        default = deployments.default(self._default)
        names = tuple(model.name for model in deployments)
        found[NAMELESS] = _Nobody(names) if default is None else found[NAMED.format(name=default.name)]
        return found

    def routes(self, deployments: Deployments) -> Sequence[BaseRoute]:
        """Health, the version, and models that nobody deployed."""

        async def unknown(request: Request) -> JsonReply:
            try:
                deployments.get(request.path_params["name"])
            except UnknownModelError as error:
                return invocations_refusal(error)
            raise LookupError(request.url.path)  # a model that is deployed has a hot endpoint on this path

        return [
            Route("/ping", _ping),
            Route("/health", _ping),
            Route("/version", _version),
            Route(NAMED, unknown, methods=["POST"]),
        ]

    def paths(self, deployments: Deployments) -> Mapping[str, JsonValue]:
        """The paths of each model, of the one that is meant without a name, and of the server."""
        paths: dict[str, JsonValue] = {
            NAMED.format(name=model.name): {"post": invocations_operation(model, "")} for model in deployments
        }
        default = deployments.default(self._default)
        if default is not None:
            paths[NAMELESS] = {"post": invocations_operation(default, "default_")}
        return paths | health_paths()


class _Nobody:
    """What answers without a name where several models are deployed, and none of them is meant."""

    refuse = staticmethod(invocations_refusal)

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse any request."""
        raise NoDefaultError(self._names)


async def _ping(request: Request) -> Response:
    """One newline that is called JSON, as MLflow has it."""
    return Response("\n", 503 if request.app.draining else 200, media_type="application/json")


async def _version(_: Request) -> Response:
    return Response(version("lading"), media_type="application/json")
