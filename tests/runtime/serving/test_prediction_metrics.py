"""What models answered is told to Prometheus as it was: by bundle, by phase and by reason, of all replicas together."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.metrics_core import Metric

from lading.runtime.serving.prediction_metrics import PHASES, prediction_metrics
from lading.runtime.tallies import Key
from lading.runtime.tally import Tally

KEY = Key("churn", "1.0.0", "sha256:" + "ab" * 32)
LABELS = {"deployment": "churn", "version": "1.0.0", "digest": "ab" * 6}
Event = tuple[int, int, int, int, int]
TIMES = st.integers(0, 10**11)
EVENTS = st.lists(st.tuples(st.integers(0, 2 << 20), TIMES, TIMES, TIMES, TIMES), max_size=9)


def told(tally: Tally, running: Tally | None = None) -> dict[str, Metric]:
    """The metrics of a model by name."""
    here = {} if running is None else {KEY: running}
    return {metric.name: metric for metric in prediction_metrics({KEY: tally}, here)}


def counted(events: Sequence[Event]) -> Tally:
    tally = Tally()
    for event in events:
        tally.succeed(*event)
    return tally


def histogram(metric: Metric, values: Sequence[float], **labels: str) -> None:
    """Hold a histogram against the values that were observed."""
    samples = [sample for sample in metric.samples if labels.items() <= sample.labels.items()]
    buckets = {float(sample.labels["le"]): sample.value for sample in samples if sample.name.endswith("_bucket")}
    assert max(buckets) == math.inf
    assert buckets == {bound: sum(value <= bound for value in values) for bound in buckets}
    (total,) = (sample.value for sample in samples if sample.name.endswith("_sum"))
    assert total == pytest.approx(sum(values))


@given(EVENTS)
def test_histograms_hold_what_was_observed(events: list[Event]) -> None:
    metrics = told(counted(events))
    for phase, times in zip(PHASES, zip(*(event[1:] for event in events), strict=True), strict=False):
        histogram(metrics["lading_prediction_seconds"], [time / 1e9 for time in times], phase=phase)
    histogram(metrics["lading_prediction_latency_seconds"], [sum(event[1:]) / 1e9 for event in events])
    histogram(metrics["lading_prediction_rows"], [event[0] for event in events])
    (total,) = metrics["lading_predictions"].samples
    assert (total.name, total.labels, total.value) == ("lading_predictions_total", LABELS, len(events))


def test_failures_are_told_by_the_reason() -> None:
    tally = Tally()
    for reason in ("deadline", "bad request", "deadline"):
        tally.fail(5, reason)
    found = {
        tuple(sample.labels.values()): sample.value for sample in told(tally)["lading_prediction_failures"].samples
    }
    assert found == {(*LABELS.values(), "bad request"): 1, (*LABELS.values(), "deadline"): 2}


def test_what_is_under_way_is_that_of_the_replicas_that_run() -> None:
    gone, running = Tally(in_flight=7), Tally(in_flight=2)
    (sample,) = told(gone, running)["lading_predictions_in_flight"].samples
    assert (sample.labels, sample.value) == (LABELS, 2)
    (sample,) = told(gone)["lading_predictions_in_flight"].samples
    assert sample.value == 0


def test_another_bundle_of_the_same_version_is_told_by_itself() -> None:
    other = KEY._replace(digest="sha256:" + "cd" * 32)
    metrics = list(prediction_metrics({KEY: counted([(1, 1, 1, 1, 1)]), other: Tally()}, {}))
    assert {sample.labels["digest"]: sample.value for sample in metrics[0].samples} == {"ab" * 6: 1, "cd" * 6: 0}
