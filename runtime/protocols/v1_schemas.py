"""Version 1 for OpenAPI: the paths of KServe and TensorFlow Serving, with each model's own fields and examples."""

from pydantic import JsonValue

from lading.bundles.signature import Signature
from lading.runtime.model import Model
from lading.runtime.protocols.answers import as_tensor
from lading.runtime.protocols.examples import example, golden_rows
from lading.runtime.protocols.instance_schemas import answer_of, columns_schema, instances_schema, predictions_schema
from lading.runtime.protocols.media import JSON
from lading.runtime.protocols.predict_v1 import DEFAULT, SIGNATURE, PredictDialect
from lading.runtime.protocols.schemas import DIGEST, ERROR, Schema, operation, output_schema, refusals

NAMES: Schema = {
    "type": "object",
    "properties": {"models": {"type": "array", "items": {"type": "string"}}},
    "required": ["models"],
}
ALIVE: Schema = {"type": "object", "properties": {"status": {"const": "alive"}}, "required": ["status"]}

STATUS: Schema = {
    "type": "object",
    "properties": {"error_code": {"const": "OK"}, "error_message": {"const": ""}},
    "required": ["error_code", "error_message"],
}
STATE: Schema = {
    "title": "ModelState",
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "ready": {"type": "boolean"},
        "model_version_status": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "version": {"type": "string"},
                    "state": {"enum": ["AVAILABLE", "UNLOADING"]},
                    "status": STATUS,
                },
                "required": ["version", "state", "status"],
            },
        },
    },
    "required": ["name", "ready", "model_version_status"],
}
METADATA: Schema = {
    "title": "ServingMetadata",
    "type": "object",
    "properties": {"model_spec": {"type": "object"}, "metadata": {"type": "object"}},
    "required": ["model_spec", "metadata"],
}


def server_paths() -> dict[str, JsonValue]:
    """The paths that every server has."""
    alive = operation("alive", "server", "Whether the server lives, for those who do not ask for HTML", ALIVE)
    models = operation("v1_models", "server", "The names of the deployed models", NAMES)
    return {"/": {"get": alive}, "/v1/models": {"get": models}}


def model_paths(model: Model, path: str, which: str, style: str) -> dict[str, JsonValue]:
    """The paths of one model under ``path``; ``which`` keeps the names of their operations apart."""
    name = model.name
    unready: Schema = {"503": {"description": "It takes none.", "content": {JSON: {"schema": STATE}}}}
    state = operation(f"v1_{which}state_{name}", name, "Whether the model takes predictions, and its version", STATE)
    told = operation(f"v1_{which}metadata_{name}", name, "The model's tensors, in TensorFlow's words", METADATA)
    answers = state["responses"]
    return {
        path: {"get": state | {"responses": {**(answers if isinstance(answers, dict) else {}), **unready}}},
        f"{path}/metadata": {"get": told},
        f"{path}:predict": {"post": predict_operation(model, which, style)},
    }


def predict_operation(model: Model, which: str, style: str) -> Schema:
    """What OpenAPI says of one model's predictions."""
    rows, dialect = golden_rows(model), PredictDialect(model, style)
    columns: JsonValue = {field.name: [row[field.name] for row in rows] for field in model.signature.fields}
    made: dict[str, JsonValue] = {"instances": {"instances": [*rows]}, "inputs": {"inputs": columns}}
    found = {name: example(model, dialect, document) for name, document in made.items()}
    known = {name: one for name, one in found.items() if one is not None}
    requests: Schema = {name: {"value": one.request} for name, one in known.items()}
    answers: Schema = {name: {"value": one.answer} for name, one in known.items()}
    asked: Schema = {"schema": request_schema(model.name, model.signature), "examples": requests}
    told: Schema = {"schema": answer_schema(model.name, model.signature, style), "examples": answers}
    return {
        "operationId": f"v1_{which}predict_{model.name}",
        "tags": [model.name],
        "summary": f"Predict with {model.manifest.deployment}, as KServe and TensorFlow Serving have it",
        "requestBody": {"required": True, "content": {JSON: asked}},
        "responses": {
            "200": {
                "description": "The answer to each row, in their order.",
                "headers": DIGEST,
                "content": {JSON: told},
            },
            **refusals(ERROR, 400, 413, 415, 422, 500),
        },
    }


def request_schema(name: str, signature: Signature) -> Schema:
    """A request of one model: rows, or columns."""
    instances = instances_schema(name, signature)
    forms: Schema = {"instances": instances, "inputs": {"anyOf": [instances, columns_schema(signature)]}}
    only: Schema = {"const": DEFAULT}
    objects: list[JsonValue] = [
        {
            "type": "object",
            "properties": {form: schema, SIGNATURE: only},
            "required": [form],
            "additionalProperties": False,
        }
        for form, schema in forms.items()
    ]
    return {"title": f"{name}.PredictV1", "oneOf": objects}


def answer_schema(name: str, signature: Signature, style: str) -> Schema:
    """An answer of one model."""
    if style == "kserve":
        return predictions_schema(name, signature)
    tensors: Schema = {output.tensor.name: output_schema(signature, as_tensor(output)) for output in signature.outputs}
    listed: Schema = {tensor: {"type": "array", "items": schema} for tensor, schema in tensors.items()}
    if len(tensors) == 1:
        (row,), (columns,) = tensors.values(), listed.values()
    else:
        row, columns = _all_of(tensors), _all_of(listed)
    predictions = answer_of(f"{name}.Instances", "predictions", {"type": "array", "items": row})
    outputs: Schema = {"type": "object", "properties": {"outputs": columns}, "required": ["outputs"]}
    return {"title": f"{name}.AnswerV1", "oneOf": [predictions, outputs | {"additionalProperties": False}]}


def _all_of(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
