"""The training data: which columns the model takes, which one is the target, and what is recorded of them all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lading.bundles.capturing.credentials import without_credentials
from lading.bundles.provenance import Data
from lading.bundles.signature import Form
from lading.bundles.tables.data_digest import data_digest
from lading.bundles.tables.table import Table, table_of
from lading.converters.targets import Target, WrongTargetError, columns_apart, target_names
from lading.core.errors import UsageError


class WrongColumnsError(UsageError):
    """The data does not have the columns that the model was trained on."""

    def __init__(self, missing: tuple[str, ...], extra: tuple[str, ...], remedy: str) -> None:
        super().__init__(missing, extra, remedy)
        self.missing, self.extra, self.remedy = missing, extra, remedy

    def __str__(self) -> str:
        parts = [f"{what}: {_listed(names)}" for what, names in self._parts() if names]
        return f"the data does not have the columns that the model was trained on; {'; '.join(parts)}; {self.remedy}"

    def _parts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (("missing", self.missing), ("extra", self.extra))


class NoTargetError(UsageError):
    """The target is not a column of the data."""

    def __init__(self, target: str, columns: tuple[str, ...]) -> None:
        super().__init__(target, columns)
        self.target, self.columns = target, columns

    def __str__(self) -> str:
        return f"the data has no column {self.target!r} for the target; its columns are {_listed(self.columns)}"


class UnknownSensitiveError(UsageError):
    """A column that is to be sensitive is not one of the data's."""

    def __init__(self, column: str, columns: tuple[str, ...]) -> None:
        super().__init__(column, columns)
        self.column, self.columns = column, columns

    def __str__(self) -> str:
        return (
            f"the data has no column {self.column!r} that could be sensitive; its columns are {_listed(self.columns)}"
        )


class NoRowsError(UsageError):
    """The data has no rows, so that nothing can be proved with it."""

    def __str__(self) -> str:
        return "the data has no rows; give the rows that the model was trained on, a few hundred of them at least"


class SparseDataError(UsageError):
    """The data is a sparse matrix, which has no place in a bundle."""

    def __str__(self) -> str:
        return "the data is a sparse matrix; give dense rows: data.toarray()"


@dataclass(frozen=True)
class TrainingData:
    """The data as given, and the part of it that the model is fed."""

    whole: Table
    """Target included."""
    rows: Table
    """The model's columns in its order."""
    form: Form
    targets: tuple[str, ...]
    """The columns of the target, in their order."""
    told: bool = True
    """Whether somebody has named them."""

    @property
    def target(self) -> str | None:
        """The one column of the target; None where there are several, or none."""
        return self.targets[0] if len(self.targets) == 1 else None

    def check_sensitive(self, names: Sequence[str]) -> None:
        """Raise ``UnknownSensitiveError`` where one of ``names`` is none of its columns."""
        columns = tuple(column.name for column in self.whole.columns)
        for name in names:
            if name not in columns:
                raise UnknownSensitiveError(name, columns)

    def provenance(self, name: str | None, source: str | None) -> Data:
        """The record of the data, with the digest of its full content."""
        return Data(
            digest=data_digest(self.whole),
            rows=self.whole.rows,
            columns=len(self.whole.columns),
            name=name,
            source=None if source is None else without_credentials(source),
            target=self.target,
        )


def training_data(
    data: object, known: Sequence[str] | None, target: Target, features: Sequence[str] | None, y: object = None
) -> TrainingData:
    """The data split into the model's columns and the rest.

    ``known`` are the names of the columns that the model was trained on, None where it knows none; ``features`` the
    columns that it takes, where the data has more; ``y`` the target where it lies apart from the data, a column for
    each where there are several. Raises ``WrongColumnsError``, ``WrongTargetError``, ``NoRowsError``,
    ``SparseDataError`` and what ``table_of`` raises.
    """
    if hasattr(data, "toarray") and hasattr(data, "nnz"):
        raise SparseDataError
    table = table_of(data)
    if table.rows == 0:
        raise NoRowsError
    targets = target_names(target)
    present = [column.name for column in table.columns]
    for name in targets if y is None else ():
        if name not in present:
            raise NoTargetError(name, tuple(present))
    apart, told = ({}, True) if y is None else columns_apart(y, table.rows, targets)
    whole = table if y is None else _with_target(table, apart)
    inputs = [name for name in present if name not in targets or y is not None]
    rows = table.select(_taken(inputs, None if known is None else _respaced(known, inputs), features, table.form))
    form: Form = "array" if known is None and table.form == "frame" else table.form
    return TrainingData(whole, rows, form, targets if y is None else tuple(apart), told)


def _taken(
    present: Sequence[str], known: Sequence[str] | None, features: Sequence[str] | None, form: str
) -> Sequence[str]:
    wanted = present if features is None else list(features)
    if known is not None and form == "array":
        remedy = "it was trained on a data frame: give a data frame with these columns"
        raise WrongColumnsError(tuple(known), tuple(present), remedy)
    missing = tuple(name for name in (wanted if known is None else known) if name not in present)
    extra = () if known is None else tuple(name for name in wanted if name not in known)
    if missing or extra:
        remedy = "name the target by target= (--target), and the columns that the model takes by features= (--feature)"
        raise WrongColumnsError(missing, extra, remedy if extra else "give the data that the model was trained on")
    return wanted if known is None else list(known)


def _respaced(known: Sequence[str], present: Sequence[str]) -> list[str]:
    """The model's columns by the data's names: LightGBM writes an underscore for each space."""
    spaced = {name.replace(" ", "_"): name for name in present}
    return [name if name in present else spaced.get(name, name) for name in known]


def _with_target(table: Table, columns: Mapping[str, np.ndarray]) -> Table:
    """The table with the target as its last column, or its last columns; a matrix becomes a frame for that."""
    import pandas as pd

    original = table.original
    names = [column.name for column in table.columns]
    if taken := [name for name in columns if name in names]:
        found = f"would be the column {taken[0]!r}, which the data has already"
        raise WrongTargetError(found, "rename that, name y otherwise by target=, or leave y out")
    if isinstance(original, np.ndarray):
        frame: Any = pd.DataFrame(original, columns=names)
    elif hasattr(original, "to_pandas"):
        frame = original.to_pandas()
    elif isinstance(original, pd.DataFrame):
        frame = original
    else:
        raise WrongTargetError("cannot be added to arrays by name", "leave it out")
    return table_of(frame.assign(**columns))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:20]))
    return shown if len(names) <= 20 else f"{shown} and {len(names) - 20} more"
