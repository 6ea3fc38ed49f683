"""The tally: how many predictions a model has made, and what they took."""

import time
from dataclasses import dataclass, field

MOST_SIZES = 64
"""Batch sizes that are counted by themselves; rarer ones that come later are only in the sums."""


@dataclass(slots=True)
class Batch:
    """Inferences over one number of rows; times in nanoseconds, all of them together."""

    count: int = 0
    input_ns: int = 0
    infer_ns: int = 0
    output_ns: int = 0


@dataclass(slots=True)
class Tally:
    """Counts of one model in this process; times in nanoseconds, all requests together."""

    succeeded: int = 0
    succeeded_ns: int = 0
    failed: int = 0
    failed_ns: int = 0
    queue_ns: int = 0
    """Waiting for a thread."""
    input_ns: int = 0
    """Reading the request, up to the tensors."""
    infer_ns: int = 0
    """In ONNX Runtime."""
    output_ns: int = 0
    """Writing the answer."""
    rows: int = 0
    last_ms: int = 0
    """When the last one was made, in milliseconds since 1970."""
    batches: dict[int, Batch] = field(default_factory=dict)
    """By the number of rows."""

    def succeed(self, rows: int, queue_ns: int, input_ns: int, infer_ns: int, output_ns: int) -> None:
        """Count one that was answered."""
        self.succeeded += 1
        self.succeeded_ns += queue_ns + input_ns + infer_ns + output_ns
        self.queue_ns += queue_ns
        self.input_ns += input_ns
        self.infer_ns += infer_ns
        self.output_ns += output_ns
        self.rows += rows
        self.last_ms = time.time_ns() // 1_000_000
        batch = self.batches.get(rows)
        if batch is None:
            if len(self.batches) >= MOST_SIZES:
                return
            batch = self.batches[rows] = Batch()
        batch.count += 1
        batch.input_ns += input_ns
        batch.infer_ns += infer_ns
        batch.output_ns += output_ns

    def fail(self, taken_ns: int) -> None:
        """Count one that was refused, or that failed."""
        self.failed += 1
        self.failed_ns += taken_ns
