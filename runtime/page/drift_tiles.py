"""Drift tiles: one field's values now beside those of the training data, as a small plot and a few words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lading.bundles.outline import scalar
from lading.bundles.profile import Quantile
from lading.runtime.drift.columns import Bins, Categories, Column, Numbers
from lading.runtime.drift.counts import Counts
from lading.runtime.drift.drift import Drift, FieldDrift, bins_of, compared, shares_below
from lading.runtime.drift.edges import Edges
from lading.runtime.page.plots import SHOWN_CATEGORIES, Overlay, overlay
from lading.runtime.page.words import number, share

RARE, UNSEEN = "all others", "not in training"


@dataclass(frozen=True)
class Pair:
    """One category: its text, its shares in percent in training and now, and the lengths of its bars from 0 to 100."""

    text: str
    training: str
    now: str
    training_length: float
    now_length: float


@dataclass(frozen=True)
class Tile:
    """One field: its drift, what shows it, and what can be said of it."""

    name: str
    drift: FieldDrift
    overlay: Overlay | None
    bars: Sequence[Pair]
    lines: Sequence[str]


def tiles(columns: Sequence[Column], drift: Drift, counts: Counts) -> list[Tile]:
    """A tile for each of ``columns``."""
    told = {field.name: field for field in drift.fields}
    return [_tile(column, told[column.field.name], bins_of(column, counts)) for column in columns]


def _tile(column: Column, drift: FieldDrift, bins: Bins) -> Tile:
    sketch, some = column.sketch, bool(bins[:-1].sum())
    plotted = _overlay(sketch, bins, column.field.type == "integer") if isinstance(sketch, Numbers) and some else None
    bars = _pairs(column, bins) if isinstance(sketch, Categories) and some else []
    return Tile(column.field.name, drift, plotted, bars, _lines(column, drift))


def _overlay(sketch: Numbers, bins: Bins, whole: bool) -> Overlay:
    edges, live = sketch.edges, shares_below(bins)
    training = edges.training(live)
    few = whole and bool((edges.most > edges.least).any())
    return overlay(_curve(edges, training, few), _curve(edges, live, few))


def _curve(edges: Edges, shares: NDArray[np.float64], few: bool) -> list[Quantile]:
    """The values within the training range by the share up to each; ``few`` values stand at the edges themselves."""
    values = edges.values[edges.below + 1 : edges.above + 1].tolist()
    reached = shares[edges.below : edges.above + 1].tolist()
    found = [Quantile(share=reached[0], value=values[0])]
    for before, share_up_to, value in zip(reached, reached[1:], values, strict=False):
        if few:
            found.append(Quantile(share=before, value=value))
        found.append(Quantile(share=share_up_to, value=value))
    return found


def _pairs(column: Column, bins: Bins) -> list[Pair]:
    """The most frequent categories of the training data, all other ones together, and new ones."""
    training, now = (counts[:-1] for counts in compared(column, bins))
    texts = [scalar(category.value) for category in column.profile.categories]
    shown, rest = texts[:SHOWN_CATEGORIES], slice(min(len(texts), SHOWN_CATEGORIES), len(texts) + 1)
    counts = [*zip(shown, training, now, strict=False)]
    counts.append((RARE, training[rest].sum(), now[rest].sum()))
    counts.append((UNSEEN, training[-1], now[-1]))
    most = max(max(first / training.sum(), second / now.sum()) for _, first, second in counts)
    return [
        Pair(
            text,
            share(int(first), int(training.sum())),
            share(int(second), int(now.sum())),
            100 * first / training.sum() / most,
            100 * second / now.sum() / most,
        )
        for text, first, second in counts
        if first or second
    ]


def _lines(column: Column, drift: FieldDrift) -> list[str]:
    """The figures, and what is unlike the training data."""
    found = []
    if drift.psi is not None:
        found.append(f"PSI {drift.psi:.3f}, by chance {drift.psi_by_chance:.3f}")
    if drift.distance is not None:
        found.append(f"distance {drift.distance:.3f}")
    if drift.outside and drift.kind == "numbers":
        low, high = number(column.profile.minimum or 0.0), number(column.profile.maximum or 0.0)
        found.append(f"{_percent(drift.outside)} outside {low} to {high}")
    elif drift.outside:
        found.append(f"{_percent(drift.outside)} outside what training had")
    if drift.unseen:
        found.append(f"{_percent(drift.unseen)} not in training")
    if drift.missing.live or drift.missing.training:
        now = "" if drift.missing.live is None else f", now {_percent(drift.missing.live)}"
        found.append(f"missing in training {_percent(drift.missing.training)}{now}")
    return found


def _percent(part: float) -> str:
    return share(round(part * 1_000_000), 1_000_000)
