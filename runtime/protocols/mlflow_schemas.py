"""MLflow for OpenAPI: its four forms of JSON with each model's own fields, CSV and Parquet."""

from pydantic import JsonValue

from lading.bundles.signature import Signature
from lading.runtime.model import Model
from lading.runtime.protocols.examples import Example, example, golden_rows
from lading.runtime.protocols.head import TYPE
from lading.runtime.protocols.instance_schemas import columns_schema, instances_schema, predictions_schema
from lading.runtime.protocols.invocations import TAKEN, InvocationsDialect
from lading.runtime.protocols.media import JSON, tables_are_read
from lading.runtime.protocols.operations import PREDICTING, answered, get, prediction, refusals, until_ready
from lading.runtime.protocols.schemas import BYTES, Schema, row_schema

MLFLOW_ERROR: Schema = {
    "title": "MlflowError",
    "type": "object",
    "properties": {
        "error_code": {"type": "string", "description": "MLflow's name for what went wrong"},
        "message": {"type": "string", "description": "what was found, what was expected, what to do"},
        "error": {"type": "string", "description": "the same"},
    },
    "required": ["error_code", "message", "error"],
    "additionalProperties": False,
}

TEXT: Schema = {"type": "string", "contentMediaType": JSON, "contentSchema": MLFLOW_ERROR}
NO_PARAMS: Schema = {"type": ["object", "null"], "maxProperties": 0}
SENT = {TYPE: JSON.encode()}


def invocations_operation(model: Model, which: str) -> Schema:
    """What OpenAPI says of one model's invocations; ``which`` keeps the names of operations apart."""
    known = _examples(model)
    requests: Schema = {name: {"value": one.request} for name, one in known.items()}
    answers: Schema = {name: {"value": one.answer} for name, one in known.items()}
    tables: Schema = {media: {"schema": BYTES} for media in TAKEN if media != JSON and tables_are_read()}
    asked: Schema = {JSON: {"schema": request_schema(model.name, model.signature), "examples": requests}}
    told: Schema = {JSON: {"schema": predictions_schema(model.name, model.signature), "examples": answers}}
    return prediction(
        f"{which}invocations_{model.name}",
        model.name,
        f"Predict with {model.manifest.deployment}, as MLflow's scoring server has it",
        asked | tables,
        answered("The prediction for each row, in their order.", told),
        {
            **refusals(MLFLOW_ERROR, 400, 422, *PREDICTING, digest=True),
            **refusals(TEXT, 415, media="text/plain", digest=True),
        },
    )


def health_paths() -> Schema:
    """The paths that every server has."""
    newline: Schema = {JSON: {}}
    made = {
        name: until_ready(get(name, "server", summary, newline), {})
        for name, summary in (("ping", "Whether the server takes predictions: one newline"), ("health", "The same"))
    }
    made["version"] = get("version", "server", "The server's version, as text", newline)
    return {f"/{name}": {"get": one} for name, one in made.items()}


def request_schema(name: str, signature: Signature) -> Schema:
    """A request of one model: rows in one of four forms."""
    row = row_schema(name, signature)
    width = {"minItems": len(signature.fields), "maxItems": len(signature.fields)}
    names: Schema = {"type": ["array", "null"], "items": {"enum": [field.name for field in signature.fields]}}
    data: Schema = {"type": "array", "items": {"type": "array", **width}}
    split: Schema = {
        "type": "object",
        "properties": {"columns": names, "index": {"description": "says nothing"}, "data": data},
        "required": ["data"],
        "additionalProperties": False,
    }
    instances = instances_schema(name, signature)
    return {
        "title": f"{name}.Invocation",
        "oneOf": [
            _form("dataframe_split", split),
            _form("dataframe_records", {"type": "array", "items": row}),
            _form("instances", instances),
            _form("inputs", {"anyOf": [instances, columns_schema(signature)]}),
        ],
    }


def _form(name: str, schema: Schema) -> Schema:
    properties: Schema = {name: schema, "params": NO_PARAMS}
    return {"type": "object", "properties": properties, "required": [name], "additionalProperties": False}


def _examples(model: Model) -> dict[str, Example]:
    """Golden rows in some of the forms; none where JSON cannot hold them or their answers."""
    rows, names = golden_rows(model), [field.name for field in model.signature.fields]
    data: list[JsonValue] = [[row[name] for name in names] for row in rows]
    columns: dict[str, JsonValue] = {name: [row[name] for row in rows] for name in names}
    made: dict[str, JsonValue] = {
        "split": {"dataframe_split": {"columns": [*names], "data": data}},
        "records": {"dataframe_records": [*rows]},
        "inputs": {"inputs": columns},
    }
    dialect = InvocationsDialect(model)
    found = {name: example(model, dialect, document, SENT) for name, document in made.items()}
    return {name: one for name, one in found.items() if one is not None}
