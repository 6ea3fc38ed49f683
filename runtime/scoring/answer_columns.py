"""Answer columns: a model's output tensors as the columns of a table, named by what they mean."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from lading.bundles.signature import Output, Signature
from lading.bundles.tensors.values import Array
from lading.runtime.model import Feeds
from lading.runtime.protocols.answers import class_values, column_names, keys

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


def answer_columns(signature: Signature) -> list[AnswerColumn]:
    """The columns of every answer: ``label``, ``probability_<class>``, ``score_<class>``, ``value``.

    Several values are ``value_<target>``; an output that nobody has named is called like its tensor, as JSON where
    it has more than one number in a row. NaN is null, as it is on the wire.
    """
    named = zip(signature.outputs, keys(signature), strict=True)
    found = [_columns(signature, output, key) for output, key in named]
    return [column for columns in found for column in columns]


def answer_table(columns: Sequence[AnswerColumn], outputs: Feeds) -> list[pa.Array]:
    """The columns for one batch of outputs."""
    return [column.values(outputs[column.tensor]) for column in columns]


def _columns(signature: Signature, output: Output, key: str) -> list[AnswerColumn]:
    tensor = output.tensor
    extents = signature.row_shape(tensor)
    if output.meaning == "label":
        kind = _label_type(output)
        return [AnswerColumn(key, kind, tensor.name, _labels(output, kind))]
    names = column_names(signature, output)
    if names is not None and len(extents) == 1:
        prefix = PREFIXES.get(key, key)
        kind = _element_type(output)
        return [
            AnswerColumn(f"{prefix}_{name}", kind, tensor.name, _column(position, kind))
            for position, name in enumerate(names)
        ]
    if not extents or extents == (1,):
        kind = _element_type(output)
        return [AnswerColumn(key, kind, tensor.name, _column(0, kind))]
    return [AnswerColumn(key, pa.string(), tensor.name, _json)]


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


def _column(position: int, kind: pa.DataType) -> Callable[[Array], pa.Array]:
    def convert(values: Array) -> pa.Array:
        matrix = values.reshape(len(values), -1) if values.size else values.reshape(0, position + 1)
        return pa.array(np.ascontiguousarray(matrix[:, position]), kind, from_pandas=True)

    return convert


def _json(values: Array) -> pa.Array:
    rows = values.tolist() if values.dtype == object else [np.ascontiguousarray(row) for row in values]
    return pa.array([orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY).decode() for row in rows], pa.string())
