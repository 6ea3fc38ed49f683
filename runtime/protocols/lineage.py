"""Lineage: what is deployed, what data and experiment it came from, and how it was proved."""

from collections.abc import Mapping, Sequence

import orjson
from pydantic import JsonValue
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from lading.bundles.canonical import canonical_json
from lading.bundles.outline import estimator
from lading.bundles.records import Record
from lading.core.settings import Settings
from lading.runtime.deployments import Deployments
from lading.runtime.model import Model
from lading.runtime.protocols.lineage_schemas import LISTING, description_schema, lineage_schema
from lading.runtime.protocols.operations import operation
from lading.runtime.protocols.replies import DIGEST_HEADER, JsonReply


class Lineage:
    """``GET /models``, ``GET /models/{name}`` and ``GET /lineage``."""

    name = "lineage"

    def __init__(self, settings: Settings) -> None:
        """Nothing here can be set."""

    def hot(self, deployments: Deployments) -> Mapping[str, ASGIApp]:
        """Nothing here is asked often enough."""
        return {}

    def routes(self, deployments: Deployments) -> Sequence[BaseRoute]:
        """The three paths."""

        async def models(_: Request) -> JsonReply:
            return JsonReply({"models": [summary(model) for model in deployments]})

        async def one(request: Request) -> JsonReply:
            model = deployments.get(request.path_params["name"])
            return JsonReply(described(model), headers=[(DIGEST_HEADER, model.digest.encode())])

        async def lineage(_: Request) -> JsonReply:
            return JsonReply({"models": [lineage_of(model) for model in deployments.variants()]})

        return [Route("/models", models), Route("/models/{name}", one), Route("/lineage", lineage)]

    def paths(self, deployments: Deployments) -> Mapping[str, JsonValue]:
        """The list, each model, and the lineage of all."""
        one = {f"/models/{model.name}": _described(model.name) for model in deployments}
        origins = "Where every deployed model came from, and how it was proved"
        told: JsonValue = {"get": operation("lineage", "server", origins, lineage_schema())}
        return {
            "/models": {"get": operation("models", "server", "The deployed models", LISTING)},
            "/lineage": told,
            **one,
        }


def summary(model: Model) -> dict[str, object]:
    """The model in a line of a list."""
    return {
        "name": model.name,
        "version": model.version,
        "digest": model.digest,
        "description": model.manifest.description,
        "predict": f"/models/{model.name}/predict",
    }


def lineage_of(model: Model) -> dict[str, object]:
    """Where the model came from and how it was proved."""
    return {
        **_identity(model),
        "provenance": _document(model.manifest.provenance),
        "parity": _document(model.parity),
        "waiver": model.parity.waiver,
        **model.vetting.document(),
    }


def described(model: Model) -> dict[str, object]:
    """All that the bundle states of the model, and how it is served."""
    return {
        **_identity(model),
        **summary(model),
        "drift": f"/models/{model.name}/drift",
        "graph": _document(model.manifest.graph),
        "signature": _document(model.signature),
        **lineage_of(model),
        "profile": _document(model.profile),
        "batching": _document(model.batching),
    }


def _identity(model: Model) -> dict[str, object]:
    """Which model it is, and what kind of model: ``LogisticRegression in Pipeline``."""
    return {
        "name": model.name,
        "version": model.version,
        "digest": model.digest,
        "estimator": estimator(model.manifest.provenance.experiment),
    }


def _described(name: str) -> JsonValue:
    summary = "The model's signature, provenance, parity, digest and profile"
    return {"get": operation(f"describe_{name}", name, summary, description_schema(), digest=True)}


def _document(record: Record) -> orjson.Fragment:
    """The record as the bundle's documents write it."""
    return orjson.Fragment(canonical_json(record))
