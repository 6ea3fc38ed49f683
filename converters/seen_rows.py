"""Seen rows: what a call was given, with the digests that it had then."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lading.bundles.provenance import Data
from lading.bundles.tables.data_digest import data_digest
from lading.bundles.tables.table import Table, table_of
from lading.converters.dictionaries import tabled
from lading.converters.targets import TARGET
from lading.converters.training_data import training_data
from lading.core.errors import UsageError


@dataclass(frozen=True)
class SeenRows:
    """Rows and their target, as objects and as digests; digests are absent where such data has none."""

    rows: object
    target: object = None
    inputs: str | None = None
    """The digest of the rows alone."""
    target_digest: str | None = None
    """The digest of the target alone, as a matrix of one column; of several, of one for each."""
    data: Data | None = None
    """The rows with the target as their last column; several as their last ones."""

    @property
    def count(self) -> int:
        """How many rows; 0 where there is no digest."""
        return 0 if self.data is None else self.data.rows

    @property
    def target_name(self) -> str | None:
        """The name of the target's column."""
        return None if self.data is None else self.data.target


def seen_rows(rows: object, target: object = None) -> SeenRows:
    """What is to be kept of rows that a call is given; called before it, since the call may change them."""
    try:
        table = table_of(tabled(rows))
        inputs = data_digest(table)
        target_digest = None if target is None else data_digest(table_of(_column(target)))
        given = training_data(table, None, _name(table, target), None, target)
        return SeenRows(rows, target, inputs, target_digest, given.provenance(None, None))
    except (UsageError, TypeError, ValueError, NotImplementedError):  # pyarrow's errors are of these kinds
        return SeenRows(rows, target)


def _column(target: Any) -> Any:
    values = target.to_numpy() if hasattr(target, "to_numpy") else np.asarray(target)
    return values.reshape(len(values), -1)


def _name(rows: Table, target: object) -> str | None:
    """What the target's column is called: by its own name, where that is no column of the rows; None for several."""
    if target is None or getattr(target, "ndim", 1) == 2:
        return None
    name, taken = getattr(target, "name", None), {column.name for column in rows.columns}
    return name if isinstance(name, str) and name and name not in taken else TARGET
