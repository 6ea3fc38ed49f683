"""The outline: the estimators of an experiment, one inside the other, as lines that can be read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from pydantic import JsonValue

from lading.bundles.provenance import Experiment


@dataclass(frozen=True)
class Line:
    """One parameter: how deep it lies, its name, and its value as text."""

    depth: int
    name: str
    value: str


def scalar(value: JsonValue) -> str:
    """One value as it is written: text bare, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def estimator(experiment: Experiment) -> str:
    """The class that decides, and what it stands in: ``LogisticRegression in Pipeline``."""
    names = [_class(experiment.estimator)]
    parameters: Mapping[str, JsonValue] | None = experiment.parameters
    while parameters is not None and (inner := _deciding(parameters)) is not None:
        names.append(_class(str(inner["estimator"])))
        parameters = _parameters(inner)
    return names[0] if len(names) == 1 else f"{names[-1]} in {names[0]}"


def lines(parameters: Mapping[str, JsonValue], depth: int = 0) -> Iterator[Line]:
    """Every parameter; those of an estimator stand below it, one step deeper."""
    for name, value in parameters.items():
        yield from _lines(name, value, depth)


def _lines(name: str, value: JsonValue, depth: int) -> Iterator[Line]:
    if _is_estimator(value):
        yield Line(depth, name, _class(str(value["estimator"])))
        yield from lines(_parameters(value), depth + 1)
    elif isinstance(value, list) and (steps := [item for item in value if is_step(item)]) and len(steps) == len(value):
        yield Line(depth, name, "")
        for step in steps:
            yield from _step(step, depth + 1)
    elif isinstance(value, list | dict):
        yield Line(depth, name, json.dumps(value, ensure_ascii=False))
    else:
        yield Line(depth, name, scalar(value))


def _step(step: list[JsonValue], depth: int) -> Iterator[Line]:
    """A named step: ``[name, estimator]``, or with what it is applied to as a third."""
    name, inner, *rest = step
    yield from _lines(str(name), inner, depth)
    for columns in rest:
        yield from _lines("columns", columns, depth + 1)


def _deciding(parameters: Mapping[str, JsonValue]) -> dict[str, JsonValue] | None:
    """The estimator that decides inside a pipeline (its last step) or a search."""
    steps = parameters.get("steps")
    last = steps[-1] if isinstance(steps, list) and steps else None
    candidate = last[1] if is_step(last) else parameters.get("estimator")
    return candidate if _is_estimator(candidate) else None


def is_step(value: JsonValue) -> TypeGuard[list[JsonValue]]:
    """Whether a value is a named step of a pipeline: ``[name, estimator]``, or with its columns as a third."""
    return isinstance(value, list) and len(value) in (2, 3) and isinstance(value[0], str) and _is_part(value[1])


def _is_part(value: JsonValue) -> bool:
    return _is_estimator(value) or value in ("passthrough", "drop")


def _is_estimator(value: JsonValue) -> TypeGuard[dict[str, JsonValue]]:
    return isinstance(value, dict) and value.keys() == {"estimator", "parameters"}


def _parameters(value: dict[str, JsonValue]) -> Mapping[str, JsonValue]:
    found = value["parameters"]
    return found if isinstance(found, dict) else {}


def _class(path: str) -> str:
    return path.rpartition(".")[2]
