"""Optimization: what was done to a graph after it was converted, and what that changed in its answers."""

from typing import Literal

from lading.bundles.parity import OutputParity
from lading.bundles.records import Record

StepName = Literal["graph", "int8"]
"""``graph``: nodes put together, constants worked out; ``int8``: weights of matrix products as integers of 8 bits."""


class Optimization(Record):
    """One step, with a proof of its own against the original model."""

    name: StepName
    tool: str
    """What did it, with its version."""
    bytes_before: int
    bytes_after: int
    """Of the graph."""
    nodes_before: int
    nodes_after: int
    rows: int
    """All rows compared."""
    label_flips: int
    """Labels that differ, near-ties included."""
    outputs: tuple[OutputParity, ...]
    """The largest differences from what the original model answers."""
