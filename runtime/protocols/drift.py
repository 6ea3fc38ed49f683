"""Drift: how far what a model is asked lies from what it was trained on, told for each of its fields."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import get_args

from pydantic import JsonValue
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from lading.core.settings import Settings
from lading.runtime.deployments import Deployments
from lading.runtime.drift.columns import Kind
from lading.runtime.drift.drift import VERDICTS, drift_of
from lading.runtime.drift.observations import Observations
from lading.runtime.model import Model
from lading.runtime.protocols.lineage_schemas import IDENTITY
from lading.runtime.protocols.operations import operation
from lading.runtime.protocols.replies import DIGEST_HEADER, JsonReply
from lading.runtime.protocols.schemas import TEXT, Schema, listed, record

PATH = "/models/{name}/drift"

COUNT: Schema = {"type": "integer", "minimum": 0}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
VERDICT: Schema = {"enum": [*VERDICTS]}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


FIELD = record(
    {
        "name": TEXT,
        "kind": {"enum": [*get_args(Kind)]},
        "verdict": VERDICT,
        "psi": _or_null({"type": "number"}),
        "psi_by_chance": _or_null({"type": "number"}),
        "distance": _or_null({"type": "number", "minimum": 0}),
        "missing": record({"training": SHARE, "live": _or_null(SHARE)}),
        "outside": _or_null(SHARE),
        "unseen": _or_null(SHARE),
    },
    "FieldDrift",
)
DRIFT = record(
    {
        **IDENTITY,
        "verdict": VERDICT,
        "training_rows": COUNT,
        "rows": COUNT,
        "since": _or_null(TEXT),
        "fields": listed(FIELD),
    },
    "ModelDrift",
)


class DriftPaths:
    """``GET /models/{name}/drift``."""

    name = "drift"

    def __init__(self, settings: Settings) -> None:
        """Nothing here can be set."""

    def hot(self, deployments: Deployments) -> Mapping[str, ASGIApp]:
        """Nothing here is asked often enough."""
        return {}

    def routes(self, deployments: Deployments) -> Sequence[BaseRoute]:
        """The drift of each model."""

        async def drift(request: Request) -> JsonReply:
            model = deployments.get(request.path_params["name"])
            # The counts of the other replicas are in files.
            told = await asyncio.to_thread(document, request.app.observations, model)
            return JsonReply(told, headers=[(DIGEST_HEADER, model.digest.encode())])

        return [Route(PATH, drift)]

    def paths(self, deployments: Deployments) -> Mapping[str, JsonValue]:
        """One path for each model."""
        summary = "How far what the model is asked lies from what it was trained on"
        return {
            PATH.format(name=model.name): {
                "get": operation(f"drift_{model.name}", model.name, summary, DRIFT, digest=True)
            }
            for model in deployments
        }


def document(observations: Observations, model: Model) -> dict[str, object]:
    """The drift of ``model`` in all replicas together."""
    drift = drift_of(model.observed, observations.total(model))
    names = {"name": model.name, "version": model.version, "digest": model.digest}
    return {**names, "training_rows": model.profile.rows, **drift.document()}
