"""Schemas: a model's fields and answers as JSON Schema, which is what OpenAPI 3.1 speaks.

A schema with a ``title`` becomes a component of the OpenAPI document.
"""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from lading.bundles.answer_names import class_values, column_names, keys, predicted
from lading.bundles.signature import Field, Output, Signature
from lading.bundles.tensors.values import kind_of

Schema = dict[str, JsonValue]

TEXT: Schema = {"type": "string"}
BYTES: Schema = {"type": "string", "format": "binary"}

KINDS: Mapping[str, Schema] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "string": {"type": "string"},
    "datetime": {"type": "string", "format": "date-time"},
}

NUMBER: Schema = {"type": ["number", "null"], "description": "null where the model answers NaN"}


def record(properties: Mapping[str, JsonValue], title: str | None = None) -> Schema:
    """An object that has all of ``properties`` and nothing else."""
    made: Schema = {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
    return made if title is None else {"title": title, **made}


def listed(items: JsonValue) -> Schema:
    """A list of ``items``."""
    return {"type": "array", "items": items}


def row_schema(name: str, signature: Signature) -> Schema:
    """One row of the model ``name``, as an object."""
    properties: Schema = {field.name: field_schema(signature, field) for field in signature.fields}
    return {
        "title": f"{name}.Row",
        "type": "object",
        "properties": properties,
        "required": [field.name for field in signature.fields if not signature.optional(field)],
        "additionalProperties": False,
    }


def field_schema(signature: Signature, field: Field) -> Schema:
    """What one value of the field is."""
    schema = dict(KINDS[kind_of(field)])
    if field.categories is not None and field.unknown == "refuse":
        schema["enum"] = [*field.categories, *([None] if _may_miss(field) else [])]
    elif field.categories:
        schema["examples"] = list(field.categories)
    if _may_miss(field):
        schema["type"] = [str(schema["type"]), "null"]
    if field.default is not None:
        schema["default"] = field.default
    schema |= {"description": _description(signature, field)}
    return array_of(schema, field.shape)


def answer_schema(name: str, signature: Signature) -> Schema:
    """The answer to one row of the model ``name``."""
    named = zip(keys(signature), signature.outputs, strict=True)
    properties: Schema = {key: output_schema(signature, output) for key, output in named}
    return {
        "title": f"{name}.Answer",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def prediction_schema(name: str, signature: Signature) -> Schema:
    """What ``PredictionWriter`` writes for one row of the model ``name``."""
    outputs = predicted(signature)
    found = [_predicted_schema(signature, output) for output in outputs]
    if not found:
        return answer_schema(name, signature)
    if len(found) == 1:
        return found[0]
    order = ", ".join(target for output in outputs for target in output.targets or ())
    return {"description": f"in this order: {order}", **array_of({"anyOf": list(found)}, (len(found),))}


def _predicted_schema(signature: Signature, output: Output) -> Schema:
    columns = column_names(signature, output)
    return output_schema(signature, output) if columns is None else array_of(NUMBER, (len(columns),))


def output_schema(signature: Signature, output: Output) -> Schema:
    """What one output says of one row."""
    names = column_names(signature, output)
    if names is not None:
        properties: Schema = dict.fromkeys(names, NUMBER)
        return {"type": "object", "properties": properties, "required": list(names), "additionalProperties": False}
    inner = signature.row_shape(output.tensor)
    if output.meaning == "label" and output.classes is not None and all(extent == 1 for extent in inner):
        return {"enum": class_values(output)}
    if inner == (1,):
        inner = ()
    return array_of(_element(output.tensor.dtype), inner)


def array_of(schema: Schema, extents: Sequence[int | str]) -> Schema:
    """Lists of lists of ``schema``; an extent that is a name is open."""
    for extent in reversed(extents):
        schema = {"type": "array", "items": schema}
        if isinstance(extent, int):
            schema |= {"minItems": extent, "maxItems": extent}
    return schema


def _element(dtype: str) -> Schema:
    if dtype.startswith("float"):
        return NUMBER
    return {"type": {"string": "string", "bool": "boolean"}.get(dtype, "integer")}


def _may_miss(field: Field) -> bool:
    return field.nullable or field.feed is None


def _description(signature: Signature, field: Field) -> str:
    parts = [f"{field.dtype} in the training data"]
    if field.range is not None:
        parts.append(f"seen from {field.range.minimum:g} to {field.range.maximum:g}")
    if field.feed is None:
        parts.append("not used by the model")
    elif field.nullable:
        parts.append(
            "null is NaN" if signature.form == "whole" or field.default is not None else "may be null or left out"
        )
    if field.default is not None:
        parts.append(f"may be left out, which is {field.default}".lower())
    return "; ".join(parts)
