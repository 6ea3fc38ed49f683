"""The experiment: what a model says of how it was made, and how well it did."""

import math
from collections.abc import Mapping
from typing import Any, cast

from pydantic import JsonValue

from lading.bundles.capturing.parameters import json_safe, qualified_name
from lading.bundles.provenance import Experiment, Run, Training
from lading.core.errors import UsageError


class MetricError(UsageError):
    """A metric is not a finite number."""

    def __init__(self, name: str, found: str) -> None:
        super().__init__(name, found)
        self.name, self.found = name, found

    def __str__(self) -> str:
        return f"metric {self.name!r} is {self.found}, expected a finite number; leave it out or compute it again"


def experiment_of(
    model: object, metrics: Mapping[str, float] | None, run: Run | None = None, training: Training | None = None
) -> Experiment:
    """The model's class and parameters, the metrics of the caller, and what a fitted search chose and scored.

    The search may be the last step of a pipeline.

    Raises ``MetricError``.
    """
    found = {**_search_metrics(model), **({} if metrics is None else metrics)}
    return Experiment(
        estimator=_name(model),
        parameters=_parameters(model),
        metrics=checked_metrics(found),
        run=run,
        training=training,
    )


def _name(model: object) -> str:
    return (
        "onnx.ModelProto"
        if isinstance(model, str | bytes) or hasattr(model, "__fspath__")
        else qualified_name(type(model))
    )


def _parameters(model: Any) -> Mapping[str, JsonValue]:
    if not callable(getattr(model, "get_params", None)):
        return {}
    written = json_safe(model)
    return _with_choice(model, written) if isinstance(written, dict) else {}


def _with_choice(model: Any, written: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The parameters of an estimator as written, and those that a fitted search chose, as ``best_params``."""
    parameters = cast(dict[str, JsonValue], written["parameters"])
    chosen = getattr(model, "best_params_", None)
    if isinstance(chosen, Mapping):
        return {**parameters, "best_params": json_safe(chosen)}
    steps = parameters.get("steps")
    if not hasattr(model, "steps") or not isinstance(steps, list):
        return parameters
    *earlier, last = cast(list[list[JsonValue]], steps)
    name, inner = last
    if isinstance(inner, dict):
        inner = {**inner, "parameters": _with_choice(model.steps[-1][1], inner)}
    return {**parameters, "steps": [*earlier, [name, inner]]}


def _search_metrics(model: Any) -> dict[str, float]:
    """``best_score_`` of a fitted search, under the name of the metric that it was chosen by, or of boosted trees."""
    while hasattr(model, "steps"):
        model = model.steps[-1][1]
    score = getattr(model, "best_score_", None)
    if score is None:
        return {}
    if isinstance(score, Mapping):
        return _best_of(score)
    refit = getattr(model, "refit", True)
    scoring = getattr(model, "scoring", None)
    metric = refit if isinstance(refit, str) else scoring if isinstance(scoring, str) else "score"
    return {f"best_{metric}": float(score)}


def _best_of(scores: Mapping[str, Any]) -> dict[str, float]:
    """What boosted trees scored at their best iteration, by the data's name and the metric's."""
    return {
        f"best_{data}_{metric}": float(score)
        for data, measured in scores.items()
        for metric, score in measured.items()
        if math.isfinite(score)
    }


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
