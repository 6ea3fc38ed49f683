"""The Open Inference Protocol's REST specification, its schemas by the models that were generated from it.

No package carries the specification itself. ``open-inference-openapi`` carries what Fern made of its schemas; the
paths, what parameters may be, and that every failure is a 4xx or 5xx with ``{"error": string}``, are those of the
specification's text. Where it knows no value for NaN, this server says null, and takes it: that is added here.

Requests have no keys but those that it tells of, and data is nested three deep: schemathesis takes three times as long
to think of any JSON at any depth, and our own document has it think of that.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from open_inference.openapi import types

SCHEMAS = {
    name: getattr(types, name)
    for name in (
        "InferenceErrorResponse",
        "InferenceRequest",
        "InferenceResponse",
        "MetadataModelErrorResponse",
        "MetadataModelResponse",
        "MetadataServerErrorResponse",
        "MetadataServerResponse",
    )
}

Json = dict[str, Any]

REQUESTED = ("InferenceRequest", "RequestInput", "RequestOutput")
VERSION = "1.0.0"

PARAMETERS: Json = {
    "type": "object",
    "additionalProperties": {"anyOf": [{"type": one} for one in ("string", "number", "boolean")]},
}


def protocol_document(examples: Mapping[str, Json]) -> Json:
    """The specification; ``examples`` are a request of each deployed model, by its name.

    What it says of any model is told of these by their names, and of all others by any name.
    """
    any_name = [parameter("model_name", *examples)]
    any_version = [*any_name, parameter("model_version", VERSION)]
    paths: Json = {
        "/v2/health/live": {"get": operation("live")},
        "/v2/health/ready": {"get": operation("ready")},
        "/v2": {"get": operation("server", "MetadataServerResponse", "MetadataServerErrorResponse")},
        **model_paths("/v2/models/{model_name}", "any", None, any_name),
        **model_paths("/v2/models/{model_name}/versions/{model_version}", "any_version", None, any_version),
    }
    for name, request in examples.items():
        paths |= model_paths(f"/v2/models/{name}", name, request)
    return {
        "openapi": "3.0.3",
        "info": {"title": "Data Plane", "version": "2.0"},
        "paths": paths,
        "components": {"schemas": schemas()},
    }


def model_paths(path: str, which: str, example: Json | None, parameters: list[Json] | None = None) -> Json:
    """What the specification says of a model."""
    infer = operation(f"infer_{which}", "InferenceResponse", "InferenceErrorResponse")
    told = {"schema": reference("InferenceRequest"), **({} if example is None else {"example": example})}
    infer["requestBody"] = {"content": {"application/json": told}}
    made = {
        path: {"get": operation(f"model_{which}", "MetadataModelResponse", "MetadataModelErrorResponse")},
        f"{path}/ready": {"get": operation(f"ready_{which}")},
        f"{path}/infer": {"post": infer},
    }
    return {one: item | ({} if parameters is None else {"parameters": parameters}) for one, item in made.items()}


def operation(name: str, answer: str | None = None, error: str = "InferenceErrorResponse") -> Json:
    """A call that is answered 200 with the schema ``answer``, or refused with the schema ``error``."""
    answered: Json = {"description": "OK"} if answer is None else described("OK", answer)
    return {"operationId": name, "responses": {"200": answered, "4XX": described("an error", error)}}


def described(text: str, name: str) -> Json:
    return {"description": text, "content": {"application/json": {"schema": reference(name)}}}


def parameter(name: str, *known: str) -> Json:
    """Any text in a path, among it what is ``known`` there."""
    examples = {value: {"value": value} for value in known}
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "examples": examples}


def reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def schemas() -> Json:
    """The schemas of the generated models, and of those in them."""
    found: Json = {}
    for name, model in SCHEMAS.items():
        schema = deepcopy(model.schema(ref_template="#/components/schemas/{model}"))
        found |= schema.pop("definitions", {})
        found[name] = schema
    for name, schema in found.items():
        if "parameters" in schema.get("properties", {}):
            schema["properties"]["parameters"] = PARAMETERS
        if name in REQUESTED:
            schema["additionalProperties"] = False
    found["TensorData"] = tensor_data(found["TensorData"]["items"]["anyOf"][1:])
    return found


def tensor_data(values: list[Json]) -> Json:
    """The ``values`` and null, flat or nested."""
    made = [*values, {"type": "number", "nullable": True}]
    data: Json = {"type": "array", "items": {"anyOf": made}}
    for _ in range(2):
        data = {"type": "array", "items": {"anyOf": [*made, data]}}
    return data
