"""Provenance: the data, the experiment, the code and the environment that a model came from.

Everything is optional but the data: what is unknown is absent, and nothing is invented.
"""

from lading.bundles.records import Digest, FrozenMap, Json, Record


class Data(Record):
    """The training data."""

    digest: Digest
    """Of the full content, target included, as docs/data-digest.md defines it."""
    rows: int
    columns: int
    """Columns of the table, target included."""
    name: str | None = None
    source: str | None = None
    """Where it came from: a path relative to the repository, a URL without credentials, a query's name."""
    target: str | None = None


class Experiment(Record):
    """How the model was made."""

    estimator: str
    """The class of the model, with its module."""
    parameters: FrozenMap[Json]
    """The model's parameters, nested ones too, as JSON; what JSON cannot hold is its type's name."""
    metrics: FrozenMap[float]
    """What the caller measured, and what a fitted search carries."""


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
    experiment: Experiment
    code: Code
    environment: Environment
    author: str | None = None
    tags: FrozenMap[str]
