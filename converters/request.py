"""The request: what a bundle shall be called, hold and say, checked as a whole before any work."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lading.bundles.manifest import BundleName, BundleVersion
from lading.bundles.optimization import StepName
from lading.bundles.parity import Tolerance
from lading.bundles.records import Scalar
from lading.bundles.storage.container import check_writable
from lading.converters.classes import check_classes
from lading.converters.experiment import checked_metrics
from lading.converters.optimizing import check_steps
from lading.converters.targets import Target, TargetNamesError, target_names
from lading.converters.tracker import check_reference
from lading.core.errors import UsageError

PRECISIONS = ("auto", "double")


class PrecisionError(UsageError):
    """The precision is not one that there is."""

    def __init__(self, found: object) -> None:
        super().__init__(found)
        self.found = found

    def __str__(self) -> str:
        return f"precision is {self.found!r}, expected 'auto' or 'double'"


class BundleNameError(UsageError):
    """A name or a version cannot be a bundle's."""

    def __init__(self, what: str, found: object) -> None:
        super().__init__(what, found)
        self.what, self.found = what, found

    def __str__(self) -> str:
        letters = "lower-case letters" if self.what == "name" else "letters"
        return (
            f"the {self.what} {self.found!r} cannot be a bundle's; expected {letters}, digits, '.', '_' and '-', "
            "64 at most, with a letter or a digit at both ends"
        )


class EmptyWaiverError(UsageError):
    """A waiver gives no reason."""

    def __str__(self) -> str:
        return "the waiver is empty; say why the difference is accepted, since every reader of the bundle sees it"


class ArgumentError(UsageError):
    """An argument is of a kind that cannot be taken."""

    def __init__(self, argument: str, found: str, expected: str) -> None:
        super().__init__(argument, found, expected)
        self.argument, self.found, self.expected = argument, found, expected

    def __str__(self) -> str:
        return f"{self.argument} is {self.found}, expected {self.expected}"


class RoleError(UsageError):
    """Further data is named in a way that it cannot be."""

    def __init__(self, found: object) -> None:
        super().__init__(found)
        self.found = found

    def __str__(self) -> str:
        return (
            f"further data cannot be called {self.found!r}; expected what it was used for, in lower-case letters, "
            "digits, '.', '_' and '-': validation, test; the data that the model was trained on has a place of its own"
        )


@dataclass(frozen=True, kw_only=True)
class Request:
    """What ``package`` is asked for, besides the model and the data; see there.

    Making one raises children of ``UsageError``, and ``OccupiedError`` where something else lies at ``path``.
    """

    name: str
    version: str = "1.0.0"
    path: Path | str | None = None
    target: Target = None
    features: Sequence[str] | None = None
    sensitive: Sequence[str] = ()
    metrics: Mapping[str, float] | None = None
    run: str | None = None
    source: str | None = None
    data_name: str | None = None
    author: str | None = None
    tags: Mapping[str, str] | None = None
    description: str | None = None
    entry_point: Path | str | None = None
    precision: str = "auto"
    optimize: Sequence[str] | str = ()
    tolerance: Tolerance | None = None
    waiver: str | None = None
    classes: Sequence[Scalar] | None = None
    scores: str | None = None
    where: Path = field(init=False)
    """The bundle's path."""

    def __post_init__(self) -> None:
        _check_name("name", BundleName, self.name)
        _check_name("version", BundleVersion, self.version)
        if self.precision not in PRECISIONS:
            raise PrecisionError(self.precision)
        for argument in ("run", "source", "data_name", "author", "description", "waiver"):
            if (value := getattr(self, argument)) is not None:
                _check_text(argument, value)
        check_steps(self.optimize)
        if self.waiver is not None and not self.waiver.strip():
            raise EmptyWaiverError
        if self.tolerance is not None and not isinstance(self.tolerance, Tolerance):
            raise _wrong("tolerance", self.tolerance, "a Tolerance: Tolerance(absolute=1e-6, relative=1e-6)")
        self._check_collections()
        twice = [name for name, count in Counter(self.targets).items() if count > 1]
        if twice:
            raise TargetNamesError(f"the target {twice[0]!r} is named twice", "name each once")
        check_classes(self.classes, self.scores)
        if self.run is not None:
            check_reference(self.run)
        for argument in ("path", "entry_point"):
            if not isinstance(getattr(self, argument), str | os.PathLike | None):
                raise _wrong(argument, getattr(self, argument), "a path")
        # A frozen dataclass is set this way only.
        object.__setattr__(
            self, "where", Path(f"{self.name}-{self.version}.lading" if self.path is None else self.path)
        )
        check_writable(self.where)

    def _check_collections(self) -> None:
        lists = (("target", self.target), ("features", self.features), ("sensitive", self.sensitive))
        for argument, columns in lists:
            if not isinstance(columns, str | None):
                if not isinstance(columns, Sequence):
                    raise _wrong(argument, columns, "a list of column names")
                for column in columns:
                    _check_text(f"each of {argument}", column)
        for argument, example in (("tags", "{'team': 'risk'}"), ("metrics", "{'accuracy': 0.93}")):
            given = getattr(self, argument)
            if not isinstance(given, Mapping | None):
                raise _wrong(argument, given, f"a mapping: {example}")
            for name in () if given is None else given:
                _check_text(f"each name of {argument}", name)
        for name, value in ({} if self.tags is None else self.tags).items():
            _check_text(f"the tag {name!r}", value)
        checked_metrics({} if self.metrics is None else self.metrics)

    @property
    def steps(self) -> tuple[StepName, ...]:
        """The steps of optimising."""
        return check_steps(self.optimize)

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that the model predicts."""
        return target_names(self.target)

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns that the model takes; a single name is one column, and not its letters."""
        return None if self.features is None else _names(self.features)

    @property
    def sensitive_columns(self) -> tuple[str, ...]:
        """The columns whose values are nobody's business; the same of a single name."""
        return _names(self.sensitive)

    @property
    def entry(self) -> Path | None:
        """The script or notebook, where the caller told it."""
        return None if self.entry_point is None else Path(self.entry_point)


def _names(given: Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def check_roles(roles: Iterable[object]) -> None:
    """That further data may be called so. Raises ``RoleError``."""
    for role in roles:
        try:
            TypeAdapter(BundleName).validate_python(role, strict=True)
        except ValidationError:
            raise RoleError(role) from None
        if role in ("train", "training"):
            raise RoleError(role)


def _check_name(what: str, kind: Any, found: object) -> None:
    try:
        TypeAdapter(kind).validate_python(found, strict=True)
    except ValidationError:
        raise BundleNameError(what, found) from None


def _check_text(argument: str, value: object) -> None:
    if not isinstance(value, str):
        raise _wrong(argument, value, "text")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ArgumentError(argument, repr(value), "text that can be written as UTF-8, without lone surrogates")


def _wrong(argument: str, value: object, expected: str) -> ArgumentError:
    return ArgumentError(argument, f"{value!r:.100} ({type(value).__name__})", expected)
