"""Rows: JSON objects as the graph's tensors, the short way where nothing speaks against it."""

import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, cast

import numpy as np

from lading.bundles.signature import Field, Signature, Tensor
from lading.bundles.tensors.feeds import Encoder
from lading.bundles.tensors.specs import fed_fields
from lading.bundles.tensors.values import kind_of
from lading.runtime.model import Feeds
from lading.runtime.protocols.arrays import CODES, EXACT, Array, fits_plainly, floats_with_missing, plain_array

Row = tuple[Any, ...]
"""One row's values, in the order of the fields; None is missing."""
Fill = Callable[[Sequence[Row]], Array | None]

MISSING = type(None)
PLAIN_TYPES: Mapping[str, frozenset[type]] = {
    "datetime": frozenset(),
    "boolean": frozenset({bool}),
    "integer": frozenset({int}),
    "number": frozenset({float, int}),
    "string": frozenset({str}),
}
"""The types of JSON values that are plainly of a kind; 2.0 is an integer too, but the encoder says so."""

TEXTS: Mapping[str, Callable[[Any], str]] = {
    "boolean": str,
    "integer": str,
    "number": lambda value: repr(float(value)),
    "string": lambda value: value,
    "datetime": lambda value: value,
}

FLOATS = ("float32", "float64")
MATRICES = (*FLOATS, "string")
MOST_REMEMBERED = 1024


class RowReader:
    """Makes tensors of rows for one signature.

    The encoder has the rule, and every error. What is done here gives the same tensors for rows that are plainly
    right, some times faster; any doubt is the encoder's.
    """

    def __init__(self, signature: Signature, encoder: Encoder) -> None:
        self._encoder = encoder
        self._names = [field.name for field in signature.fields]
        self._known = frozenset(self._names)
        self._pick: Callable[[Any], Row] = _picker(self._names)
        self.absent = [field.default for field in signature.fields]
        """What a row says that lacks the field, for each of them."""
        self._types = [_types(signature, field) for field in signature.fields]
        self._remembered: set[tuple[type, ...]] = set()
        self._categories = [
            (position, frozenset((*(field.categories or ()), None)))
            for position, field in enumerate(signature.fields)
            if field.unknown == "refuse" and field.categories is not None
        ]
        self._integers = [
            position
            for position, field in enumerate(signature.fields)
            if kind_of(field) == "integer" and not field.shape
        ]
        self._fills = _fills(signature)
        self.may_be_plain = self._fills is not None and all(types - {MISSING} for types in self._types)
        """Whether ``plain`` can ever say something."""

    def read(self, rows: Sequence[dict[str, Any]]) -> Feeds:
        """The graph's inputs for ``rows``. Raises ``FieldError``."""
        table = self._table(rows)
        feeds = None if table is None else self.plain(table)
        return self._encoder.encode_rows(rows) if feeds is None else feeds

    def plain(self, table: Sequence[Row]) -> Feeds | None:
        """The graph's inputs for values in the order of the fields; None where a value has to be looked at."""
        if self._fills is None or not table or not all(map(self._is_plain, table)):
            return None
        feeds: Feeds = {}
        for name, fill in self._fills.items():
            tensor = fill(table)
            if tensor is None:
                return None
            feeds[name] = tensor
        return feeds

    def _table(self, rows: Sequence[dict[str, Any]]) -> Sequence[Row] | None:
        """The values in the order of the fields; None where a row has a field that is not known."""
        try:
            table = list(map(self._pick, rows))
        except KeyError:
            known = all(row.keys() <= self._known for row in rows)
            return [tuple(map(row.get, self._names, self.absent)) for row in rows] if known else None
        width = len(self._names)
        return table if all(len(row) == width for row in rows) else None

    def _is_plain(self, values: Row) -> bool:
        types = tuple(map(type, values))
        if types not in self._remembered and not self._accept(types):
            return False
        for position, allowed in self._categories:
            if values[position] not in allowed:
                return False
        for position in self._integers:
            value = values[position]
            if value is not None and not -EXACT <= value <= EXACT:
                return False
        return True

    def _accept(self, types: tuple[type, ...]) -> bool:
        accepted = all(found in allowed for found, allowed in zip(types, self._types, strict=True))
        if accepted and len(self._remembered) < MOST_REMEMBERED:
            self._remembered.add(types)
        return accepted


def _types(signature: Signature, field: Field) -> frozenset[type]:
    types = frozenset({list}) if field.shape else PLAIN_TYPES[kind_of(field)]
    return types | {MISSING} if signature.may_be_null(field) else types


def _fills(signature: Signature) -> dict[str, Fill] | None:
    """What fills each input of the graph; None where only the encoder can."""
    fills = {tensor.name: _fill(signature, tensor) for tensor in signature.inputs}
    return None if None in fills.values() else cast("dict[str, Fill]", fills)


def _fill(signature: Signature, tensor: Tensor) -> Fill | None:
    fields = fed_fields(signature, tensor)
    fed = [signature.fields.index(field) for field in fields]
    if len(fed) == 1 and (fields[0].shape or tensor.dtype not in MATRICES):
        return _nested(tensor, fed[0], fields[0], len(signature.row_shape(tensor)))
    if tensor.dtype in FLOATS:
        return _numbers(tensor, fed)
    return _texts(tensor, fed, fields) if tensor.dtype == "string" else None


def _nested(tensor: Tensor, position: int, field: Field, rank: int) -> Fill | None:
    """Fills a tensor with one field's values, each of which may be a list of lists; a missing one is the encoder's."""
    kind, dtype = kind_of(field), np.dtype(object if tensor.dtype == "string" else tensor.dtype)
    if not fits_plainly(kind, dtype):
        return None
    more, types = (1,) * (rank - len(field.shape)), PLAIN_TYPES[kind]

    def fill(table: Sequence[Row]) -> Array | None:
        values: list[Any] = [row[position] for row in table]
        shape = [len(values)]
        for extent in field.shape:
            if set(map(type, values)) != {list}:
                return None
            lengths = set(map(len, values))
            if lengths != {extent} and (isinstance(extent, int) or len(lengths) != 1):
                return None
            shape.extend(lengths)
            values = list(chain.from_iterable(values))
        made = plain_array(values, dtype) if types.issuperset(map(type, values)) else None
        return None if made is None else made.reshape(*shape, *more)

    return fill


def _numbers(tensor: Tensor, fed: list[int]) -> Fill:
    """Fills a matrix of floats with the values at the positions ``fed``."""
    pick, dtype, shape = _picker(fed), np.dtype(tensor.dtype), _shape(tensor, fed)
    pack = struct.Struct(f"<{len(fed)}{CODES[dtype]}").pack  # the fastest of all ways, and it notices what is too large

    def fill(table: Sequence[Row]) -> Array | None:
        try:
            made = np.frombuffer(b"".join([pack(*pick(row)) for row in table]), dtype)
        except OverflowError:
            return None
        except struct.error:  # a value is missing
            wide = floats_with_missing([pick(row) for row in table], dtype)
            return None if wide is None else wide.reshape(shape)
        return made.reshape(shape)

    return fill


def _texts(tensor: Tensor, fed: list[int], fields: list[Field]) -> Fill:
    """Fills a matrix of texts with the values at the positions ``fed``."""
    pick, shape = _picker(fed), _shape(tensor, fed)
    words = [_word(field) for field in fields]
    as_they_are = all(kind_of(field) == "string" and not field.nullable for field in fields)

    def fill(table: Sequence[Row]) -> Array:
        made = np.empty((len(table), len(fed)), dtype=object)
        if as_they_are:
            made[:] = [pick(row) for row in table]
        else:
            made[:] = [[word(value) for word, value in zip(words, pick(row), strict=True)] for row in table]
        return made.reshape(shape)

    return fill


def _word(field: Field) -> Callable[[Any], str | None]:
    """What writes a field's value as text."""
    text, missing = TEXTS[kind_of(field)], field.feed.missing if field.feed is not None else None
    return lambda value: missing if value is None else text(value)


def _shape(tensor: Tensor, fed: list[int]) -> tuple[int, ...]:
    return (-1, *(1,) * (len(tensor.shape) - 2), len(fed)) if len(tensor.shape) > 1 else (-1,)


def _picker(keys: Sequence[Any]) -> Callable[[Any], Row]:
    """What takes the values under ``keys`` as a tuple."""
    if len(keys) == 1:
        only = keys[0]
        return lambda values: (values[only],)
    return itemgetter(*keys)
