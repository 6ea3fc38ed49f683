"""Inference schemas: the Open Inference Protocol for OpenAPI, with each model's own tensors and examples."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from pydantic import JsonValue

from lading.runtime.model import Model
from lading.runtime.protocols.examples import example, golden_rows
from lading.runtime.protocols.extension_schemas import model_extension_paths, server_extension_paths
from lading.runtime.protocols.inference import InferenceDialect
from lading.runtime.protocols.schemas import DIGEST, ERROR, JSON, Schema, operation, refusals
from lading.runtime.protocols.tensors import TensorSpec

VALUES: Mapping[str, Schema] = {
    "BOOL": {"type": "boolean"},
    "BYTES": {"type": ["string", "null"]},
    "FP32": {"type": ["number", "null"]},
    "FP64": {"type": ["number", "null"]},
}

PARAMETERS: Schema = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}


READY: Schema = {"type": "object", "properties": {"ready": {"type": "boolean"}}, "required": ["ready"]}


def server_paths() -> dict[str, JsonValue]:
    """The paths that tell of the server."""
    health = {
        "live": operation("live", "server", "Whether the server lives", READY),
        "ready": operation("ready", "server", "Whether the server takes predictions", READY, 503),
    }
    return {
        "/v2": {
            "get": operation("server", "server", "The server and the extensions that it offers", {"type": "object"})
        },
        "/v2/models": {
            "get": operation("model_names", "server", "The names of the deployed models", {"type": "object"})
        },
        **{f"/v2/health/{name}": {"get": described} for name, described in health.items()},
        **server_extension_paths(),
    }


def model_paths(model: Model, path: str, which: str) -> dict[str, JsonValue]:
    """The paths of one model under ``path``; ``which`` keeps the names of their operations apart."""
    name = model.name
    told = operation(
        f"metadata{which}_{name}", name, "The model's tensors, and its lineage as properties", {"type": "object"}
    )
    ready = operation(f"ready{which}_{name}", name, "Whether the model takes predictions", READY, 503)
    return {
        path: {"get": told},
        f"{path}/ready": {"get": ready},
        f"{path}/infer": {"post": infer_operation(model, which)},
        **model_extension_paths(name, path, which),
    }


def infer_operation(model: Model, which: str) -> Schema:
    """What OpenAPI says of one model's inference."""
    dialect = InferenceDialect(model)
    made = example(model, dialect, example_request(dialect, golden_rows(model)))
    answered = {} if made is None else {"example": made.answer}
    asked = {} if made is None else {"example": made.request}
    return {
        "operationId": f"infer{which}_{model.name}",
        "tags": [model.name],
        "summary": f"Infer with {model.manifest.deployment}, the tensors of the Open Inference Protocol",
        "requestBody": {"required": True, "content": {JSON: {"schema": request_schema(model.name, dialect), **asked}}},
        "responses": {
            "200": {
                "description": "The outputs, their data flat.",
                "headers": DIGEST,
                "content": {JSON: {"schema": response_schema(model.name, dialect), **answered}},
            },
            **refusals(ERROR, 400, 413, 415, 422, 500),
        },
    }


def request_schema(name: str, dialect: InferenceDialect) -> Schema:
    """A request of one model."""
    tensors: list[JsonValue] = [_input_schema(spec) for spec in dialect.inputs.specs]
    names: list[JsonValue] = [writer.name for writer in dialect.outputs]
    wanted: Schema = {
        "type": "object",
        "properties": {"name": {"enum": names}, "parameters": PARAMETERS},
        "required": ["name"],
    }
    return {
        "title": f"{name}.InferRequest",
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "parameters": PARAMETERS,
            "inputs": {"type": "array", "items": {"oneOf": tensors}},
            "outputs": {"type": "array", "items": wanted, "description": "all of them when left out or empty"},
        },
        "required": ["inputs"],
    }


def response_schema(name: str, dialect: InferenceDialect) -> Schema:
    """A response of one model."""
    tensors: list[JsonValue] = [
        _tensor_schema(writer.name, writer.datatype, {"type": "array", "items": {"type": "integer"}})
        for writer in dialect.outputs
    ]
    return {
        "title": f"{name}.InferResponse",
        "type": "object",
        "properties": {
            "model_name": {"const": name},
            "model_version": {"type": "string"},
            "id": {"type": "string", "description": "the request's, or one made for it"},
            "outputs": {"type": "array", "items": {"oneOf": tensors}},
        },
        "required": ["model_name", "model_version", "id", "outputs"],
    }


def example_request(dialect: InferenceDialect, rows: Sequence[Mapping[str, JsonValue]]) -> JsonValue:
    """The rows as a request, its data flat; the first of them where a request holds no more."""
    asked = rows[:1] if any(spec.whole for spec in dialect.inputs.specs) else rows
    tensors: list[JsonValue] = [
        {"name": spec.name, "shape": _example_shape(spec, asked), "datatype": spec.datatype, "data": data}
        for spec, data in zip(dialect.inputs.specs, dialect.inputs.tensors_of(asked), strict=True)
    ]
    return {"id": "example", "inputs": tensors}


def _example_shape(spec: TensorSpec, rows: Sequence[Mapping[str, JsonValue]]) -> list[JsonValue]:
    """The shape of the tensor of ``rows``; an empty list does not tell the extents of what it would hold."""
    if not spec.whole:
        return [len(rows), *spec.extents]
    found = np.shape(cast("Any", rows[0][spec.name])) if rows else ()
    return [*found, *(max(0, extent) for extent in spec.extents[len(found) :])]


def _input_schema(spec: TensorSpec) -> Schema:
    open_extent: Schema = {"type": "integer", "minimum": 0}
    extents: list[JsonValue] = [open_extent if extent < 0 else {"const": extent} for extent in spec.shape]
    shape: Schema = {"type": "array", "items": False, "minItems": len(extents) if spec.whole else 1}
    if extents:
        shape["prefixItems"] = extents
    return _tensor_schema(spec.name, spec.datatype, shape)


def _tensor_schema(name: str, datatype: str, shape: Schema) -> Schema:
    values = VALUES.get(datatype, {"type": "integer"})
    return {
        "type": "object",
        "properties": {
            "name": {"const": name},
            "shape": shape,
            "datatype": {"const": datatype},
            "parameters": PARAMETERS,
            "data": {"type": "array", "items": {"anyOf": [values, {"type": "array"}]}, "description": "flat or nested"},
        },
        "required": ["name", "shape", "datatype", "data"],
    }
