"""Byte columns: the fields of a data frame that all came as bytes, read at once where nothing speaks against it."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from lading.bundles.tensors.binary import DTYPES, SWAPPED, Array, UnreadableError, unpack
from lading.bundles.tensors.specs import TensorSpec

PLAIN = frozenset(word for word in DTYPES if word != "BOOL")
"""The datatypes of which any bytes are values."""

BYTES = (bytes, memoryview)
INTEGER = {int}


class ByteColumns:
    """Reads the tensors of a request that has one for each field, in the order of the fields, and all of one shape.

    It says nothing of any other request: what has the rule for one tensor says it, some times slower.
    """

    def __init__(self, specs: Sequence[TensorSpec]) -> None:
        self._single = all(spec.extents == (1,) for spec in specs)
        self._names = [spec.name for spec in specs]
        self._datatypes = [spec.datatype for spec in specs]
        self._dtypes = [DTYPES[spec.datatype] if spec.datatype in PLAIN else None for spec in specs]

    def read(self, given: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Array], int] | None:
        """One array of values for each field, and how many each has; None where a tensor has to be looked at."""
        if not self._single or [tensor.get("name") for tensor in given] != self._names:
            return None
        rows = _rows([tensor.get("shape") for tensor in given])
        if rows is None or [tensor.get("datatype") for tensor in given] != self._datatypes:
            return None
        data = [tensor.get("data") for tensor in given]
        if not all(type(part) in BYTES for part in data):
            return None
        try:
            columns = [self._column(position, part, rows) for position, part in enumerate(data)]
        except UnreadableError:
            return None
        return dict(zip(self._names, columns, strict=True)), rows

    def _column(self, position: int, data: Any, rows: int) -> Array:
        dtype = self._dtypes[position]
        if dtype is None or SWAPPED or len(data) != rows * dtype.itemsize:
            return unpack(self._datatypes[position], data, rows)
        return np.frombuffer(data, dtype)


def _rows(shapes: Sequence[Any]) -> int | None:
    """The rows that all shapes say; None unless all are one, ``[N, 1]``."""
    first = shapes[0] if shapes else None
    if type(first) is not list or len(first) != 2 or any(shape != first for shape in shapes):
        return None
    rows = first[0]
    plain = set(map(type, chain.from_iterable(shapes))) == INTEGER and first[1] == 1 and rows >= 0
    return rows if plain else None
