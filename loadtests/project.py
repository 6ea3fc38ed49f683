"""The project file: what a project wants of its load tests, so that nobody has to say it again.

It is the table ``[loadtest]`` of ``lading.toml``, or ``[tool.lading.loadtest]`` of ``pyproject.toml``.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from lading.bundles.manifest_reading import in_words
from lading.bundles.records import Record
from lading.core.errors import UsageError, cut
from lading.loadtests.judging.grammar import RegressionError, compared, parse_objective, parse_regression
from lading.loadtests.judging.objective import Objective
from lading.loadtests.plan import Plan, Protocol, Shape, Share, Traffic

TABLES = {"lading.toml": ("loadtest",), "pyproject.toml": ("tool", "lading", "loadtest")}
"""The files that are looked for, the first before the second, and where in each the table is."""
SECONDS: dict[str, float] = {"soak": 1800.0, "capacity": 10.0}
"""How long a load test of these shapes takes, or each step of it, where nobody says; others as the plan has it."""


class ProjectFileError(UsageError):
    """A project file does not say what it may of load tests."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"the project file {self.path} {self.problem}; docs/loadtests.md has an example"


class PlanError(UsageError):
    """A load test cannot be as it was asked for."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"no load test can be like that: {self.problem}"


class Wishes(Record):
    """What was asked of a load test in one place; None where nothing was said."""

    shape: Shape | None = None
    rate: float | None = None
    seconds: float | None = None
    warm_up: float | None = None
    protocols: tuple[Protocol, ...] | None = None
    rows: tuple[Share, ...] | None = None
    """Of batch sizes: ``8``, ``[1, 32]``, or with weights ``{1 = 9, 32 = 1}``."""
    golden: float | None = None
    invalid: float | None = None
    timeout: float | None = None
    users: Annotated[int, Field(ge=1)] | None = None
    seed: int | None = None
    slo: tuple[Objective, ...] | None = None
    """Objectives as they are written on the command line."""
    regression: float | None = None
    """How much worse than the baseline it may be: ``"10%"``."""
    baseline: str | None = None
    """A bundle, or a report in JSON."""
    confidence: float | None = None
    most_seconds: float | None = None

    @field_validator("rows", mode="before")
    @classmethod
    def _mix(cls, written: object) -> object:
        if isinstance(written, dict):
            return tuple({"rows": rows, "weight": weight} for rows, weight in written.items())
        if isinstance(written, list | tuple):
            return tuple({"rows": one} if isinstance(one, int | str) else one for one in written)
        return ({"rows": written},) if isinstance(written, int | str) else written

    @field_validator("slo", mode="before")
    @classmethod
    def _objectives(cls, written: object) -> object:
        listed = [written] if isinstance(written, str) else written
        if not isinstance(listed, list | tuple):
            return written
        return tuple(parse_objective(one) if isinstance(one, str) else one for one in listed)

    @field_validator("regression", mode="before")
    @classmethod
    def _share(cls, written: object) -> object:
        if isinstance(written, int | float) and not 0 < written < 1:
            raise RegressionError(str(written))
        return parse_regression(written) if isinstance(written, str) else written

    def over(self, others: "Wishes") -> "Wishes":
        """These, and those of the ``others`` that are not said here; so the command line goes over the project file."""
        said = {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
        return others.model_copy(update=said)

    def plan(self, *, compare: bool | None = None) -> Plan:
        """The plan, with defaults for what nobody said; raises ``PlanError`` for what no plan may have.

        ``compare`` says whether there is a baseline, from which ``regression`` makes objectives; as ``baseline`` does
        when None.
        """
        said = {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
        traffic = {name: value for name, value in said.items() if name in Traffic.model_fields}
        own = {name: value for name, value in said.items() if name in Plan.model_fields}
        if self.shape in SECONDS:
            own.setdefault("seconds", SECONDS[self.shape])
        try:
            return Plan.model_validate({**own, "traffic": traffic, "objectives": self._asked(compare)})
        except ValidationError as error:
            raise PlanError(in_words(error)) from error

    def _asked(self, compare: bool | None) -> tuple[Objective, ...]:
        own = self.slo if self.slo is not None else ()
        compares = self.baseline is not None if compare is None else compare
        if not compares or self.regression is None:
            return own
        measures = {one.measure for one in own if one.relative}
        return (*own, *(one for one in compared(self.regression) if one.measure not in measures))


def project_file(folder: Path) -> Path | None:
    """The project file in ``folder`` that says something of load tests, if there is one; raises ``ProjectFileError``."""
    for name in TABLES:
        path = folder / name
        if path.is_file() and _table(path) is not None:
            return path
    return None


def read_wishes(path: Path) -> Wishes:
    """What the project file ``path`` wants; raises ``ProjectFileError``, and ``ObjectiveError`` for an objective."""
    table = _table(path)
    if table is None:
        raise ProjectFileError(str(path), f"has no table [{'.'.join(_place(path))}]")
    written = {name.replace("-", "_"): value for name, value in table.items()}
    if unknown := sorted(set(written) - set(Wishes.model_fields)):
        known = ", ".join(sorted(Wishes.model_fields))
        raise ProjectFileError(
            str(path), f"has {cut(', '.join(unknown), 80)} in [{'.'.join(_place(path))}]; known are {known}"
        )
    try:
        wishes = Wishes.model_validate(written)
        wishes.plan()
    except ValidationError as error:
        raise ProjectFileError(str(path), f"cannot be followed: {in_words(error)}") from error
    except PlanError as error:
        raise ProjectFileError(str(path), f"cannot be followed: {error.problem}") from error
    return wishes


def _place(path: Path) -> tuple[str, ...]:
    return TABLES["pyproject.toml"] if path.name == "pyproject.toml" else TABLES["lading.toml"]


def _table(path: Path) -> dict[str, Any] | None:
    try:
        found: Any = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ProjectFileError(str(path), f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # no UTF-8, or no TOML
        raise ProjectFileError(str(path), f"is not TOML: {error}") from error
    for name in _place(path):
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    if not isinstance(found, dict):
        raise ProjectFileError(str(path), f"has {'.'.join(_place(path))}, which is no table")
    return found
