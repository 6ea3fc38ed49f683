"""Verdicts: models to be trained and packaged, and what becomes of each; coverage tells of them all."""

import re
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lading.converters.package import package
from lading.core.errors import LadingError

BANDS = (1e-9, 1e-6, 1e-4)
"""Coverage tells of errors by the least of these that they stay below: their digits differ between machines."""


@dataclass(frozen=True)
class Case:
    """One way of training a model."""

    api: str
    """The class of the model."""
    what: str
    """The objective or the architecture, and whatever else is special."""
    train: Callable[[], tuple[Any, Any]]
    """Trains it: the model and its rows."""
    asked: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What else ``package`` is told."""


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
                made = package(model, rows, name="model", path=Path(folder) / "model.lading", **case.asked)
            except LadingError as error:
                return Verdict(case, None, reason=_first(str(error)))
    numbers = [min(output.max_absolute, output.max_relative) for output in made.parity.outputs]
    return Verdict(case, made.parity.precision, max(numbers, default=0.0))


def _first(message: str) -> str:
    return re.sub(r"^cannot convert [\w.]+: (the model )?", "", message.splitlines()[0])


def band(error: float, bands: Sequence[float] = BANDS) -> str:
    """What a page says of an error."""
    return next((f"{band:.0e}" for band in bands if error < band), "the tolerance").replace("e-0", "e-")
