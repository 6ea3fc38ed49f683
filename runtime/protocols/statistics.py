"""Statistics: what a model has answered and what it took, as an extension of the Open Inference Protocol has it."""

from collections.abc import Iterable

from lading.runtime.model import Model
from lading.runtime.tallies import Tallies
from lading.runtime.tally import Tally

Duration = dict[str, int]


def all_statistics(models: Iterable[Model], tallies: Tallies) -> list[dict[str, object]]:
    """The statistics of each of the models."""
    return [statistics(model, tallies.total(model)) for model in models]


def statistics(model: Model, tally: Tally) -> dict[str, object]:
    """The statistics of ``model``, of which ``tally`` has the counts."""
    # A graph that is taken whole runs once for each row.
    runs = tally.rows if model.signature.form == "whole" else tally.runs
    return {
        "name": model.name,
        "version": model.version,
        "last_inference": tally.last_ms,
        "inference_count": tally.rows,
        "execution_count": runs,
        "inference_stats": {
            "success": _duration(tally.succeeded, tally.succeeded_ns),
            "fail": _duration(tally.failed, tally.failed_ns),
            "queue": _duration(tally.succeeded, tally.queue_ns),
            "compute_input": _duration(tally.succeeded, tally.input_ns),
            "compute_infer": _duration(tally.succeeded, tally.infer_ns),
            "compute_output": _duration(tally.succeeded, tally.output_ns),
            "cache_hit": _duration(0, 0),
            "cache_miss": _duration(0, 0),
        },
        "response_stats": {},
        "batch_stats": [
            {
                "batch_size": rows,
                "compute_input": _duration(batch.count, batch.input_ns),
                "compute_infer": _duration(batch.count, batch.infer_ns),
                "compute_output": _duration(batch.count, batch.output_ns),
            }
            for rows, batch in sorted(tally.batches.items())
            if rows > 0
        ],
        "memory_usage": [],
    }


def _duration(count: int, nanoseconds: int) -> Duration:
    return {"count": count, "ns": nanoseconds}
