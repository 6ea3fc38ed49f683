"""Instances for OpenAPI: rows and columns of one model, and its predictions."""

from pydantic import JsonValue

from lading.bundles.signature import Signature
from lading.runtime.protocols.schemas import Schema, field_schema, prediction_schema, row_schema


def instances_schema(name: str, signature: Signature) -> Schema:
    """Rows of the model ``name``: objects, lists of the values in the order of the fields; of one field the values."""
    fields: list[JsonValue] = [field_schema(signature, field) for field in signature.fields]
    listed: Schema = {"type": "array", "prefixItems": fields, "minItems": len(fields), "maxItems": len(fields)}
    others: Schema = listed if len(fields) > 1 else {"anyOf": [fields[0], listed]}
    objects: Schema = {"type": "array", "items": row_schema(name, signature)}
    return {"anyOf": [objects, {"type": "array", "items": others}]}


def columns_schema(signature: Signature) -> Schema:
    """Columns by name, each a list of as many values."""
    columns: Schema = {
        field.name: {"type": "array", "items": field_schema(signature, field)} for field in signature.fields
    }
    required: list[JsonValue] = [field.name for field in signature.fields if not signature.optional(field)]
    return {"type": "object", "properties": columns, "required": required, "additionalProperties": False}


def predictions_schema(name: str, signature: Signature) -> Schema:
    """The answer to rows of the model ``name``."""
    predictions: Schema = {"type": "array", "items": prediction_schema(name, signature)}
    return answer_of(f"{name}.Predictions", "predictions", predictions)


def answer_of(title: str, key: str, schema: Schema) -> Schema:
    """An object of one key."""
    made: Schema = {"title": title, "type": "object", "properties": {key: schema}, "required": [key]}
    return made | {"additionalProperties": False}
