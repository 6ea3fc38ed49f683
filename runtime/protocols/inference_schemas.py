"""Inference schemas: the Open Inference Protocol for OpenAPI, with each model's own tensors and examples."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from pydantic import JsonValue

from lading.bundles.signature import Output, Signature
from lading.bundles.tensors.specs import TensorSpec
from lading.runtime.model import Model
from lading.runtime.protocols.binary_body import LONGEST_LENGTH
from lading.runtime.protocols.classification import has_classes
from lading.runtime.protocols.examples import example, golden_rows
from lading.runtime.protocols.extension_schemas import model_extension_paths, server_extension_paths
from lading.runtime.protocols.head import BINARY_LENGTH
from lading.runtime.protocols.inference import InferenceDialect
from lading.runtime.protocols.media import JSON
from lading.runtime.protocols.metadata_schemas import model_metadata_paths, server_metadata_paths
from lading.runtime.protocols.operations import (
    ANY_ERROR,
    ERROR,
    PREDICTING,
    WARNINGS_TEXT,
    answered,
    prediction,
    refusals,
)
from lading.runtime.protocols.schemas import BYTES, TEXT, Schema, listed, record
from lading.runtime.protocols.tensors import LIMITS, MOST_ELEMENTS, OutputWriter

BINARY = "application/octet-stream"

VALUES: Mapping[str, Schema] = {
    "BOOL": {"type": "boolean"},
    "BYTES": {"type": ["string", "null"]},
    "FP32": {"type": ["number", "null"]},
    "FP64": {"type": ["number", "null"]},
    **{word: {"type": "integer", "minimum": low, "maximum": high} for word, (low, high) in LIMITS.items()},
}
"""The values of each datatype; FP16 does not travel as JSON."""

LENGTH: Schema = {
    "name": BINARY_LENGTH.decode(),
    "in": "header",
    "description": (
        "Of a body that is JSON and bytes behind it: how many bytes the JSON has. 0 says that there is none, and that "
        "the body is the one input that the model has."
    ),
    "schema": {"type": "integer", "minimum": 0, "maximum": 10**LONGEST_LENGTH - 1},
}

TRUTH: Schema = {"type": "boolean"}


def parameters(**known: JsonValue) -> Schema:
    """Parameters; those that are not ``known`` are not looked at."""
    return {"type": ["object", "null"], "properties": known}


OF_REQUEST = parameters(
    binary_data_output=TRUTH | {"description": "whether outputs that do not say otherwise are answered in bytes"},
    timeout={
        "type": ["integer", "null"],
        "minimum": 0,
        "description": "microseconds that the client waits; 0 for as long as may be",
    },
    warnings=TRUTH | {"description": "whether the response tells what is not like the training data"},
)
OF_INPUT = parameters(content_type={"not": {"const": "base64"}}, binary_data_size=False)
OF_WANTED = parameters(
    binary_data=TRUTH | {"description": "whether it is answered in bytes"},
    classification={"type": "integer", "minimum": 1, "description": "how many of the best classes to answer, as texts"},
)


def server_paths() -> dict[str, JsonValue]:
    """The paths that tell of the server."""
    return {**server_metadata_paths(), **server_extension_paths()}


def model_paths(model: Model, path: str, which: str) -> dict[str, JsonValue]:
    """The paths of one model under ``path``; ``which`` keeps the names of their operations apart."""
    return {
        **model_metadata_paths(model.name, path, which),
        f"{path}/infer": {"post": infer_operation(model, which)},
        **model_extension_paths(model.name, path, which),
    }


def infer_operation(model: Model, which: str) -> Schema:
    """What OpenAPI says of one model's inference."""
    dialect = InferenceDialect(model)
    made = example(model, dialect, example_request(dialect, golden_rows(model)))
    told: Schema = {} if made is None else {"example": made.answer}
    asked: Schema = {} if made is None else {"example": made.request}
    taken: Schema = {JSON: {"schema": request_schema(model.name, dialect), **asked}, BINARY: {"schema": BYTES}}
    described = prediction(
        f"infer{which}_{model.name}",
        model.name,
        f"Infer with {model.manifest.deployment}, the tensors of the Open Inference Protocol",
        taken,
        answered(
            "The outputs, their data flat; JSON and bytes behind it where bytes were asked for.",
            {
                JSON: {"schema": response_schema(model.name, model.signature, dialect), **told},
                BINARY: {"schema": BYTES},
            },
            binary=True,
        ),
        refusals(ERROR, 400, 415, 422, digest=True) | refusals(ANY_ERROR, *PREDICTING, digest=True),
        [LENGTH],
    )
    if len(dialect.inputs.specs) == 1:  # no bytes are no rows of the one input
        described["requestBody"] = {"content": taken}
    return described


def request_schema(name: str, dialect: InferenceDialect) -> Schema:
    """A request of one model."""
    tensors: list[JsonValue] = [_input_schema(spec) for spec in dialect.inputs.specs]
    names: list[JsonValue] = [writer.name for writer in dialect.outputs]
    wanted: Schema = {
        "type": "object",
        "properties": {"name": {"enum": names}, "parameters": OF_WANTED},
        "required": ["name"],
    }
    outputs: Schema = {"type": ["array", "null"], "items": wanted, "description": "all of them when left out or empty"}
    return {
        "title": f"{name}.InferRequest",
        "type": "object",
        "properties": {
            "id": {"type": ["string", "null"]},
            "parameters": OF_REQUEST,
            "inputs": listed({"oneOf": tensors}),
            "outputs": outputs,
        },
        "required": ["inputs"],
    }


def response_schema(name: str, signature: Signature, dialect: InferenceDialect) -> Schema:
    """A response of one model, all of it JSON."""
    described = zip(signature.outputs, dialect.outputs, strict=True)
    tensors: list[JsonValue] = [
        form for output, writer in described for form in _output_forms(signature, output, writer)
    ]
    told: Schema = {
        "model_name": {"const": name},
        "model_version": TEXT,
        "id": TEXT | {"description": "the request's, or one made for it"},
        "outputs": listed({"anyOf": tensors} if tensors else False),
    }
    response = record(told, f"{name}.InferResponse")
    warned: Schema = record({"warnings": WARNINGS_TEXT}) | {"description": "where the request asks for warnings"}
    return response | {"properties": {**told, "parameters": warned}}


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
    open_extent: Schema = {"type": "integer", "minimum": 0, "maximum": MOST_ELEMENTS}
    extents: list[JsonValue] = [open_extent if extent < 0 else {"const": extent} for extent in spec.shape]
    flat_too = not spec.whole and all(extent == 1 for extent in spec.extents)
    shape: Schema = {"type": "array", "items": False, "minItems": 1 if flat_too else len(extents)}
    if extents:
        shape["prefixItems"] = extents
    known: Schema = {"shape": shape, "datatype": {"const": spec.datatype}, "data": _data_schema(spec.datatype)}
    properties: Schema = {"name": {"const": spec.name}, **known, "parameters": OF_INPUT}
    return {"type": "object", "properties": properties, "required": ["name", *known]}


def _data_schema(datatype: str) -> JsonValue:
    """The data of a tensor: flat, or nested to whatever depth its shape has."""
    if datatype not in VALUES:
        return False
    return listed({"anyOf": [VALUES[datatype], {"type": "array"}]}) | {"description": "flat or nested"}


def _output_forms(signature: Signature, output: Output, writer: OutputWriter) -> list[Schema]:
    """An output as JSON can say it: its values, and the texts of its classes."""
    forms = [(writer.datatype, VALUES[writer.datatype])] if writer.datatype in VALUES else []
    if has_classes(signature, output):
        forms.append(("BYTES", TEXT))
    shape = listed({"type": "integer", "minimum": 0})
    return [
        record({"name": {"const": writer.name}, "datatype": {"const": word}, "shape": shape, "data": listed(values)})
        for word, values in forms
    ]
