"""The counts: what was counted of one model's columns, as numbers that add up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True)
class Counts:
    """How many values of each column lay in each of its bins, over some time."""

    rows: int = 0
    since: float | None = None
    """When the first was counted, in seconds since 1970."""
    columns: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    """By the names of the fields; shapes ``[bins]``."""

    def add(self, other: "Counts") -> None:
        """Count what ``other`` has counted too."""
        self.rows += other.rows
        if other.since is not None:
            self.since = other.since if self.since is None else min(self.since, other.since)
        for name, bins in other.columns.items():
            self.columns[name] = self.columns[name] + bins if name in self.columns else bins.copy()

    def document(self) -> dict[str, Any]:
        """All that it has counted, as JSON has it."""
        columns = {name: bins.tolist() for name, bins in self.columns.items()}
        return {"rows": self.rows, "since": self.since, "columns": columns}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Counts":
        """What ``document`` made of them."""
        columns = {name: np.array(bins, dtype=np.int64) for name, bins in document["columns"].items()}
        return cls(document["rows"], document["since"], columns)
