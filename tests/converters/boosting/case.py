"""Cases: models of boosted trees to be trained and packaged, and what becomes of each."""

import re
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lading.bundles.parity import Tolerance
from lading.bundles.session import open_session
from lading.bundles.signature import Form
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.table import table_of
from lading.bundles.tensors.comparing import Comparison, compare
from lading.bundles.tensors.feeds import encode
from lading.converters.converter import Converted, Precision, UnconvertibleError, converter_for
from lading.converters.package import package
from lading.core.errors import LadingError


@dataclass(frozen=True)
class Case:
    """One way of training a model."""

    api: str
    """The class of the model."""
    what: str
    """The objective, and whatever else is special."""
    train: Callable[[], tuple[Any, Any]]
    """Trains it: the model and its rows."""


@dataclass(frozen=True)
class Verdict:
    """What became of one case."""

    case: Case
    precision: str | None
    """None where nothing was proved."""
    error: float = 0.0
    """The largest difference between a number of the graph's and the model's, relative where that is less."""
    reason: str = ""


def verdict(case: Case) -> Verdict:
    """What becomes of a model that is trained and packaged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, rows = case.train()
        with tempfile.TemporaryDirectory() as folder:
            try:
                made = package(model, rows, name="model", path=Path(folder) / "model.lading")
            except LadingError as error:
                return Verdict(case, None, reason=_first(str(error)))
    numbers = [min(output.max_absolute, output.max_relative) for output in made.parity.outputs]
    return Verdict(case, made.parity.precision, max(numbers, default=0.0))


def _first(message: str) -> str:
    return re.sub(r"^cannot convert [\w.]+: (the model )?", "", message.splitlines()[0])


@dataclass(frozen=True)
class Asked:
    """A converted model, and what it and the original say of the same rows."""

    converted: Converted
    session: Any
    comparison: Comparison
    expected: dict[str, Any]
    found: dict[str, Any]


def ask(model: Any, data: object, held_out: object | None = None, precision: Precision = "mixed") -> Asked:
    """Convert a model for ``data`` and ask both sides, of held-out rows where given."""
    converter, table = converter_for(model), table_of(data)
    form: Form = "array" if converter.features(model) is None else "frame"
    made = converter.convert(model, form, fields_of(table), precision)
    rows = table if held_out is None else table_of(held_out)
    session = open_session(made.model)
    names = [output.tensor.name for output in made.signature.outputs]
    found = dict(zip(names, session.run(names, encode(made.signature, rows.columns_as_numpy())), strict=True))
    expected = converter.reference(model, rows, made.signature)
    return Asked(made, session, compare(made.signature, expected, found, Tolerance()), expected, found)


def same(model: Any, data: object, held_out: object | None = None, precision: Precision = "mixed") -> Asked:
    """The graph answers as the model does, labels too."""
    asked = ask(model, data, held_out, precision)
    assert asked.comparison.ok, asked.comparison.failures[:3]
    assert asked.comparison.label_flips == 0
    return asked


def problems(model: Any, data: object) -> list[str]:
    """What keeps a model from being converted."""
    converter, table = converter_for(model), table_of(data)
    form: Form = "array" if converter.features(model) is None else "frame"
    try:
        converter.convert(model, form, fields_of(table), "mixed")
    except UnconvertibleError as error:
        return [str(problem) for problem in error.problems]
    return []
