"""Exact values in JSON: text where JSON's numbers would lose something, the shortest decimals elsewhere."""

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from lading.bundles.records import SAFE_INTEGER


def exact_json(value: Any) -> JsonValue:
    """One scalar: ``NaN``, ``Infinity``, ``-Infinity``, ``-0`` and integers beyond 2^53 become text.

    A float16 or float32 gets the shortest decimals that give its bits again.
    """
    if isinstance(value, np.floating) and not isinstance(value, np.float64):
        short = float(str(value))
        # Rounding to a double and then to the narrow type is not always rounding once.
        value = short if type(value)(short) == value else float(value)
    elif isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return _float_json(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > SAFE_INTEGER:
        return str(value)
    return value  # type: ignore[no-any-return]


def exact_rows(values: NDArray[Any]) -> tuple[JsonValue, ...]:
    """An array as one JSON value for each row: scalars, nested lists, or ``{"shape": […]}`` where a row holds nothing.

    Nested lists do not say the extents of what an empty list would hold.
    """
    if values.size == 0 and values.ndim > 1:
        return tuple({"shape": list(values.shape[1:])} for _ in values)
    flat = np.fromiter(map(exact_json, values.reshape(-1)), dtype=object, count=values.size)
    return tuple(flat.reshape(values.shape).tolist())


def nested_rows(rows: Sequence[JsonValue]) -> NDArray[Any]:
    """What ``exact_rows`` wrote, as an object array ``[rows, …]`` of JSON's scalars."""
    if rows and isinstance(rows[0], dict):
        return np.empty((len(rows), *cast("list[int]", rows[0]["shape"])), dtype=object)
    return np.array(rows, dtype=object)


def rows_from_exact(rows: Sequence[JsonValue], dtype: str) -> NDArray[Any]:
    """What ``exact_rows`` wrote, as an array of ``dtype`` (a tensor's element type), shape ``[rows, …]``."""
    nested = nested_rows(rows)
    if dtype == "string":
        return nested
    wanted = np.dtype(dtype)
    number = {"b": bool, "f": float}.get(wanted.kind, int)
    return np.array([number(value) for value in nested.reshape(-1)], dtype=wanted).reshape(nested.shape)


def _float_json(value: float) -> JsonValue:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 and math.copysign(1, value) < 0:
        return "-0"
    return value
