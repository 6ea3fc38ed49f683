"""Converters: what turns one framework's trained models into ONNX, and the errors they share."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast, runtime_checkable

import numpy as np

from lading.bundles.manifest import Graph
from lading.bundles.records import Scalar
from lading.bundles.signature import Field, Form, Signature
from lading.core.errors import LadingError, UsageError
from lading.core.plugins import load_all

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table
    from lading.converters.weights import Weights

GROUP = "lading.converters"

Precision = Literal["mixed", "double"]


@dataclass(frozen=True)
class Problem:
    """One reason for which a model cannot be converted rightly."""

    path: str
    """The names of the steps that lead there, ``prep › age › clip``; empty for the model as a whole."""
    found: str
    """What stands in the way, as the end of a sentence about the step."""
    remedy: str
    """What to do, in the imperative."""

    def within(self, path: str) -> "Problem":
        """The same problem, where what has it stands at ``path``."""
        return replace(self, path=" › ".join(filter(None, (path, self.path))))

    def __str__(self) -> str:
        where = f'step "{self.path}"' if self.path else "the model"
        return f"{where} {self.found}; {self.remedy}"


@dataclass(frozen=True)
class Converted:
    """A converted model."""

    model: bytes
    """The serialised ONNX graph."""
    graph: Graph
    signature: Signature
    precision: str
    """The arithmetic of the graph: ``float32``, ``float64`` or ``mixed``."""
    reference: str
    """What the answers are compared with, and its version."""
    packages: tuple[str, ...]
    """The distributions that made the model and took part in the conversion."""
    thresholds: Literal["sharp", "near"] | None = None
    """How close to a jump of its answers the graph still answers as the model does: to the bit, where nothing is
    computed on the way to a decision tree; up to rounding; absent for models without trees."""
    weights: "Weights | None" = None
    """The weights, where they are too large to be inside of the graph."""
    notes: tuple[str, ...] = ()
    """What is to be known of the conversion, in sentences."""
    unseen: tuple[tuple[str, Scalar], ...] = ()
    """Fields of numbers that are categories to the model, each with one that it has not seen: the proof asks for it."""


@runtime_checkable
class Converter(Protocol):
    """Turns one framework's trained models into ONNX; offered in the group ``lading.converters``."""

    name: str

    def matches(self, model: object) -> bool:
        """Whether this converter is the one for ``model``; looks at the class's module and imports no framework."""

    def features(self, model: object) -> tuple[str, ...] | None:
        """The names of the columns that ``model`` was trained on, in its order; None where it knows none."""

    def diagnose(self, model: object, form: Form, fields: Sequence[Field]) -> list[Problem]:
        """Everything that is known to keep ``model`` from being converted rightly; empty when nothing is."""

    def convert(self, model: object, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
        """The model as an ONNX graph with a complete signature; ``model`` itself stays as it is.

        ``fields`` are the columns of the training data that the model is fed, in its order, without feeds.
        Raises ``UnconvertibleError``.
        """

    def reference(self, model: object, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
        """What the original model answers to ``rows``: one array ``[N, ...]`` for each output of ``signature``."""


class UnconvertibleError(UsageError):
    """The model has parts that cannot be converted, or not so that the answers stay right."""

    def __init__(self, model: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(model, problems)
        self.model, self.problems = model, problems

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each problem, where there are several."""
        if len(self.problems) == 1:
            return (f"cannot convert {self.model}: {self.problems[0]}",)
        return (f"cannot convert {self.model}:", *(f"- {problem}" for problem in self.problems))

    def __str__(self) -> str:
        return "\n".join(self.lines)


class NoConverterError(UsageError):
    """No installed converter knows the model's class."""

    def __init__(self, model: str, installed: tuple[str, ...]) -> None:
        super().__init__(model, installed)
        self.model, self.installed = model, installed

    def __str__(self) -> str:
        return (
            f"no converter knows {self.model}; installed are: {', '.join(self.installed)}; "
            f"install a package that offers one in the entry-point group {GROUP}"
        )


class AmbiguousModelError(LadingError):
    """Several converters claim one model."""

    def __init__(self, model: str, claimants: tuple[str, ...]) -> None:
        super().__init__(model, claimants)
        self.model, self.claimants = model, claimants

    def __str__(self) -> str:
        return (
            f"{self.model} is claimed by the converters {' and '.join(self.claimants)}; "
            "uninstall one of the packages that offer them"
        )


def class_name(model: object) -> str:
    """What people call ``model``: its class with the top package and without private modules; a file by its name."""
    if isinstance(model, str | os.PathLike):
        return Path(model).name
    if isinstance(model, bytes):
        return "the ONNX model"
    kind = type(model)
    return f"{kind.__module__.split('.')[0]}.{kind.__qualname__}"


def converter_for(model: object) -> Converter:
    """The installed converter that knows ``model``.

    Raises ``NoConverterError`` when none does and ``AmbiguousModelError`` when several do.
    """
    kinds = cast("dict[str, type[Converter]]", load_all(GROUP))
    found = [plugin for kind in kinds.values() if (plugin := kind()).matches(model)]
    if not found:
        raise NoConverterError(class_name(model), tuple(kinds))
    if len(found) > 1:
        raise AmbiguousModelError(class_name(model), tuple(plugin.name for plugin in found))
    return found[0]
