"""Answer columns: a model's output tensors as the columns of a table, named by what they mean."""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from lading.bundles.answer_names import class_values, column_names, keys
from lading.bundles.signature import Output, Signature
from lading.bundles.tensors.values import Array
from lading.runtime.model import Feeds

CLASS_TYPES = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64(), "string": pa.string()}

PREFIXES = {"probabilities": "probability", "scores": "score"}
"""What stands before a class name, where the meaning is the plural."""


@dataclass(frozen=True)
class AnswerColumn:
    """One column: its name, its type, and how an output tensor ``[rows, …]`` becomes it."""

    name: str
    type: pa.DataType
    tensor: str
    values: Callable[[Array], pa.Array]


def answer_columns(signature: Signature, exact: bool = False) -> list[AnswerColumn]:
    """The columns of every answer: ``label``, ``probability_<class>``, ``score_<class>``, ``value``.

    Of several labels they are ``label_<target>`` and ``probability_<target>_<class>``. Several values are
    ``value_<target>``; an output that nobody has named is called like its tensor. What has more than one number in a
    row is JSON, and NaN is null; ``exact`` says to keep NaN, and to use lists.
    """
    named = zip(signature.outputs, keys(signature), strict=True)
    return [column for output, key in named for column in _columns(signature, output, key, exact)]


def answer_table(columns: Sequence[AnswerColumn], outputs: Feeds) -> list[pa.Array]:
    """The columns for one batch of outputs."""
    return [column.values(outputs[column.tensor]) for column in columns]


def _columns(signature: Signature, output: Output, key: str, exact: bool) -> list[AnswerColumn]:
    tensor = output.tensor
    extents = signature.row_shape(tensor)
    if output.meaning == "label":
        kind = _label_type(output)
        return [AnswerColumn(key, kind, tensor.name, _labels(output, kind))]
    names, kind = column_names(signature, output), _element_type(output)
    if names is not None and len(extents) == 1:
        prefix = _prefix(output, key)
        return [
            AnswerColumn(f"{prefix}_{name}", kind, tensor.name, _column(position, kind, exact))
            for position, name in enumerate(names)
        ]
    if not extents or extents == (1,):
        return [AnswerColumn(key, kind, tensor.name, _column(0, kind, exact))]
    if exact:
        nested = functools.reduce(lambda inner, _: pa.list_(inner), extents, kind)
        return [AnswerColumn(key, nested, tensor.name, _lists(kind))]
    return [AnswerColumn(key, pa.string(), tensor.name, _json)]


def _prefix(output: Output, key: str) -> str:
    """What stands before a class name: ``probability`` for ``probabilities``, ``probability_rain`` for that of a target."""
    word = PREFIXES.get(output.meaning)
    return key if word is None or not key.startswith(output.meaning) else word + key.removeprefix(output.meaning)


def _label_type(output: Output) -> pa.DataType:
    if output.class_type is not None:
        return CLASS_TYPES[output.class_type]
    if not output.classes:
        return _element_type(output)
    return {frozenset({bool}): pa.bool_(), frozenset({int}): pa.int64()}.get(
        frozenset(map(type, output.classes)), pa.string()
    )


def _element_type(output: Output) -> pa.DataType:
    return pa.string() if output.tensor.dtype == "string" else pa.from_numpy_dtype(np.dtype(output.tensor.dtype))


def _labels(output: Output, kind: pa.DataType) -> Callable[[Array], pa.Array]:
    names = class_values(output)

    def convert(values: Array) -> pa.Array:
        flat: list[Any] = values.reshape(-1).tolist()
        return pa.array([names[position] for position in flat] if output.coded else flat, kind, from_pandas=True)

    return convert


def _column(position: int, kind: pa.DataType, exact: bool) -> Callable[[Array], pa.Array]:
    def convert(values: Array) -> pa.Array:
        matrix = values.reshape(len(values), -1) if values.size else values.reshape(0, position + 1)
        return pa.array(np.ascontiguousarray(matrix[:, position]), kind, from_pandas=not exact)

    return convert


def _lists(kind: pa.DataType) -> Callable[[Array], pa.Array]:
    """What makes lists of lists; their lengths are not part of the type, since Arrow has no lists that are always empty."""

    def convert(values: Array) -> pa.Array:
        made = pa.array(np.ascontiguousarray(values).reshape(-1), kind, from_pandas=False)
        for place in range(values.ndim - 1, 0, -1):
            bounds = np.arange(math.prod(values.shape[:place]) + 1, dtype=np.int32) * values.shape[place]
            made = pa.ListArray.from_arrays(bounds.astype(np.int32), made)
        return made

    return convert


def _json(values: Array) -> pa.Array:
    rows = values.tolist() if values.dtype == object else [np.ascontiguousarray(row) for row in values]
    return pa.array([orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY).decode() for row in rows], pa.string())
