"""Extension schemas: index, statistics and configuration for OpenAPI."""

from pydantic import JsonValue

from lading.runtime.protocols.extensions import ALL_STATISTICS, INDEX, NOT_OFFERED
from lading.runtime.protocols.media import JSON
from lading.runtime.protocols.metadata_schemas import PLATFORM
from lading.runtime.protocols.operations import (
    ANY_ERROR,
    DIGEST,
    DIGEST_NAME,
    ERROR,
    operation,
    refusals,
    unoffered_paths,
)
from lading.runtime.protocols.schemas import TEXT, Schema, listed, record

COUNT: Schema = {"type": "integer", "minimum": 0}

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
    "name": TEXT,
    "data_type": {"type": "string", "pattern": "^TYPE_[A-Z0-9]+$"},
    "dims": listed({"type": "integer", "minimum": -1}),
}

CONFIGURATION = record(
    {
        "name": TEXT,
        "platform": PLATFORM,
        "backend": TEXT,
        "version_policy": record({"latest": record({"num_versions": {"const": 1}})}),
        "max_batch_size": {"const": 0},
        "input": listed(record(TENSOR | {"optional": {"type": "boolean"}})),
        "output": listed(record(TENSOR)),
        "default_model_filename": TEXT,
        "parameters": record({DIGEST_NAME: record({"string_value": DIGEST})}),
    },
    "ModelConfig",
)

ASKED: Schema = {"type": "object", "properties": {"ready": {"type": "boolean", "default": False}}}


def server_extension_paths() -> dict[str, JsonValue]:
    """The index, the statistics of all models, and what is not offered."""
    return {
        INDEX: {"post": _index()},
        ALL_STATISTICS: {"get": operation("statistics", "server", "What all models have answered", STATISTICS)},
        **unoffered_paths({path: methods for path, (methods, _) in NOT_OFFERED.items()}, "/v2/"),
    }


def model_extension_paths(name: str, path: str, which: str) -> dict[str, JsonValue]:
    """The statistics and the configuration of the model ``name`` under ``path``."""
    counted = operation(f"statistics{which}_{name}", name, "What the model has answered, and what it took", STATISTICS)
    told = operation(f"configuration{which}_{name}", name, "The model in the words of Triton", CONFIGURATION, True)
    return {f"{path}/stats": {"get": counted}, f"{path}/config": {"get": told}}


def _index() -> Schema:
    return {
        "operationId": "index",
        "tags": ["server"],
        "summary": "The deployed models and their states",
        "requestBody": {"required": False, "content": {JSON: {"schema": ASKED}}},
        "responses": {
            "200": {"description": "The models.", "content": {JSON: {"schema": listed(ENTRY)}}},
            **refusals(ERROR, 400, 415),
            **refusals(ANY_ERROR, 408, 413, 503),
        },
    }
