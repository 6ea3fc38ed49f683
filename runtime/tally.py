"""The tally: how many predictions a model has made, and what they took."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from threading import Lock
from typing import Any

MOST_SIZES = 64
"""Batch sizes that are counted by themselves; rarer ones that come later are only in the sums."""
POWERS = 65
"""Buckets of a histogram: bucket ``n`` counts what is at most 2^n, and more than 2^(n-1)."""


def _histogram() -> list[int]:
    return [0] * POWERS


def bucket(value: int) -> int:
    """The bucket of a histogram that counts ``value``: its power of two, or the next beyond; 0 and 1 are in the first."""
    return max(value - 1, 0).bit_length()


def quantile(histogram: Sequence[int], share: float) -> float | None:
    """About what ``share`` of the values in ``histogram`` do not exceed; None where there are none.

    Within its bucket a value is taken to lie where it would if all of them were evenly spread, as Prometheus does it.
    """
    wanted, below = share * sum(histogram), 0
    for power, count in enumerate(histogram):
        if count and below + count >= wanted:
            least = 2.0 ** (power - 1) if power else 0.0
            return least + (2.0**power - least) * max(0.0, wanted - below) / count
        below += count
    return None


@dataclass(slots=True)
class Batch:
    """Inferences over one number of rows; times in nanoseconds, all of them together."""

    count: int = 0
    input_ns: int = 0
    infer_ns: int = 0
    output_ns: int = 0

    def add(self, other: "Batch") -> None:
        """Count what ``other`` has counted too."""
        self.count += other.count
        self.input_ns += other.input_ns
        self.infer_ns += other.infer_ns
        self.output_ns += other.output_ns


@dataclass(slots=True)
class Tally:
    """Counts of one model; times in nanoseconds, all requests together."""

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
    runs: int = 0
    """Those of the requests that had rows: without any nothing is run."""
    last_ms: int = 0
    """When the last one was made, in milliseconds since 1970."""
    in_flight: int = 0
    """Requests that wait for a thread or are in one at the moment; the event loop alone changes it."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Those that failed, by the reason."""
    queue_histogram: list[int] = field(default_factory=_histogram)
    """How many of the answered took how many nanoseconds of ``queue_ns``; in the same way the next four."""
    input_histogram: list[int] = field(default_factory=_histogram)
    infer_histogram: list[int] = field(default_factory=_histogram)
    output_histogram: list[int] = field(default_factory=_histogram)
    succeeded_histogram: list[int] = field(default_factory=_histogram)
    rows_histogram: list[int] = field(default_factory=_histogram)
    """How many of them had how many rows."""
    unlogged: int = 0
    """Lines of the request log that were dropped."""
    batches: dict[int, Batch] = field(default_factory=dict)
    """By the number of rows."""
    lock: Lock = field(default_factory=Lock, repr=False, compare=False)
    """Held while it changes: the event loop and the model's threads count on it."""

    def succeed(self, rows: int, queue_ns: int, input_ns: int, infer_ns: int, output_ns: int) -> None:
        """Count one that was answered."""
        whole_ns = queue_ns + input_ns + infer_ns + output_ns
        with self.lock:
            self.succeeded += 1
            self.succeeded_ns += whole_ns
            self.queue_ns += queue_ns
            self.input_ns += input_ns
            self.infer_ns += infer_ns
            self.output_ns += output_ns
            self.rows += rows
            self.runs += rows > 0
            self.last_ms = time.time_ns() // 1_000_000
            # The bits of n - 1 are the power of two that is n or the next beyond; nothing at all is in one of the
            # first.
            self.queue_histogram[(queue_ns - 1).bit_length()] += 1
            self.input_histogram[(input_ns - 1).bit_length()] += 1
            self.infer_histogram[(infer_ns - 1).bit_length()] += 1
            self.output_histogram[(output_ns - 1).bit_length()] += 1
            self.succeeded_histogram[(whole_ns - 1).bit_length()] += 1
            self.rows_histogram[rows and (rows - 1).bit_length()] += 1
            batch = self._batch(rows)
            if batch is not None:
                batch.count += 1
                batch.input_ns += input_ns
                batch.infer_ns += infer_ns
                batch.output_ns += output_ns

    def fail(self, taken_ns: int, reason: str) -> None:
        """Count one that was refused, or that failed, for one of few reasons."""
        with self.lock:
            self.failed += 1
            self.failed_ns += taken_ns
            self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def miss(self) -> None:
        """Count a line of the request log that was dropped."""
        with self.lock:
            self.unlogged += 1

    def add(self, other: "Tally") -> None:
        """Count what ``other`` has counted too."""
        counted = other.document()
        with self.lock:
            for name in SUMS:
                setattr(self, name, getattr(self, name) + counted[name])
            for name in HISTOGRAMS:
                setattr(self, name, [sum(both) for both in zip(getattr(self, name), counted[name], strict=True)])
            for reason, count in counted["reasons"].items():
                self.reasons[reason] = self.reasons.get(reason, 0) + count
            self.in_flight += counted["in_flight"]
            self.last_ms = max(self.last_ms, counted["last_ms"])
            for rows, batch in counted["batches"].items():
                own = self._batch(int(rows))
                if own is not None:
                    own.add(Batch(**batch))

    def document(self) -> dict[str, Any]:
        """All that it has counted, as JSON has it."""
        with self.lock:
            batches = {
                str(rows): {name: getattr(batch, name) for name in BATCH} for rows, batch in self.batches.items()
            }
            told = {name: getattr(self, name) for name in (*SUMS, "last_ms", "in_flight")}
            lists = {name: list(getattr(self, name)) for name in HISTOGRAMS}
            return told | lists | {"batches": batches, "reasons": dict(self.reasons)}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Tally":
        """What ``document`` made of one."""
        batches = {int(rows): Batch(**batch) for rows, batch in document["batches"].items()}
        return cls(**{**document, "batches": batches})

    def _batch(self, rows: int) -> Batch | None:
        batch = self.batches.get(rows)
        if batch is None and len(self.batches) < MOST_SIZES:
            batch = self.batches[rows] = Batch()
        return batch


BATCH = tuple(one.name for one in fields(Batch))
HISTOGRAMS = tuple(one.name for one in fields(Tally) if one.name.endswith("_histogram"))
SUMS = tuple(
    one.name
    for one in fields(Tally)
    if one.name not in (*HISTOGRAMS, "last_ms", "in_flight", "batches", "reasons", "lock")
)
