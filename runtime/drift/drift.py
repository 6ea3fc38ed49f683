"""The drift of a model: column by column, how far what it is asked lies from what it was trained on."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lading.runtime.drift.columns import Bins, Categories, Column, Kind, Numbers
from lading.runtime.drift.counts import Counts
from lading.runtime.drift.distances import chance_index, stability_index, transport
from lading.runtime.drift.observed import Observed

Verdict = Literal["not enough rows", "stable", "shifting", "shifted"]

VERDICTS: tuple[Verdict, ...] = ("not enough rows", "stable", "shifting", "shifted")
"""From the least to the worst."""

SHIFTING, SHIFTED = 0.1, 0.25
"""The indexes from which a column is called so: the thresholds of credit scoring (Siddiqi 2006)."""

ENOUGH = 100
"""Values below which nothing is said: with so few, chance alone makes an index of 0.1."""


class Share(NamedTuple):
    """A share of the values, in the training data and now."""

    training: float
    live: float | None


class FieldDrift(NamedTuple):
    """The drift of one field; what cannot be said is None."""

    name: str
    kind: Kind
    verdict: Verdict
    psi: float | None
    """The population stability index."""
    psi_by_chance: float | None
    """The index that chance alone seldom exceeds."""
    distance: float | None
    """How far values have moved on the average, in spreads of the training data: from its first to its ninth decile."""
    missing: Share
    outside: float | None
    """The share of present values now that lie beyond the extremes of the training data."""
    unseen: float | None
    """The share of present values now that are categories which the training data did not have."""


class Drift(NamedTuple):
    """The drift of a model."""

    verdict: Verdict
    rows: int
    since: str | None
    fields: Sequence[FieldDrift]

    def document(self) -> dict[str, Any]:
        """The drift as JSON has it."""
        fields = [{**field._asdict(), "missing": field.missing._asdict()} for field in self.fields]
        return {**self._asdict(), "fields": fields}


def drift_of(observed: Observed, counts: Counts) -> Drift:
    """The drift that ``counts`` show of the model that is ``observed``."""
    fields = [_field(column, counts) for column in observed.columns]
    worst = max((VERDICTS.index(field.verdict) for field in fields), default=0)
    since = None if counts.since is None else datetime.fromtimestamp(counts.since, UTC)
    told = None if since is None else since.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Drift(VERDICTS[worst], counts.rows, told, fields)


def bins_of(column: Column, counts: Counts) -> Bins:
    """What was counted of ``column``."""
    found = counts.columns.get(column.field.name)
    return np.zeros(column.sketch.bins, dtype=np.int64) if found is None else found


def shares_below(bins: Bins) -> NDArray[np.float64]:
    """The share of present numbers up to each edge, from their ``bins``; there has to be one."""
    below = np.cumsum(bins[:-1])
    shares: NDArray[np.float64] = below[:-1] / below[-1]
    return shares


def _field(column: Column, counts: Counts) -> FieldDrift:
    bins, sketch, profile = bins_of(column, counts), column.sketch, column.profile
    total, present = int(bins.sum()), int(bins[:-1].sum())
    psi = by_chance = distance = None
    if total >= ENOUGH:
        training, live = compared(column, bins)
        psi, by_chance = stability_index(training, live), chance_index(training, live)
        distance = _distance(sketch, bins) if present else None
    trained = profile.missing / profile.count if profile.count else 0.0
    return FieldDrift(
        name=column.field.name,
        kind=sketch.kind,
        verdict=_verdict(psi, by_chance),
        psi=psi,
        psi_by_chance=by_chance,
        distance=distance,
        missing=Share(trained, int(bins[-1]) / total if total else None),
        outside=_outside(sketch, bins) / present if isinstance(sketch, Numbers) and present else None,
        unseen=_unseen(sketch, bins, present),
    )


def compared(column: Column, bins: Bins) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The counts of training and of now whose index is the column's: by deciles or by category, and the missing ones."""
    profile, sketch = column.profile, column.sketch
    if isinstance(sketch, Categories):
        named = [category.count for category in profile.categories]
        rest = profile.count - profile.missing - sum(named)
        return np.array([*named, rest, 0, profile.missing], dtype=np.float64), bins.astype(np.float64)
    present = int(bins[:-1].sum())
    live = shares_below(bins) if present else sketch.edges.least
    known = sketch.edges.training(live)
    count = profile.count - profile.missing - profile.infinite
    return (
        np.append(_between(known, sketch.edges.cuts) * count, profile.missing),
        np.append(_between(live, sketch.edges.cuts) * present, bins[-1]),
    )


def _between(shares: NDArray[np.float64], cuts: Sequence[int]) -> NDArray[np.float64]:
    return np.diff(np.concatenate([[0.0], shares[list(cuts)], [1.0]]))


def _distance(sketch: "Numbers | Categories", bins: Bins) -> float | None:
    if isinstance(sketch, Categories) or not sketch.edges.spread > 0:
        return None
    edges, live = sketch.edges, shares_below(bins)
    with np.errstate(over="ignore", invalid="ignore"):
        found = transport(edges.values, edges.training(live), live) / edges.spread
    return found if np.isfinite(found) else None


def _outside(sketch: Numbers, bins: Bins) -> int:
    edges = sketch.edges
    return int(bins[: edges.below + 1].sum() + bins[edges.above + 1 : -1].sum())


def _unseen(sketch: "Numbers | Categories", bins: Bins, present: int) -> float | None:
    if isinstance(sketch, Numbers) or not sketch.complete or not present:
        return None
    return int(bins[sketch.unseen]) / present


def _verdict(psi: float | None, by_chance: float | None) -> Verdict:
    if psi is None or by_chance is None:
        return "not enough rows"
    if psi < SHIFTING or psi <= by_chance:
        return "stable"
    return "shifted" if psi >= SHIFTED else "shifting"
