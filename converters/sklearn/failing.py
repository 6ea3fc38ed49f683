"""Failing: the step of a model over which a converter stumbled, as far as what it raised tells."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from lading.converters.converter import Problem
from lading.converters.sklearn.computing import Computed
from lading.converters.sklearn.layout import branches, is_drop, is_passthrough, named
from lading.converters.sklearn.members import members_of
from lading.converters.sklearn.unwrapping import unwrapped


def refused(model: Any, error: Exception) -> Problem:
    """What to tell of ``error``, which skl2onnx or ONNX Runtime raised over ``model``."""
    said = " ".join(str(error).split())
    path = _path(model, _last(error))
    which = "replace it" if path else "replace the step that the message points to"
    return Problem(
        "" if path is None else path,
        f"is refused by skl2onnx or ONNX Runtime ({type(error).__name__}: {said[:300]})",
        f"{which} by a related estimator, or register a converter with skl2onnx.update_registered_converter",
    )


def _last(error: Exception) -> Any:
    """The estimator that skl2onnx had in hand when it raised; None where it had none."""
    found, trace = None, error.__traceback__
    while trace is not None:
        known = trace.tb_frame.f_locals
        raw = getattr(known.get("operator"), "raw_operator", None)
        if raw is None and str(trace.tb_frame.f_globals.get("__name__")).startswith("skl2onnx."):
            raw = known.get("model")
        if isinstance(raw, BaseEstimator):
            found = raw
        trace = trace.tb_next
    return found.model if isinstance(found, Computed) else found


def _path(model: Any, step: Any) -> str | None:
    """Where in ``model`` a step is: the very one, or one of its class where a copy was converted."""
    steps = [] if step is None else list(_steps(model, ""))
    same = [path for path, one in steps if one is step]
    alike = [path for path, one in steps if type(one) is type(step) and not isinstance(one, Pipeline)]
    return next(iter((*same, *alike)), None)


def _steps(model: Any, path: str) -> Iterator[tuple[str, Any]]:
    model = unwrapped(model)
    if isinstance(model, Problem) or is_passthrough(model) or is_drop(model):
        return
    yield path, model
    if isinstance(model, Pipeline):
        inner = list(model.steps)
    elif isinstance(model, ColumnTransformer):
        inner = [(name, step) for name, step, _ in branches(model)]
    elif isinstance(model, FeatureUnion):
        inner = list(model.transformer_list)
    else:
        inner = members_of(model)
        alike = getattr(model, "estimators_", None)
        inner += (
            [] if hasattr(model, "estimators") or alike is None else [("estimator", one) for one in np.ravel(alike)]
        )
    for name, step in inner:
        yield from _steps(step, named(path, name))
