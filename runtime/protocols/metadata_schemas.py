"""Metadata schemas: the server, its health and its models' tensors in the Open Inference Protocol, for OpenAPI."""

from collections.abc import Mapping

from pydantic import JsonValue

from lading.runtime.protocols.extensions import OFFERED
from lading.runtime.protocols.operations import DIGEST, operation, until_ready
from lading.runtime.protocols.schemas import TEXT, Schema, listed, record

PLATFORM: Schema = {"const": "onnx_onnxv1"}

TENSOR = record(
    {
        "name": TEXT,
        "datatype": {"type": "string", "pattern": "^(BOOL|BYTES|FP(16|32|64)|U?INT(8|16|32|64))$"},
        "shape": listed({"type": "integer", "minimum": -1, "description": "-1 is an open one"}),
    },
    "TensorMetadata",
)

SERVER = record(
    {"name": {"const": "lading"}, "version": TEXT, "extensions": listed({"enum": list(OFFERED)})}, "ServerMetadata"
)

NAMES = record({"models": listed(TEXT)}, "ModelNames")

HEALTH = record({"live": {"const": True}, "ready": {"type": "boolean"}}, "Health")

MODEL_READY = record({"name": TEXT, "ready": {"type": "boolean"}}, "ModelReady")

PROPERTIES: Schema = {
    "type": "object",
    "properties": {"digest": DIGEST},
    "required": ["digest"],
    "additionalProperties": TEXT,
    "description": "the lineage, and what the outputs mean",
}

METADATA = record(
    {
        "name": TEXT,
        "versions": listed(TEXT),
        "platform": PLATFORM,
        "inputs": listed(TENSOR),
        "outputs": listed(TENSOR),
        "properties": PROPERTIES,
    },
    "ModelMetadata",
)


def server_metadata_paths() -> dict[str, JsonValue]:
    """The paths that tell of the server."""
    ready = operation("ready", "server", "Whether the server takes predictions", HEALTH)
    told: Mapping[str, Schema] = {
        "/v2": operation("server", "server", "The server and the extensions that it offers", SERVER),
        "/v2/models": operation("model_names", "server", "The names of the deployed models", NAMES),
        "/v2/health/live": operation("live", "server", "Whether the server lives", HEALTH),
        "/v2/health/ready": until_ready(ready, HEALTH),
    }
    return {path: {"get": one} for path, one in told.items()}


def model_metadata_paths(name: str, path: str, which: str) -> dict[str, JsonValue]:
    """The tensors and the readiness of the model ``name`` under ``path``."""
    told = operation(
        f"metadata{which}_{name}", name, "The model's tensors, and its lineage as properties", METADATA, digest=True
    )
    ready = operation(f"ready{which}_{name}", name, "Whether the model takes predictions", MODEL_READY)
    return {path: {"get": told}, f"{path}/ready": {"get": until_ready(ready, MODEL_READY)}}
