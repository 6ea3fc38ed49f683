"""Provenance: the data, the experiment, the code and the environment that a model came from.

Everything is optional but the data: what is unknown is absent, and nothing is invented.
"""

from lading.bundles.records import Digest, FrozenMap, Json, Record


class Data(Record):
    """The training data, or other data that the model was measured with."""

    digest: Digest
    """Of the full content, target included, as docs/data-digest.md defines it."""
    rows: int
    columns: int
    """Columns of the table, target included."""
    name: str | None = None
    source: str | None = None
    """Where it came from: a path relative to the repository, a URL without credentials, a query's name."""
    target: str | None = None


class TrackedData(Record):
    """A data set as an experiment tracker knows it."""

    name: str
    digest: str
    """The tracker's own, which is no digest of ours."""
    source: str | None = None
    context: str | None = None
    """What it was used for, in the tracker's words: ``train``."""


class Run(Record):
    """The run of an experiment, as its tracker has it; its metrics are among the experiment's."""

    tracker: str
    """The name of the tracker's plugin: ``mlflow``."""
    id: str
    name: str | None = None
    experiment: str | None = None
    """The name of the experiment that the run belongs to."""
    server: str | None = None
    """The URL of the tracker's server without credentials; absent where it keeps files of one machine."""
    user: str | None = None
    """Who started the run."""
    started: str | None = None
    """When, in UTC, as ISO 8601 writes it."""
    parameters: FrozenMap[Json]
    """What was logged as parameters; the estimator's own are the experiment's."""
    tags: FrozenMap[str]
    datasets: tuple[TrackedData, ...] = ()


class Training(Record):
    """The call that trained the model, where it was watched."""

    call: str
    """The name of the method: ``fit``."""
    digest: Digest
    """Of the rows that it was given, without their target, as docs/data-digest.md defines it."""
    target_digest: Digest | None = None
    """Of the target, as a matrix of one column."""
    rows: int


class Experiment(Record):
    """How the model was made."""

    estimator: str
    """The class of the model, with its module."""
    parameters: FrozenMap[Json]
    """The model's parameters, nested ones too, as JSON; what JSON cannot hold is its type's name."""
    metrics: FrozenMap[float]
    """What the caller measured, what a run or a tracking holds, and what a fitted search carries."""
    run: Run | None = None
    training: Training | None = None


class Code(Record):
    """The code that trained the model."""

    repository: str | None = None
    """The remote's URL without credentials."""
    commit: str | None = None
    dirty: bool | None = None
    """Whether tracked files differed from the commit, or the entry point was not tracked; absent without a commit."""
    entry_point: str | None = None
    """The script or notebook, relative to the repository where it lies in one."""


class Environment(Record):
    """The software that trained and converted the model."""

    python: str
    packages: FrozenMap[str]
    """Versions of the frameworks that took part, by distribution name."""


class Provenance(Record):
    """Where a model came from."""

    data: Data
    datasets: FrozenMap[Data] | None = None
    """Further data by what it was used for: ``validation``, ``test``."""
    experiment: Experiment
    code: Code
    environment: Environment
    author: str | None = None
    tags: FrozenMap[str]
