"""The Open Inference Protocol, version 2, over REST."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version

import orjson
from pydantic import JsonValue
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from lading.bundles.answer_names import class_names
from lading.bundles.outline import estimator
from lading.core.settings import Settings
from lading.runtime.deployments import Deployments
from lading.runtime.model import Model
from lading.runtime.protocols.endpoint import Endpoint
from lading.runtime.protocols.extensions import OFFERED, extension_routes
from lading.runtime.protocols.inference import InferenceDialect
from lading.runtime.protocols.inference_schemas import model_paths, server_paths
from lading.runtime.protocols.model_configuration import PLATFORM
from lading.runtime.protocols.replies import DIGEST_HEADER, JsonReply

MODEL = "/v2/models/{name}"
VERSION = MODEL + "/versions/{version}"


class OpenInference:
    """Everything under ``/v2``."""

    name = "open_inference"

    def __init__(self, settings: Settings) -> None:
        """Nothing here can be set."""

    def hot(self, deployments: Deployments) -> Mapping[str, ASGIApp]:
        """Inference, with and without the version in the path."""
        found: dict[str, ASGIApp] = {}
        for model in deployments:
            endpoint = Endpoint(model, InferenceDialect(model))
            for path in (MODEL, VERSION):
                found[path.format(name=model.name, version=model.version) + "/infer"] = endpoint
        return found

    def routes(self, deployments: Deployments) -> Sequence[BaseRoute]:
        """The server, its health, the models and their metadata."""

        def asked(request: Request) -> Model:
            return deployments.get(request.path_params["name"], request.path_params.get("version"))

        async def server(_: Request) -> JsonReply:
            return JsonReply({"name": "lading", "version": version("lading"), "extensions": list(OFFERED)})

        async def models(_: Request) -> JsonReply:
            return JsonReply({"models": [model.name for model in deployments]})

        told = {
            model: JsonReply(metadata(model, deployments), headers=[(DIGEST_HEADER, model.digest.encode())])
            for model in deployments.variants()
        }

        async def model(request: Request) -> JsonReply:
            return told[asked(request)]

        async def model_ready(request: Request) -> JsonReply:
            ready = not request.app.draining
            return JsonReply({"name": asked(request).name, "ready": ready}, 200 if ready else 503)

        async def infer(request: Request) -> JsonReply:
            asked(request)
            raise LookupError(request.url.path)  # a model that is deployed has a hot endpoint on this path

        return [
            Route("/v2", server),
            Route("/v2/health/live", _live),
            Route("/v2/health/ready", _ready),
            Route("/v2/models", models),
            *extension_routes(deployments, (MODEL, VERSION), asked),
            *(Route(path, model) for path in (MODEL, VERSION)),
            *(Route(path + "/ready", model_ready) for path in (MODEL, VERSION)),
            *(Route(path + "/infer", infer, methods=["POST"]) for path in (MODEL, VERSION)),
        ]

    def paths(self, deployments: Deployments) -> Mapping[str, JsonValue]:
        """The paths that every server has, and those of each model with its tensors."""
        paths = server_paths()
        for model in deployments:
            for path, which in ((MODEL, ""), (VERSION, "Version")):
                paths |= model_paths(model, path.format(name=model.name, version=model.version), which)
        return paths


async def _live(_: Request) -> JsonReply:
    return JsonReply({"live": True, "ready": True})


async def _ready(request: Request) -> JsonReply:
    ready = not request.app.draining
    return JsonReply({"live": True, "ready": ready}, 200 if ready else 503)


def metadata(model: Model, deployments: Deployments) -> dict[str, object]:
    """The model's tensors, its lineage as properties, which are text, and the versions beside which it is deployed."""
    dialect = InferenceDialect(model)
    return {
        "name": model.name,
        "versions": [one.version for one in deployments.versions(model.name)],
        "platform": PLATFORM,
        "inputs": [spec.metadata for spec in dialect.inputs.specs],
        "outputs": [writer.metadata for writer in dialect.outputs],
        "properties": properties(model),
    }


def properties(model: Model) -> dict[str, str]:
    """The lineage and the meaning of the outputs, for clients that know no more than the protocol."""
    provenance = model.manifest.provenance
    known = {
        "digest": model.digest,
        "data.digest": provenance.data.digest,
        "data.name": provenance.data.name,
        "data.source": provenance.data.source,
        "experiment.estimator": provenance.experiment.estimator,
        "experiment.model": estimator(provenance.experiment),
        "code.repository": provenance.code.repository,
        "code.commit": provenance.code.commit,
        "author": provenance.author,
        "parity.waiver": model.parity.waiver,
    }
    meanings = {f"output.{output.tensor.name}.meaning": output.meaning for output in model.signature.outputs}
    classes = {
        f"output.{output.tensor.name}.classes": orjson.dumps(class_names(output)).decode()
        for output in model.signature.outputs
        if output.classes is not None
    }
    return {name: value for name, value in known.items() if value is not None} | meanings | classes
