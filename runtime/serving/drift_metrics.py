"""Drift metrics: the drift of the deployed models as the replicas have written it down."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from lading.runtime.serving.counts_file import OBSERVED, Line, read_lines
from lading.runtime.serving.prediction_metrics import MODEL, labels_of
from lading.runtime.tallies import Key

FIELDS = (
    ("psi", "psi", "The population stability index of a field: its values now against the training data's."),
    ("distance", "distance", "How far a field's values have moved on the average, in spreads of the training data."),
    ("missing", "missing_ratio", "The share of a field's values now that are missing."),
    ("outside", "outside_ratio", "The share of a field's values now that lie outside the range of the training data."),
    ("unseen", "unseen_ratio", "The share of a field's values now that are categories new since training."),
)
"""What is told of each field: its name in a drift, that of the metric, and the metric's words."""


def drift_families(folder: Path, slots: Collection[str]) -> Iterator[Metric]:
    """The metrics of what the replicas of the ``slots`` of the run folder ``folder`` have counted."""
    lines = newest(folder, slots)
    rows = GaugeMetricFamily("lading_drift_rows", "Rows that were counted of what a model is asked.", labels=MODEL)
    for line in lines:
        rows.add_metric(labels_of(_key(line)), line["drift"]["rows"])
    yield rows
    for key, name, words in FIELDS:
        family = GaugeMetricFamily(f"lading_drift_{name}", words, labels=(*MODEL, "field"))
        for line in lines:
            for field in line["drift"]["fields"]:
                value = _value(field[key])
                if value is not None:
                    family.add_metric((*labels_of(_key(line)), field["name"]), value)
        yield family


def newest(folder: Path, slots: Iterable[str]) -> list[Line]:
    """For each model the line, with its drift, of the replica that has seen most rows of all replicas."""
    found: dict[tuple[str, str], Line] = {}
    for slot in sorted(slots):
        for line in read_lines(folder / f"{slot}{OBSERVED}"):
            known = found.setdefault((line["name"], line["digest"]), line)
            if line["drift"]["rows"] > known["drift"]["rows"]:
                found[line["name"], line["digest"]] = line
    return [found[key] for key in sorted(found)]


def _key(line: Line) -> Key:
    return Key(line["name"], line["version"], line["digest"])


def _value(told: Any) -> float | None:
    """The number that is told now, of what may also be told of the training data."""
    found: float | None = told["live"] if isinstance(told, dict) else told
    return found
