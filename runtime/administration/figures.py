"""The figures: what the versions of a name have made of their requests, as the replicas wrote it down."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lading.bundles.records import Record
from lading.runtime.administration.state import Deployed, Version
from lading.runtime.mirrored import Mirrored
from lading.runtime.serving.counts_file import Line
from lading.runtime.serving.drift_metrics import newest
from lading.runtime.serving.standing import read_shadows
from lading.runtime.serving.tally_files import read_ledgers
from lading.runtime.tallies import Key, totals
from lading.runtime.tally import quantile


class Figures(Record):
    """What one version made of its requests."""

    answered: int = 0
    failed: int = 0
    """Those that were refused, too."""
    seconds: float = 0.0
    """What the answered ones took, all together."""
    p50_seconds: float | None = None
    """What about half of all answered ones did not exceed; None where there are none."""
    p99_seconds: float | None = None
    """The same of 99 in a hundred."""
    psi: float = 0.0
    """The largest population stability index of a field of what it is asked, against its training data."""
    field: str | None = None
    """Which field that is."""

    def __sub__(self, other: "Figures") -> "Figures":
        """Those since ``other``; quantiles, and what it is asked, are of all."""
        since = {name: getattr(self, name) - getattr(other, name) for name in ("answered", "failed", "seconds")}
        return self.model_copy(update=since)

    @property
    def requests(self) -> int:
        """All of them."""
        return self.answered + self.failed

    @property
    def mean_seconds(self) -> float:
        """What an answer took."""
        return self.seconds / self.answered if self.answered else 0.0

    @property
    def failures(self) -> float:
        """The share of requests that failed."""
        return self.failed / self.requests if self.requests else 0.0


Counted = Mapping[Key, Figures]


def read_figures(folder: Path) -> Counted:
    """The figures of all replicas of the run folder ``folder`` together."""
    ledgers = read_ledgers(folder)
    drifted = _drifted(folder, ledgers)
    return {
        key: Figures(
            answered=tally.succeeded,
            failed=tally.failed,
            seconds=tally.succeeded_ns / 1e9,
            **_quantiles(tally.succeeded_histogram),
            **drifted.get(key, {}),
        )
        for key, tally in totals(ledgers.values()).items()
    }


def _drifted(folder: Path, slots: Iterable[str]) -> Mapping[Key, dict[str, Any]]:
    """The field of each version that has drifted most."""
    return {Key(line["name"], line["version"], line["digest"]): _worst(line) for line in newest(folder, slots)}


def _quantiles(histogram: Sequence[int]) -> dict[str, float | None]:
    """The median and the 99th percentile of a histogram of nanoseconds, in seconds."""
    found = {name: quantile(histogram, share) for name, share in (("p50_seconds", 0.5), ("p99_seconds", 0.99))}
    return {name: None if value is None else value / 1e9 for name, value in found.items()}


def _worst(line: Line) -> dict[str, Any]:
    """The field that has drifted most, and its index; nothing while too few rows were counted."""
    fields = [field for field in line["drift"]["fields"] if field["psi"] is not None]
    worst = max(fields, key=lambda field: field["psi"], default=None)
    return {} if worst is None else {"psi": worst["psi"], "field": worst["name"]}


def figures_of(counted: Counted, name: str, bundle: Version) -> Figures:
    """Those of ``bundle`` under ``name``."""
    return counted.get(Key(name, bundle.version, bundle.digest), Figures())


def told(folder: Path, deployed: Mapping[str, Deployed]) -> dict[str, dict[str, object]]:
    """The figures of what is ``deployed``, of its canaries and its shadows, by name, as JSON has them."""
    counted = read_figures(folder)
    return {name: _told(folder, name, found, counted) for name, found in deployed.items()}


def _told(folder: Path, name: str, found: Deployed, counted: Counted) -> dict[str, object]:
    document: dict[str, object] = {"bundle": _document(figures_of(counted, name, found.bundle))}
    if found.canary is not None:
        document["canary"] = _document(figures_of(counted, name, found.canary.bundle))
    if found.shadow is not None:
        key = Key(name, found.shadow.version, found.shadow.digest)
        drifted = _drifted(folder, read_ledgers(folder)).get(key, {})
        document["shadow"] = _shadow_document(read_shadows(folder).get(key, Mirrored()), drifted)
    return document


def _document(found: Figures) -> dict[str, object]:
    counts = {"answered": found.answered, "failed": found.failed, "mean_seconds": found.mean_seconds}
    return counts | found.model_dump(include={"p50_seconds", "p99_seconds", "psi", "field"})


def _shadow_document(seen: Mirrored, drifted: Mapping[str, Any]) -> dict[str, object]:
    """What came of a shadow; its times are those in ONNX Runtime."""
    counts = seen.model_dump(exclude={"compute_ns", "compute_histogram"})
    mean = seen.compute_ns / seen.answered / 1e9 if seen.answered else 0.0
    drift = {"psi": 0.0, "field": None, **drifted}
    return {**counts, "mean_seconds": mean, **_quantiles(seen.compute_histogram), **drift}
