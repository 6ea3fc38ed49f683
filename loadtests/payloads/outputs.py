"""Outputs: what JSON and bytes say of a model's outputs, as the arrays that golden rows are compared with."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lading.bundles.answer_names import class_values, column_names
from lading.bundles.signature import Output, Signature
from lading.bundles.tensors.rules import closed, fits
from lading.bundles.tensors.specs import DATATYPES, KIND_DATATYPES
from lading.bundles.tensors.values import Array
from lading.loadtests.payloads.checking import AnswerError
from lading.loadtests.payloads.drawing import flattened
from lading.loadtests.payloads.request import MALFORMED

NUMBERS = frozenset({int, float})
TYPES: Mapping[str, frozenset[type]] = {
    "f": NUMBERS | {type(None)},
    "i": NUMBERS,
    "u": NUMBERS,
    "b": frozenset({bool, int, float}),
    "O": frozenset({str, bool, int, float, type(None)}),
}
"""The types of JSON values that the arrays of each kind are answered with; a label of a tensor of truths may be 0."""


class OutputReader:
    """Reads one output of a model."""

    def __init__(self, signature: Signature, output: Output) -> None:
        self.name = output.tensor.name
        self._dtype = np.dtype(object if output.tensor.dtype == "string" else output.tensor.dtype)
        self._extents = signature.row_shape(output.tensor)
        self._whole = signature.form == "whole"
        self._codes = {value: code for code, value in enumerate(class_values(output))} if output.coded else None
        self.datatype = DATATYPES[output.tensor.dtype] if self._codes is None else _of_names(output)
        self._columns = column_names(signature, output)
        self._types = TYPES["O" if self._codes is not None else self._dtype.kind]

    def from_tensor(self, values: Sequence[Any] | Array, shape: object, rows: int) -> Array:
        """The output ``[rows, …]`` for the flat or nested ``values`` of a tensor. Raises ``AnswerError``."""
        if not isinstance(shape, list) or not all(type(extent) is int for extent in shape):
            raise AnswerError(MALFORMED)
        full = [1, *shape] if self._whole else shape
        if not full or full[0] != rows or not fits(self._extents, full[1:]):
            raise AnswerError(MALFORMED)
        return _shaped(self._array(values), full)

    def from_rows(self, values: Sequence[Any]) -> Array:
        """The output ``[rows, …]`` for one value of each row, as answers by meaning have it. Raises ``AnswerError``."""
        if self._columns is not None:
            values = [self._row(row, self._columns) for row in values]
        made = self._array(values)
        if self._extents in ((), (1,)) and made.size == len(values):
            return made.reshape(len(values), *closed(self._extents))
        if made.size == 0:
            made = made.reshape(*made.shape, *closed(self._extents[made.ndim - 1 :]))
        if not fits(self._extents, made.shape[1:]):
            raise AnswerError(MALFORMED)
        return made

    def _row(self, row: object, columns: Sequence[str]) -> list[Any]:
        """The values of named columns: an object, or a list in their order."""
        if isinstance(row, dict) and list(row) == list(columns):
            return list(row.values())
        if isinstance(row, list) and len(row) == len(columns):
            return row
        raise AnswerError(MALFORMED)

    def _array(self, values: Sequence[Any] | Array) -> Array:
        if isinstance(values, list) and not set(map(type, flattened(values))) <= self._types:
            raise AnswerError(MALFORMED)
        try:
            if self._codes is not None:
                return np.array([self._codes[value] for value in values], dtype=self._dtype)
            with np.errstate(over="ignore"):
                return np.array(values, dtype=self._dtype)  # None is NaN
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise AnswerError(MALFORMED) from error


def _shaped(values: Array, shape: Sequence[int]) -> Array:
    try:
        return values.reshape(shape)
    except ValueError as error:
        raise AnswerError(MALFORMED) from error


def _of_names(output: Output) -> str:
    return "BYTES" if output.class_type is None else KIND_DATATYPES[output.class_type]
