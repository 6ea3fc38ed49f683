"""Version 1 for OpenAPI: the paths of KServe and TensorFlow Serving, with each model's own fields and examples."""

from pydantic import JsonValue

from lading.bundles.signature import Signature
from lading.runtime.model import Model
from lading.runtime.protocols.answers import as_tensor
from lading.runtime.protocols.examples import example, golden_rows
from lading.runtime.protocols.instance_schemas import answer_of, columns_schema, instances_schema, predictions_schema
from lading.runtime.protocols.media import JSON
from lading.runtime.protocols.metadata_schemas import NAMES
from lading.runtime.protocols.operations import (
    ANY_ERROR,
    ERROR,
    PREDICTING,
    answered,
    get,
    operation,
    prediction,
    refusals,
    until_ready,
)
from lading.runtime.protocols.predict_v1 import DEFAULT, SIGNATURE, PredictDialect
from lading.runtime.protocols.schemas import TEXT, Schema, listed, output_schema, record
from lading.runtime.protocols.tensorflow import DTYPES

ALIVE = record({"status": {"const": "alive"}})
HTML: Schema = {"text/html": {"schema": TEXT | {"description": "the page for people, for who asks for HTML"}}}

STATE = record(
    {
        "name": TEXT,
        "ready": {"type": "boolean"},
        "model_version_status": listed(
            record(
                {
                    "version": TEXT,
                    "state": {"enum": ["AVAILABLE", "UNLOADING"]},
                    "status": record({"error_code": {"const": "OK"}, "error_message": {"const": ""}}),
                }
            )
        ),
    },
    "ModelState",
)

TENSOR = record(
    {
        "dtype": {"enum": list(DTYPES.values())},
        "tensor_shape": record(
            {
                "dim": listed(record({"size": {"type": "string", "pattern": "^(-1|[0-9]+)$"}, "name": {"const": ""}})),
                "unknown_rank": {"const": False},
            }
        ),
        "name": TEXT,
    },
    "SignatureTensor",
)
TENSORS: Schema = {"type": "object", "additionalProperties": TENSOR}

METADATA = record(
    {
        "model_spec": record({"name": TEXT, "signature_name": {"const": ""}, "version": TEXT}),
        "metadata": record(
            {
                "signature_def": record(
                    {
                        "signature_def": record(
                            {
                                DEFAULT: record(
                                    {
                                        "inputs": TENSORS,
                                        "outputs": TENSORS,
                                        "method_name": {"const": "tensorflow/serving/predict"},
                                    }
                                )
                            }
                        )
                    }
                )
            }
        ),
    },
    "ServingMetadata",
)


def server_paths() -> dict[str, JsonValue]:
    """The paths that every server has."""
    alive = get("alive", "server", "Whether the server lives", {JSON: {"schema": ALIVE}, **HTML})
    models = operation("v1_models", "server", "The names of the deployed models", NAMES)
    return {"/": {"get": alive}, "/v1/models": {"get": models}}


def model_paths(model: Model, path: str, which: str, style: str) -> dict[str, JsonValue]:
    """The paths of one model under ``path``; ``which`` keeps the names of their operations apart."""
    name = model.name
    state = operation(
        f"v1_{which}state_{name}", name, "Whether the model takes predictions, and its version", STATE, digest=True
    )
    told = operation(
        f"v1_{which}metadata_{name}", name, "The model's tensors, in TensorFlow's words", METADATA, digest=True
    )
    return {
        path: {"get": until_ready(state, STATE, digest=True)},
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
    return prediction(
        f"v1_{which}predict_{model.name}",
        model.name,
        f"Predict with {model.manifest.deployment}, as KServe and TensorFlow Serving have it",
        {JSON: asked},
        answered("The answer to each row, in their order.", {JSON: told}),
        refusals(ERROR, 400, 415, 422, digest=True) | refusals(ANY_ERROR, *PREDICTING, digest=True),
    )


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
    columns: Schema = {tensor: listed(schema) for tensor, schema in tensors.items()}
    if len(tensors) == 1:
        (row,), (column,) = tensors.values(), columns.values()
    else:
        row, column = record(tensors), record(columns)
    predictions = answer_of(f"{name}.Instances", "predictions", listed(row))
    return {"title": f"{name}.AnswerV1", "oneOf": [predictions, record({"outputs": column})]}
