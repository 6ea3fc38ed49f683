"""The experiment: what a model says of how it was made, and how well it did."""

import math
from collections.abc import Mapping
from typing import Any, cast

from pydantic import JsonValue

from lading.bundles.capturing.parameters import json_safe, qualified_name
from lading.bundles.provenance import Experiment
from lading.core.errors import UsageError


class MetricError(UsageError):
    """A metric is not a finite number."""

    def __init__(self, name: str, found: str) -> None:
        super().__init__(name, found)
        self.name, self.found = name, found

    def __str__(self) -> str:
        return f"metric {self.name!r} is {self.found}, expected a finite number; leave it out or compute it again"


def experiment_of(model: object, metrics: Mapping[str, float] | None) -> Experiment:
    """The model's class and parameters, the metrics of the caller and those that a fitted search carries.

    Raises ``MetricError``.
    """
    found = {**_search_metrics(model), **({} if metrics is None else metrics)}
    return Experiment(estimator=_name(model), parameters=_parameters(model), metrics=checked_metrics(found))


def _name(model: object) -> str:
    return (
        "onnx.ModelProto"
        if isinstance(model, str | bytes) or hasattr(model, "__fspath__")
        else qualified_name(type(model))
    )


def _parameters(model: Any) -> Mapping[str, JsonValue]:
    if not callable(getattr(model, "get_params", None)):
        return {}
    written = cast(Mapping[str, JsonValue], json_safe(model))
    return cast(Mapping[str, JsonValue], written["parameters"]) if isinstance(written, Mapping) else {}


def _search_metrics(model: Any) -> dict[str, float]:
    """``best_score_`` of a fitted search, under the name of the metric that it was chosen by."""
    score = getattr(model, "best_score_", None)
    if score is None:
        return {}
    refit = getattr(model, "refit", True)
    scoring = getattr(model, "scoring", None)
    metric = refit if isinstance(refit, str) else scoring if isinstance(scoring, str) else "score"
    return {f"best_{metric}": float(score)}


def checked_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics as finite numbers. Raises ``MetricError``."""
    checked = {}
    for name, value in metrics.items():
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise MetricError(name, repr(value)) from None
        if not math.isfinite(number):
            raise MetricError(name, repr(number))
        checked[name] = number
    return checked
