"""The fields' values: what of a request a model was given, by the names of the fields."""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lading.bundles.sensitive import sensitive_fields
from lading.bundles.signature import Feed, Field, Signature
from lading.bundles.tensors.values import kind_of

REDACTED = "[redacted]"
ALL = "*"
"""In place of a field's name: every one of them."""

Tensors = Mapping[str, NDArray[np.generic]]


class FieldValues:
    """Finds the values of the fields of ``signature`` in the graph's inputs; ``redacted`` ones, and sensitive ones, are not told.

    A field that the model does not use is in none of its inputs, and is left out.
    """

    def __init__(self, signature: Signature, redacted: Collection[str] = ()) -> None:
        self._fields = [(field, field.feed) for field in signature.fields if field.feed is not None]
        self._names = [field.name for field, _ in self._fields]
        self._hidden = frozenset(self._names) if ALL in redacted else sensitive_fields(signature).union(redacted)

    def rows(self, feeds: Tensors) -> list[dict[str, object]]:
        """The values of each row of ``feeds``, tensors ``[rows, …]``; None where one is missing."""
        columns = [self._told(field, feed, feeds[feed.input]) for field, feed in self._fields]
        return [dict(zip(self._names, row, strict=True)) for row in zip(*columns, strict=True)]

    def _told(self, field: Field, feed: Feed, tensor: NDArray[np.generic]) -> Sequence[object]:
        return [REDACTED] * len(tensor) if field.name in self._hidden else _values(field, feed, tensor)


def _values(field: Field, feed: Feed, tensor: NDArray[np.generic]) -> list[object]:
    if len(tensor) == 0:  # NumPy does not know what -1 is of nothing
        return []
    column = tensor if feed.column is None else tensor.reshape(len(tensor), -1)[:, feed.column]
    single = field.shape == () and column.size == len(column)
    values: list[object] = (column.reshape(-1) if single else column).tolist()
    if not single:
        return values
    convert = _CONVERSIONS.get(kind_of(field), _same)
    return [None if value != value or value == feed.missing else convert(value) for value in values]


def _same(value: object) -> object:
    return value


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _truth(value: object) -> object:
    return bool(value) if value in (0, 1) else value


_CONVERSIONS: Mapping[str, Callable[[object], object]] = {"integer": _whole, "boolean": _truth}
"""How numbers of a tensor become what a field's values are to the user."""
