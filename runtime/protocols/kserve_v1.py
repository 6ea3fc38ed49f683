"""KServe's protocol, version 1, and TensorFlow Serving's, which have their paths in common."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Scope

from lading.core.settings import Settings
from lading.runtime.deployments import Deployments
from lading.runtime.errors import MethodNotAllowedError, NotOfferedError
from lading.runtime.model import Model
from lading.runtime.protocols.endpoint import Endpoint
from lading.runtime.protocols.head import ACCEPT
from lading.runtime.protocols.operations import unoffered_paths
from lading.runtime.protocols.predict_v1 import PredictDialect
from lading.runtime.protocols.replies import DIGEST_HEADER, JsonReply
from lading.runtime.protocols.tensorflow import metadata, status
from lading.runtime.protocols.v1_schemas import model_paths, server_paths

MODEL = "/v1/models/{name}"
VERSION = MODEL + "/versions/{version}"
LABEL = MODEL + "/labels/{label}"

NOT_OFFERED = {
    "classify": "POST to :predict, which takes rows of any model",
    "regress": "POST to :predict, which takes rows of any model",
    "explain": "no explainer is deployed",
}
"""The other things that may be asked of a model, and what to do instead."""

UNOFFERED_PATHS: Mapping[str, Sequence[str]] = {
    **{f"{path}:{verb}": ("POST",) for path in (MODEL, VERSION) for verb in NOT_OFFERED},
    LABEL: ("GET",),
    LABEL + "/metadata": ("GET",),
    **{f"{LABEL}:{verb}": ("POST",) for verb in ("predict", *NOT_OFFERED)},
}
"""What is answered 501."""

LABELS = "versions have no labels here; name the version"


class KserveV1:
    """Everything under ``/v1``, and the life of the server at ``/`` for those who are not looking for a page."""

    name = "kserve_v1"

    def __init__(self, settings: Settings) -> None:
        self._style = settings.v1_answers

    def hot(self, deployments: Deployments) -> Mapping[str, ASGIApp]:
        """Predictions, with and without the version in the path."""
        found: dict[str, ASGIApp] = {}
        for model in deployments:
            endpoint = Endpoint(model, PredictDialect(model, self._style))
            for path in (MODEL, VERSION):
                found[path.format(name=model.name, version=model.version) + ":predict"] = endpoint
        return found

    def routes(self, deployments: Deployments) -> Sequence[BaseRoute]:
        """The models, their state and their signatures, and what is not offered."""

        def asked(request: Request) -> Model:
            return deployments.get(request.path_params["name"], request.path_params.get("version"))

        async def models(_: Request) -> JsonReply:
            return JsonReply({"models": [model.name for model in deployments]})

        async def state(request: Request) -> JsonReply:
            _refuse_verb(request.path_params)
            model = asked(request)
            versions = (model,) if "version" in request.path_params else deployments.versions(model.name)
            return _state(model, versions, not request.app.draining)

        async def told(request: Request) -> JsonReply:
            model = asked(request)
            return JsonReply(metadata(model), headers=[(DIGEST_HEADER, model.digest.encode())])

        async def predict(request: Request) -> JsonReply:
            asked(request)
            raise LookupError(request.url.path)  # a model that is deployed has a hot endpoint on this path

        async def not_offered(request: Request) -> JsonReply:
            asked(request)
            verb = request.url.path.rpartition(":")[2]
            raise NotOfferedError(request.url.path, NOT_OFFERED[verb])

        async def labelled(request: Request) -> JsonReply:
            if request.method != "POST":
                _refuse_verb(request.path_params)
            asked(request)
            raise NotOfferedError(request.url.path, LABELS)

        verbs = [
            Route(f"{path}:{verb}", not_offered, methods=["POST"]) for path in (MODEL, VERSION) for verb in NOT_OFFERED
        ]
        labels = [
            Route(LABEL + "/metadata", labelled),
            *(Route(f"{LABEL}:{verb}", labelled, methods=["POST"]) for verb in ("predict", *NOT_OFFERED)),
            Route(LABEL, labelled),
        ]
        return [
            _AliveRoute("/", _alive, methods=["GET"]),
            Route("/v1/models", models),
            *(Route(path + ":predict", predict, methods=["POST"]) for path in (MODEL, VERSION)),
            *verbs,
            *labels,
            *(Route(path + "/metadata", told) for path in (MODEL, VERSION)),
            *(Route(path, state) for path in (MODEL, VERSION)),
        ]

    def paths(self, deployments: Deployments) -> Mapping[str, JsonValue]:
        """The paths that every server has, and those of each model with its fields."""
        paths = server_paths()
        known = next(iter(deployments), None)
        if known is not None:
            named = {"name": known.name, "version": known.version, "label": "stable"}
            paths |= unoffered_paths(UNOFFERED_PATHS, "/v1/models/", "v1_", named, unknown=True)
        for model in deployments:
            for path, which in ((MODEL, ""), (VERSION, "version_")):
                paths |= model_paths(model, path.format(name=model.name, version=model.version), which, self._style)
        return paths


class _AliveRoute(Route):
    """``/`` for clients that do not ask for HTML; the page has it for those that do."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the request is for this route; an ``accept`` that takes anything asks for nothing in particular."""
        accepted = dict(scope.get("headers", ())).get(ACCEPT, b"").lower()
        wants_page = b"text/html" in accepted or b"application/xhtml" in accepted
        return (Match.NONE, {}) if wants_page else super().matches(scope)


async def _alive(_: Request) -> JsonReply:
    return JsonReply({"status": "alive"})


def _state(model: Model, versions: Sequence[Model], ready: bool) -> JsonReply:
    """What both protocols say of the state of a model and its ``versions``."""
    document = {"name": model.name, "ready": ready, **status(versions, ready)}
    return JsonReply(document, 200 if ready else 503, [(DIGEST_HEADER, model.digest.encode())])


def _refuse_verb(given: Mapping[str, str]) -> None:
    """Raise ``MethodNotAllowedError`` where the last part of the path says what to do, which is asked with ``POST``."""
    last = given.get("label", given.get("version", given["name"]))
    if last.rpartition(":")[2] in ("predict", *NOT_OFFERED) and ":" in last:
        raise MethodNotAllowedError("GET", "OPTIONS, POST")
