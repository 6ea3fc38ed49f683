"""Prediction metrics: what each deployed model has answered and how long that took, for Prometheus."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from lading.runtime.page.words import short_digest
from lading.runtime.tallies import Counted, Key
from lading.runtime.tally import Tally

MODEL = ("deployment", "version", "digest")
"""The labels of a model: the name that it answers to, and its bundle's version and short digest."""
TIMES = range(11, 36)
"""The powers of two that buckets of times end with, in nanoseconds: from 2 microseconds to 34 seconds."""
ROWS = range(21)
"""The same of rows: from 1 to a million."""
PHASES: Mapping[str, str] = {"queue": "queue", "decode": "input", "compute": "infer", "encode": "output"}
"""The phases of a prediction, and what a tally calls them."""

Counts = Mapping[tuple[str, str, str], Tally]
"""By the values of the labels in ``MODEL``."""


def prediction_metrics(total: Counted, running: Counted) -> Iterator[Metric]:
    """The metrics of the models: ``total`` has the counts of all replicas, ``running`` those of the ones that run."""
    counts = {labels_of(key): tally for key, tally in total.items()}
    yield _predictions(counts)
    yield _failures(counts)
    yield _seconds(counts)
    yield _latency(counts)
    yield _rows(counts)
    yield _in_flight(total, running)
    yield _unlogged(counts)


def _predictions(counts: Counts) -> Metric:
    family = CounterMetricFamily("lading_predictions", "Requests for predictions that were answered.", labels=MODEL)
    for labels, tally in counts.items():
        family.add_metric(labels, tally.succeeded)
    return family


def _failures(counts: Counts) -> Metric:
    words = "Requests for predictions that reached a model and were not answered, by the reason."
    family = CounterMetricFamily("lading_prediction_failures", words, labels=(*MODEL, "reason"))
    for labels, tally in counts.items():
        for reason, count in sorted(tally.reasons.items()):
            family.add_metric((*labels, reason), count)
    return family


def _seconds(counts: Counts) -> Metric:
    words = "Seconds of answered requests by phase: waiting for a thread, reading, in ONNX Runtime, writing the answer."
    family = HistogramMetricFamily("lading_prediction_seconds", words, labels=(*MODEL, "phase"))
    for labels, tally in counts.items():
        for phase, name in PHASES.items():
            buckets, nanoseconds = getattr(tally, f"{name}_histogram"), getattr(tally, f"{name}_ns")
            family.add_metric((*labels, phase), buckets_of(buckets, TIMES, 1e9), nanoseconds / 1e9)
    return family


def _latency(counts: Counts) -> Metric:
    words = "Seconds of answered requests in the replica, all phases together."
    family = HistogramMetricFamily("lading_prediction_latency_seconds", words, labels=MODEL)
    for labels, tally in counts.items():
        family.add_metric(labels, buckets_of(tally.succeeded_histogram, TIMES, 1e9), tally.succeeded_ns / 1e9)
    return family


def _rows(counts: Counts) -> Metric:
    family = HistogramMetricFamily("lading_prediction_rows", "Rows of answered requests.", labels=MODEL)
    for labels, tally in counts.items():
        family.add_metric(labels, buckets_of(tally.rows_histogram, ROWS, 1), tally.rows)
    return family


def _in_flight(total: Counted, running: Counted) -> Metric:
    words = "Requests for predictions that wait for a thread or are in one."
    family = GaugeMetricFamily("lading_predictions_in_flight", words, labels=MODEL)
    for key in total:
        family.add_metric(labels_of(key), running[key].in_flight if key in running else 0)
    return family


def _unlogged(counts: Counts) -> Metric:
    words = "Lines of the request log that found no room, or could not be written."
    family = CounterMetricFamily("lading_request_log_lines_dropped", words, labels=MODEL)
    for labels, tally in counts.items():
        family.add_metric(labels, tally.unlogged)
    return family


def labels_of(key: Key) -> tuple[str, str, str]:
    """The values of the labels in ``MODEL`` for a bundle under a name."""
    return key.name, key.version, short_digest(key.digest)


def buckets_of(histogram: Sequence[int], powers: range, unit: float) -> list[tuple[str, float]]:
    """The buckets as Prometheus has them: how many are not above each bound, and above none."""
    up_to = list(accumulate(histogram))
    return [*((repr(2**power / unit), up_to[power]) for power in powers), ("+Inf", up_to[-1])]
