"""Extension schemas: index, statistics and configuration for OpenAPI."""

from collections.abc import Mapping

from pydantic import JsonValue

from lading.runtime.protocols.extensions import ALL_STATISTICS, INDEX
from lading.runtime.protocols.schemas import ERROR, JSON, Schema, operation, refusals

COUNT: Schema = {"type": "integer", "minimum": 0}
TEXT: Schema = {"type": "string"}


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


DURATION = record({"count": COUNT, "ns": COUNT}, "Duration")

PHASES = ("compute_input", "compute_infer", "compute_output")

STATISTICS = record(
    {
        "model_stats": listed(
            record(
                {
                    "name": TEXT,
                    "version": TEXT,
                    "last_inference": COUNT | {"description": "milliseconds since 1970; 0 where there was none"},
                    "inference_count": COUNT | {"description": "rows"},
                    "execution_count": COUNT | {"description": "runs of the graph"},
                    "inference_stats": record(
                        dict.fromkeys(("success", "fail", "queue", *PHASES, "cache_hit", "cache_miss"), DURATION)
                    ),
                    "response_stats": record({}),
                    "batch_stats": listed(
                        record({"batch_size": {"type": "integer", "minimum": 1}, **dict.fromkeys(PHASES, DURATION)})
                    ),
                    "memory_usage": {"type": "array", "maxItems": 0},
                }
            )
        )
    },
    "Statistics",
)

ENTRY = record({"name": TEXT, "version": TEXT, "state": {"enum": ["READY", "UNAVAILABLE"]}, "reason": TEXT})

TENSOR: Schema = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "data_type": {"type": "string", "pattern": "^TYPE_[A-Z0-9]+$"},
        "dims": listed({"type": "integer", "minimum": -1}),
        "optional": {"type": "boolean"},
    },
    "required": ["name", "data_type", "dims"],
    "additionalProperties": False,
}

CONFIGURATION: Schema = {
    "title": "ModelConfig",
    "type": "object",
    "properties": {
        "name": TEXT,
        "platform": TEXT,
        "backend": TEXT,
        "max_batch_size": {"const": 0},
        "input": listed(TENSOR),
        "output": listed(TENSOR),
    },
    "required": ["name", "platform", "max_batch_size", "input", "output"],
}

ASKED: Schema = {"type": "object", "properties": {"ready": {"type": "boolean", "default": False}}}


def server_extension_paths() -> dict[str, JsonValue]:
    """The index and the statistics of all models."""
    return {
        INDEX: {"post": _index()},
        ALL_STATISTICS: {"get": operation("statistics", "server", "What all models have answered", STATISTICS)},
    }


def model_extension_paths(name: str, path: str, which: str) -> dict[str, JsonValue]:
    """The statistics and the configuration of the model ``name`` under ``path``."""
    counted = operation(f"statistics{which}_{name}", name, "What the model has answered, and what it took", STATISTICS)
    told = operation(f"configuration{which}_{name}", name, "The model in the words of Triton", CONFIGURATION)
    return {f"{path}/stats": {"get": counted}, f"{path}/config": {"get": told}}


def _index() -> Schema:
    return {
        "operationId": "index",
        "tags": ["server"],
        "summary": "The deployed models and their states",
        "requestBody": {"required": False, "content": {JSON: {"schema": ASKED}}},
        "responses": {
            "200": {"description": "The models.", "content": {JSON: {"schema": listed(ENTRY)}}},
            **refusals(ERROR, 400, 413, 415),
        },
    }
