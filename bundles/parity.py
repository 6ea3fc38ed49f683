"""Parity: that the converted model answers as the original did, and by how much it differs."""

from lading.bundles.records import FrozenMap, Json, Record


class Tolerance(Record):
    """How far an answer may differ: ``|found - expected| <= absolute + relative * |expected|``.

    A label may differ only where the original's two best probabilities are closer than ``label_margin``.
    """

    absolute: float = 1e-4
    relative: float = 1e-4
    label_margin: float = 1e-5


class OutputParity(Record):
    """The largest differences seen in one output."""

    output: str
    max_absolute: float
    max_relative: float
    max_ulp: int
    """In units of the last place of the output's own type; capped at 2^53 - 1."""


class WorstRow(Record):
    """The row that differs most, relative to the tolerance."""

    row: int
    origin: str
    """``data`` or ``boundary``."""
    output: str
    expected: Json
    found: Json


class Parity(Record):
    """The record of one proof."""

    reference: str
    """What gave the expected answers: the framework and its version, or the graph itself."""
    rows: int
    """All rows compared."""
    boundary_rows: int
    """Of those, rows made at the model's own decision boundaries, with missing values or unseen categories."""
    single_rows: int
    """Of those, rows that were also asked one at a time."""
    label_flips: int
    """Labels that differ, near-ties included."""
    outputs: tuple[OutputParity, ...]
    tolerance: Tolerance
    precision: str
    """The arithmetic of the graph: ``float32``, ``float64``, or ``mixed`` (float64, then float32 at the trees)."""
    versions: FrozenMap[str]
    """Of all that took part in the proof, by distribution name."""
    worst: WorstRow | None = None
    """Absent when every answer is equal to the bit."""
    waiver: str | None = None
    """The reason for which a failed proof was accepted; shown wherever the bundle is shown."""
