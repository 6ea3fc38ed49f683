"""The history: what a run of a tracker and a tracking tell of how a model came to be."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lading.bundles.measures import TRAINING
from lading.bundles.provenance import Data, Experiment
from lading.bundles.tables.data_digest import data_digest
from lading.bundles.tables.table import table_of
from lading.converters.experiment import experiment_of
from lading.converters.seen_rows import seen_rows
from lading.converters.targets import Target, target_names
from lading.converters.tracker import Found
from lading.converters.tracking import Seen
from lading.converters.training_data import TrainingData, training_data
from lading.core.errors import UsageError

EVALUATION = "evaluation"


class NoDataError(UsageError):
    """No data was given, and nobody watched what the model was trained on."""

    def __str__(self) -> str:
        return (
            "no data was given, and the model's training was not watched; give the rows that it was trained on, "
            "or train it within `with lading.converters.track():`"
        )


class ChangedRowsError(UsageError):
    """The rows that a model was trained on are no longer what they were then."""

    def __init__(self, then: str, now: str) -> None:
        super().__init__(then, now)
        self.then, self.now = then, now

    def __str__(self) -> str:
        return (
            f"the rows that the model was trained on were changed since: their digest was {self.then} and is "
            f"{self.now}; package the model before, or give a copy of the rows as they were"
        )


@dataclass(frozen=True)
class Further:
    """Data that the model was measured with: its record, and the digest of the columns that the model takes."""

    data: Data
    inputs: str


def further_data(
    datasets: Mapping[str, object],
    known: Sequence[str] | None,
    target: Target,
    features: Sequence[str] | None,
) -> dict[str, Further]:
    """The records of further data by role; each is rows, with the target in them or apart: ``(rows, target)``.

    Raises what ``training_data`` raises.
    """
    return {role: _further(data, known, target, features) for role, data in datasets.items()}


def file_name(data: object) -> str | None:
    """The name of the file, where data is given by its path."""
    return Path(data).name if isinstance(data, str | os.PathLike) else None


@dataclass(frozen=True)
class History:
    """What is known of a model besides what it says itself."""

    found: Found
    seen: Seen | None

    def rows(self) -> tuple[object, object, str | None]:
        """What the model was trained on, with the target and its name.

        Raises ``NoDataError`` when nobody watched, ``ChangedRowsError`` when the rows are others now.
        """
        if self.seen is None:
            raise NoDataError
        then = self.seen.rows
        now = seen_rows(then.rows, then.target)
        if then.data is not None and now.data is not None and then.data.digest != now.data.digest:
            raise ChangedRowsError(then.data.digest, now.data.digest)
        return then.rows, then.target, then.target_name

    def experiment(
        self, model: object, metrics: Mapping[str, float] | None, further: Mapping[str, Further]
    ) -> Experiment:
        """The record of the experiment; what the caller measured wins over what was seen, and that over the run's."""
        seen = {} if self.seen is None else self._scores(self.seen, further)
        given = {**self.found.metrics, **seen, **({} if metrics is None else metrics)}
        training = None if self.seen is None else self.seen.training
        return experiment_of(model, given, self.found.run, training)

    def datasets(self, further: Mapping[str, Further]) -> dict[str, Data] | None:
        """All data beside that of the training, by role; that which was only seen is called ``evaluation``."""
        named = {role: one.data for role, one in further.items()}
        scores = () if self.seen is None else self.seen.scores
        roles = self._roles(further)
        for score in scores:
            role = roles.get(score.rows.inputs)
            if role is not None and role != TRAINING and role not in named and score.rows.data is not None:
                named[role] = score.rows.data
        return named if named else None

    def notes(self, given: TrainingData) -> tuple[str, ...]:
        """What somebody may want to know: above all that the data is not what was seen."""
        seen = None if self.seen is None else self.seen.training
        if seen is None or seen.digest == data_digest(given.rows):
            return self.found.notes
        told = f"the data is not what {seen.call} was seen to be given: {seen.rows} rows with the digest {seen.digest}"
        return (*self.found.notes, told)

    def _scores(self, seen: Seen, further: Mapping[str, Further]) -> dict[str, float]:
        roles = self._roles(further)
        return {
            score.metric if score.rows.inputs is None else f"{roles[score.rows.inputs]}_{score.metric}": score.value
            for score in seen.scores
        }

    def _roles(self, further: Mapping[str, Further]) -> dict[str | None, str]:
        """What rows were used for, by the digest of the rows."""
        roles: dict[str | None, str] = {one.inputs: role for role, one in further.items()}
        if self.seen is None:
            return roles
        if self.seen.rows.inputs is not None:
            roles[self.seen.rows.inputs] = TRAINING
        seen = [score.rows.inputs for score in self.seen.scores if score.rows.inputs is not None]
        others = [inputs for inputs in dict.fromkeys(seen) if inputs not in roles]
        names = [EVALUATION, *(f"{EVALUATION}_{number}" for number in range(2, len(others) + 1))]
        return {**roles, **dict(zip(others, names, strict=False))}


def _further(data: object, known: Sequence[str] | None, target: Target, features: Sequence[str] | None) -> Further:
    rows, apart = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
    table, name = table_of(rows), file_name(rows)
    there = apart is not None or set(target_names(target)) <= {column.name for column in table.columns}
    given = training_data(table, known, target if there else None, features, apart)
    return Further(given.provenance(name, name), data_digest(given.rows))
