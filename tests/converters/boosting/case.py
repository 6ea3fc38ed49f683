"""Cases: models of boosted trees to be trained and packaged, and what becomes of each."""

import re
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
