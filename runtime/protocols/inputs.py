"""Inputs: the tensors that a V2 request must name, and how they become the graph's."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lading.bundles.signature import Field, Signature, Tensor
from lading.bundles.tensors.binary import UnreadableError, unpack, unpack_list
from lading.bundles.tensors.feeds import FieldError
from lading.bundles.tensors.specs import TensorSpec, fed_fields, field_spec, input_spec
from lading.bundles.tensors.values import kind_of, object_array
from lading.runtime.errors import MalformedRequestError, listed, shown, suggestion
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.arrays import (
    CODES,
    Array,
    are_plain,
    fits_plainly,
    floats_with_missing,
    modest_floats,
    plain_array,
)
from lading.runtime.protocols.byte_columns import ByteColumns
from lading.runtime.protocols.rows import RowReader
from lading.runtime.protocols.tensors import TYPES, Given, read_tensor

MOST_LISTED = 64
"""Up to so many rows of a data frame are read faster one by one than column by column."""

NULLABLE = frozenset(word for word, types in TYPES.items() if type(None) in types)
"""The datatypes whose lists may hold null."""

Rows = Sequence[Mapping[str, Any]]
"""JSON objects, one for each row."""


class FrameInputs:
    """The inputs of a model of a data frame: one tensor for each field."""

    def __init__(self, model: Model) -> None:
        fields = model.signature.fields
        self.specs = [field_spec(field) for field in fields]
        self._byte_columns = ByteColumns(self.specs)
        self._encoder = model.encoder
        self._reader = RowReader(model.signature, model.encoder)
        self.may_be_plain = self._reader.may_be_plain and all(spec.extents == (1,) for spec in self.specs)
        """Whether ``plain`` can ever say something."""
        self._shapes = {field.name: field.shape for field in fields}
        self._own = {field.name: _own(field, spec) for field, spec in zip(fields, self.specs, strict=True)}
        self._typed = [
            (position, TYPES[spec.datatype], self._own[spec.name])
            for position, spec in enumerate(self.specs)
            if self._own[spec.name] is not None or (spec.optional and spec.datatype not in NULLABLE)
        ]

    def read(self, given: Sequence[Mapping[str, Any]]) -> tuple[Feeds, int]:
        """The graph's inputs for the tensors of a request, and the rows that they hold."""
        all_bytes = self._byte_columns.read(given)
        if all_bytes is not None:
            return self._encoder.encode(all_bytes[0]), all_bytes[1]
        found = named_tensors(self.specs, given)
        data = {spec.name: read_tensor(spec, found[spec.name]) for spec in self.specs if spec.name in found}
        rows = same_rows({name: tensor.rows for name, tensor in data.items()})
        if self._in_columns(data, rows):
            return self._encoder.encode({name: self._column(name, tensor) for name, tensor in data.items()}), rows
        columns = [
            self._values(spec.name, data, rows, default)
            for spec, default in zip(self.specs, self._reader.absent, strict=True)
        ]
        table = list(zip(*columns, strict=True))
        feeds = self._reader.plain(table)
        return (self._checked(table) if feeds is None else feeds), rows

    def plain(self, data: Sequence[Sequence[Any] | None], rows: int) -> Feeds | None:
        """The graph's inputs for one list of JSON values for each field; None where a value has to be looked at."""
        columns = [
            (default,) * rows if values is None else values
            for values, default in zip(data, self._reader.absent, strict=True)
        ]
        for position, types, own in self._typed:
            given = data[position]
            if given is not None and not types.issuperset(map(type, given)):
                return None
            if own is not None:
                columns[position] = list(map(own, columns[position]))
        if any(len(values) != rows for values in columns):
            return None
        return self._reader.plain(list(zip(*columns, strict=True)))

    def from_bytes(self, data: Sequence[memoryview | None], rows: int) -> Feeds | None:
        """The same for the bytes of each field's values; what is missing has to be looked at."""
        given = zip(self.specs, data, strict=True)
        try:
            if rows <= MOST_LISTED:
                lists = [None if part is None else unpack_list(spec.datatype, part, rows) for spec, part in given]
                return None if self._has_negative_zero(lists) else self.plain(lists, rows)
            return self._encoder.encode(
                {spec.name: unpack(spec.datatype, part, rows) for spec, part in given if part is not None}
            )
        except (UnreadableError, FieldError):
            return None

    def _has_negative_zero(self, data: Sequence[Sequence[Any] | None]) -> bool:
        """Whether a float that stands for a whole number is -0.0, which whole numbers do not have."""
        listed = [data[position] for position, _, own in self._typed if own is not None]
        return any(values is not None and 0.0 in values and "-0.0" in map(repr, values) for values in listed)

    def tensors_of(self, rows: Rows) -> list[list[Any]]:
        """The flat data of each tensor for rows of named fields."""
        return [[_on_the_wire(spec, row.get(spec.name)) for row in rows] for spec in self.specs]

    def _in_columns(self, data: Mapping[str, Given], rows: int) -> bool:
        """Whether the fields are read faster column by column than row by row."""
        lists = sum(type(tensor.values) is list for tensor in data.values())
        return lists == 0 or (rows > MOST_LISTED and lists < len(data))

    def _values(self, name: str, data: Mapping[str, Given], rows: int, default: Any) -> Sequence[Any]:
        if name not in data:
            return (default,) * rows
        own, values = self._own[name], data[name].values
        if not isinstance(values, list):
            values = _as_json(values)
        return values if own is None else list(map(own, values))

    def _column(self, name: str, data: Given) -> Array:
        """One array of values, as the encoder takes them."""
        own, values = self._own[name], data.values
        if isinstance(values, list):
            values = object_array(values if own is None else list(map(own, values)))
        return values.reshape(data.rows, *self._shapes[name])

    def _checked(self, table: Sequence[tuple[Any, ...]]) -> Feeds:
        names = [spec.name for spec in self.specs]
        return self._encoder.encode_rows([dict(zip(names, row, strict=True)) for row in table])


class GraphInputs:
    """The inputs of a model of an array or of tensors: the graph's own."""

    def __init__(self, model: Model) -> None:
        self._readers = [GraphInput(model.signature, tensor) for tensor in model.signature.inputs]
        self.specs = [reader.spec for reader in self._readers]
        self.sole = self._readers[0] if len(self._readers) == 1 and self._readers[0].takes_floats else None
        """The one input, where there is no other, and it takes floats as they are."""
        self._encoder = model.encoder

    def read(self, given: Sequence[Mapping[str, Any]]) -> tuple[Feeds, int]:
        """The graph's inputs for the tensors of a request, and the rows that they hold."""
        found = named_tensors(self.specs, given)
        data = {spec.name: read_tensor(spec, found[spec.name]) for spec in self.specs}
        rows = same_rows({name: tensor.rows for name, tensor in data.items()})
        feeds: Feeds = {}
        for reader in self._readers:
            tensor = reader.plain(data[reader.spec.name])
            if tensor is None:
                return self._checked(data), rows
            feeds[reader.spec.name] = tensor
        return feeds, rows

    def tensors_of(self, rows: Rows) -> list[list[Any]]:
        """The flat data of each tensor for rows of named fields."""
        return [reader.values_of(rows) for reader in self._readers]

    def _checked(self, data: Mapping[str, Given]) -> Feeds:
        columns: dict[str, Array] = {}
        for reader in self._readers:
            columns |= reader.columns(data[reader.spec.name])
        return self._encoder.encode(columns)


class GraphInput:
    """One input of the graph, and the fields that feed it."""

    def __init__(self, signature: Signature, tensor: Tensor) -> None:
        self.spec = input_spec(signature, tensor)
        self._rank = len(signature.row_shape(tensor)) + 1
        self._fields = fed_fields(signature, tensor)
        self._dtype = np.dtype(object if tensor.dtype == "string" else tensor.dtype)
        # The widest type of its kind: whether a value fits into the tensor is the encoder's to say.
        self._wide = np.dtype(np.float64) if self._dtype.kind == "f" else self._dtype
        self._is_plain = all(_is_plain(field, self._dtype) for field in self._fields)
        self.takes_floats = self._is_plain and self._dtype in CODES
        self._may_miss = self._dtype.kind == "f" and any(field.nullable for field in self._fields)
        self._required = [column for column, field in enumerate(self._fields) if not field.nullable]
        kinds = [kind_of(field) for field in self._fields] if self._dtype.kind == "f" else []
        self._columns = {
            kind: [column for column, found in enumerate(kinds) if found == kind]
            for kind in ("integer", "boolean")
            if kind in kinds
        }

    def plain(self, data: Given) -> Array | None:
        """The tensor, where nothing speaks against taking the values as they are."""
        if not self._is_plain:
            return None
        values = self._plain_values(data.values)
        if values is None or (self._columns and not self._columns_are_plain(values)):
            return None
        return self._shaped(values, data.rows, data.extents)

    def from_numbers(self, values: Sequence[float], rows: int, extents: Sequence[int]) -> Array | None:
        """The same for numbers that were not looked at, none of which is missing, of an input that takes floats."""
        made = modest_floats(values, self._dtype)
        if made is None or len(made) != rows * math.prod(extents):
            return None
        if self._columns and not self._columns_are_plain(made):
            return None
        return self._shaped(made, rows, extents)

    def from_bytes(self, data: memoryview, rows: int, extents: Sequence[int]) -> Array | None:
        """The same for the bytes of the tensor's numbers; None where they are not just these."""
        try:
            values = unpack(self.spec.datatype, data, rows * math.prod(extents))
        except UnreadableError:
            return None
        return self.plain(Given(values, rows, extents))

    def _shaped(self, values: Array, rows: int, extents: Sequence[int]) -> Array:
        return values if self._rank == 1 else values.reshape(rows, *extents)

    def _plain_values(self, given: list[Any] | Array) -> Array | None:
        if isinstance(given, np.ndarray):
            return self._unless_required(given) if given.dtype.kind == "f" else given
        values = plain_array(given, self._dtype)
        if values is None and self._may_miss and given:
            values = floats_with_missing(given, self._dtype)
            return None if values is None else self._unless_required(values)
        return values

    def _unless_required(self, values: Array) -> Array | None:
        """The values; None where one is missing that may not be."""
        if not self._required:
            return values
        missing = np.isnan(values)
        if len(self._required) < len(self._fields) and missing.any():
            missing = missing.reshape(-1, len(self._fields))[:, self._required]
        return None if missing.any() else values

    def _columns_are_plain(self, values: Array) -> bool:
        """Whether the columns of integers and of truths, which a matrix of floats may have, hold such."""
        shaped = values.reshape(-1, len(self._fields))
        return all(are_plain(shaped[:, columns], kind) for kind, columns in self._columns.items())

    def values_of(self, rows: Rows) -> list[Any]:
        """The flat data of the tensor for rows of named fields."""
        flat = (value for row in rows for field in self._fields for value in _flattened(row[field.name]))
        return [_on_the_wire(self.spec, value) for value in flat]

    def columns(self, data: Given) -> dict[str, Array]:
        """One array of values for each field, as the encoder takes them."""
        values = np.empty(len(data.values), dtype=self._wide)
        values[:] = data.values
        shaped = values.reshape(data.rows, *data.extents)
        return {field.name: _part(field, shaped) for field in self._fields}


def named_tensors(specs: Sequence[TensorSpec], given: Rows) -> dict[str, Mapping[str, Any]]:
    """The tensors of a request by name; raises ``MalformedRequestError`` for one that is missing, extra or repeated."""
    if len(given) == len(specs) == 1 and given[0].get("name") == specs[0].name:
        return {specs[0].name: given[0]}
    known = {spec.name: spec for spec in specs}
    found: dict[str, Mapping[str, Any]] = {}
    for tensor in given:
        name = tensor.get("name")
        if type(name) is not str or name not in known:
            raise _unknown(name, known, given)
        if name in found:
            raise MalformedRequestError(f"input {shown(name)} is given twice; give it once", name)
        found[name] = tensor
    for spec in specs:
        if spec.name not in found and not spec.optional:
            raise MalformedRequestError(f"input {shown(spec.name)} is missing; send {spec.datatype}", spec.name)
    return found


def _unknown(name: object, known: Iterable[str], given: Rows) -> MalformedRequestError:
    names = [tensor.get("name") for tensor in given]
    close = suggestion(name, [other for other in known if other not in names])
    return MalformedRequestError(f"there is no input {shown(name)}; inputs are {listed(known)}{close}")


def same_rows(found: Mapping[str, int]) -> int:
    """The rows of all tensors of a request, by name; raises ``MalformedRequestError`` where they have not as many."""
    first, rows = None, 0
    for name, count in found.items():
        if first is None:
            first, rows = name, count
        elif count != rows:
            problem = f"input {shown(name)} has {count} rows, input {shown(first)} has {rows}"
            raise MalformedRequestError(f"{problem}; send as many of each", name)
    return rows


def _is_plain(field: Field, dtype: np.dtype[Any]) -> bool:
    """Whether the tensor's values can be the field's without a look at each: no text as numbers, no closed categories."""
    numeric = dtype.kind == "f" and not field.shape and kind_of(field) in ("integer", "boolean")
    fits = numeric or fits_plainly(kind_of(field), dtype)
    return fits and (field.unknown == "accept" or field.categories is None)


def _part(field: Field, values: Array) -> Array:
    if field.feed is not None and field.feed.column is not None:
        return values[:, field.feed.column]
    return values if field.shape else values.reshape(len(values))


def _own(field: Field, spec: TensorSpec) -> Callable[[Any], Any] | None:
    """What makes a value of a nullable field's FP64 tensor the field's own; None where nothing has to be done."""
    kind = kind_of(field)
    if spec.datatype != "FP64" or kind == "number":
        return None
    return _truth if kind == "boolean" else _whole


def _on_the_wire(spec: TensorSpec, value: Any) -> Any:
    """A field's value as its tensor holds it."""
    return float(value) if spec.datatype in ("FP32", "FP64") and value is not None else value


def _flattened(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for part in value:
            yield from _flattened(part)
    else:
        yield value


def _as_json(values: Array) -> list[Any]:
    """The values as JSON would have them: None for NaN."""
    found: list[Any] = values.tolist()
    if values.dtype.kind == "f" and np.isnan(values).any():
        return [None if value != value else value for value in found]
    return found


def _truth(value: float | None) -> object:
    return bool(value) if value in (0, 1) else value


def _whole(value: float | None) -> object:
    return int(value) if value is not None and float(value).is_integer() else value
