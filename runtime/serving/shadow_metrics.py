"""Shadow metrics: what each shadow was asked, how its answers differ and how long it took, for Prometheus."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from lading.runtime.mirrored import Mirrored
from lading.runtime.serving.prediction_metrics import MODEL, TIMES, buckets_of, labels_of
from lading.runtime.tallies import Key

COUNTERS: Mapping[str, tuple[str, Callable[[Mirrored], int]]] = {
    "requests": ("Requests that a shadow was asked too.", lambda seen: seen.requests),
    "skipped": ("Requests that a shadow was not asked, as it had no time left.", lambda seen: seen.skipped),
    "failures": ("Requests that a shadow was asked and did not answer.", lambda seen: seen.failed),
    "rows": ("Rows that a shadow answered.", lambda seen: seen.rows),
    "differing_rows": ("Rows that a shadow answered otherwise than the model.", lambda seen: seen.differing),
    "label_flips": ("Rows of which a shadow says another label.", lambda seen: seen.label_flips),
}
"""Each counter's name, its words, and what it counts."""


def shadow_metrics(shadows: Mapping[Key, Mirrored]) -> Iterator[Metric]:
    """The metrics of the ``shadows`` that replicas have."""
    for name, (words, counted) in COUNTERS.items():
        family = CounterMetricFamily(f"lading_shadow_{name}", words, labels=MODEL)
        for key, seen in shadows.items():
            family.add_metric(labels_of(key), counted(seen))
        yield family
    yield _largest(shadows)
    yield _seconds(shadows)


def _largest(shadows: Mapping[Key, Mirrored]) -> Metric:
    words = "The largest absolute difference of a number that a shadow answered."
    family = GaugeMetricFamily("lading_shadow_largest_difference", words, labels=MODEL)
    for key, seen in shadows.items():
        family.add_metric(labels_of(key), seen.largest)
    return family


def _seconds(shadows: Mapping[Key, Mirrored]) -> Metric:
    words = "Seconds of the requests that a shadow answered in ONNX Runtime."
    family = HistogramMetricFamily("lading_shadow_compute_seconds", words, labels=MODEL)
    for key, seen in shadows.items():
        family.add_metric(labels_of(key), buckets_of(seen.compute_histogram, TIMES, 1e9), seen.compute_ns / 1e9)
    return family
