"""Answers: a model's output tensors as JSON objects, one for each row, by what the outputs mean."""

from itertools import chain
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from lading.bundles.answer_names import class_values, column_names, keys, predicted
from lading.bundles.signature import Output, Signature
from lading.bundles.tensors.comparing import AnswerShapeError
from lading.runtime.errors import InfiniteAnswerError
from lading.runtime.model import Feeds
from lading.runtime.protocols.pieces import PIECE_VALUES, pause

Array = NDArray[Any]

Cells = list[tuple[bytes, ...]]
"""For each row the JSON of each hole in the row's template."""


class AnswerWriter:
    """Writes the answers of one model; all that does not change from row to row is made once."""

    def __init__(self, signature: Signature) -> None:
        columns = [
            _Column(signature, output, key) for output, key in zip(signature.outputs, keys(signature), strict=True)
        ]
        self._template = b"{" + b",".join(column.template for column in columns) + b"}"
        self._columns = [(column.name, column.cells) for column in columns]

    def rows(self, outputs: Feeds) -> list[bytes]:
        """The answer to each row. Raises ``InfiniteAnswerError``; NaN is null."""
        count = len(next(iter(outputs.values())))
        if count <= PIECE_VALUES:
            return self._rows(outputs)
        written: list[bytes] = []
        for start in range(0, count, PIECE_VALUES):
            try:
                written += self._rows({name: values[start : start + PIECE_VALUES] for name, values in outputs.items()})
            except InfiniteAnswerError as error:
                raise InfiniteAnswerError(error.output, None if error.row is None else start + error.row) from None
            pause()
        return written

    def _rows(self, outputs: Feeds) -> list[bytes]:
        cells = [cells_of(outputs[name]) for name, cells_of in self._columns]
        template = self._template
        if len(cells) == 1:
            return [template % row for row in cells[0]]
        return [template % tuple(chain.from_iterable(row)) for row in zip(*cells, strict=True)]


class PredictionWriter(AnswerWriter):
    """Writes what the model's own ``predict`` gave for each row: a label, a number, a list of them.

    Of several labels a row is a list, in the order of the targets. Where no output says that it is that, and there are
    several, a row is an object, as ``AnswerWriter`` has it.
    """

    def __init__(self, signature: Signature) -> None:
        super().__init__(signature)
        columns = [_Column(signature, output, output.meaning) for output in predicted(signature)]
        if columns:
            self._columns = [(column.name, column.cells) for column in columns]
            self._template = b"[" + b",".join(column.bare for column in columns) + b"]"
        if len(columns) == 1:
            self._template = columns[0].bare


class TensorWriter(AnswerWriter):
    """Writes every output as it is, labels by name, under the name of its tensor; of the only one the value alone."""

    def __init__(self, signature: Signature) -> None:
        columns = [_Column(signature, as_tensor(output), output.tensor.name) for output in signature.outputs]
        self._columns = [(column.name, column.cells) for column in columns]
        self._template = b"{" + b",".join(column.template for column in columns) + b"}"
        if len(columns) == 1:
            self._template = columns[0].bare

    def columns(self, outputs: Feeds) -> bytes:
        """The answers to all rows, output by output. Raises ``InfiniteAnswerError``; NaN is null."""
        listed = [b"[" + b",".join([cell for (cell,) in cells(outputs[name])]) + b"]" for name, cells in self._columns]
        return listed[0] if len(listed) == 1 else self._template % tuple(listed)


def as_tensor(output: Output) -> Output:
    """The output without what its numbers mean; a label stays one."""
    return output if output.meaning == "label" else output.model_copy(update={"meaning": "tensor"})


class _Column:
    """One output: its part of a row's template, and the cells that fill it."""

    def __init__(self, signature: Signature, output: Output, key: str) -> None:
        self.name = output.tensor.name
        self._output = output
        self._names = column_names(signature, output) or []
        self._single = signature.row_shape(output.tensor) in ((), (1,))
        self._labels = {value: orjson.dumps(value) for value in class_values(output)}
        self._coded = list(self._labels.values())
        holes = b",".join(_literal(orjson.dumps(name)) + b":%b" for name in self._names)
        self.bare = b"[" + b",".join([b"%b"] * len(self._names)) + b"]" if self._names else b"%b"
        self.template = _literal(orjson.dumps(key)) + b":" + (b"{" + holes + b"}" if self._names else b"%b")

    def cells(self, values: Array) -> Cells:
        """The cells of each row of ``values`` ``[N, …]``."""
        if self._names:
            self._check_columns(values)
            return list(zip(*[iter(self._numbers(values))] * len(self._names), strict=True))
        if self._output.meaning == "label" and values.size == len(values):
            return self._label_cells(values)
        return self._row_cells(values)

    def _check_columns(self, values: Array) -> None:
        expected = (len(values), len(self._names))
        if values.shape != expected:
            raise AnswerShapeError(self.name, expected, values.shape)

    def _label_cells(self, values: Array) -> Cells:
        flat = values.reshape(-1).tolist()
        if self._output.coded:
            return [(self._coded[position],) for position in flat]
        labels = self._labels
        return [(labels[value] if value in labels else orjson.dumps(value),) for value in flat]

    def _row_cells(self, values: Array) -> Cells:
        flat = values.reshape(-1) if self._single and values.size == len(values) else values
        if flat.dtype == object:
            return [(orjson.dumps(row),) for row in flat.tolist()]
        if flat.ndim == 1:
            return [(number,) for number in self._numbers(flat)]
        self._refuse_infinite(flat)
        return [(orjson.dumps(np.ascontiguousarray(row), option=orjson.OPT_SERIALIZE_NUMPY),) for row in flat]

    def _numbers(self, values: Array) -> list[bytes]:
        """The JSON of every number, row after row."""
        if values.size == 0:
            return []
        text = orjson.dumps(np.ascontiguousarray(values).reshape(-1), option=orjson.OPT_SERIALIZE_NUMPY)
        if b"n" in text:  # of null, which stands for what is not finite
            self._refuse_infinite(values)
        return text[1:-1].split(b",")

    def _refuse_infinite(self, values: Array) -> None:
        refuse_infinite(self._output.tensor.name, values)


def refuse_infinite(output: str, values: Array) -> None:
    """Raise ``InfiniteAnswerError`` for the first row of ``values`` ``[N, …]`` that holds an infinity."""
    if values.dtype.kind == "f":
        infinite = np.isinf(values)
        if infinite.any():
            raise InfiniteAnswerError(output, int(np.argwhere(infinite)[0][0]))


def _literal(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")
