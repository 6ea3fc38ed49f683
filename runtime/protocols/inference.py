"""Inference: a V2 request as the tensors of one model, and the model's tensors as a V2 response."""

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson

from lading.bundles.signature import Field, Signature, Tensor
from lading.bundles.values import kind_of
from lading.runtime.errors import MalformedRequestError, shown, suggestion
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.arrays import Array, fits_plainly, plain_array
from lading.runtime.protocols.body import parse, refuse_repeated
from lading.runtime.protocols.rows import RowReader
from lading.runtime.protocols.tensors import Given, OutputWriter, TensorSpec, field_spec, input_spec, read_tensor

_START = os.urandom(6).hex().encode()
_COUNT = itertools.count(1)


class Inference(NamedTuple):
    """A request that was read."""

    feeds: Feeds
    rows: int
    id: bytes
    """As JSON."""
    outputs: tuple[OutputWriter, ...]


class InferenceDialect:
    """Reads V2 requests for one model, and writes V2 responses."""

    def __init__(self, model: Model) -> None:
        self.inputs: FrameInputs | GraphInputs = (
            FrameInputs(model) if model.signature.form == "frame" else GraphInputs(model)
        )
        self.outputs = tuple(OutputWriter(output) for output in model.signature.outputs)
        self._by_name = {output.name: output for output in self.outputs}
        named = orjson.dumps(model.name), orjson.dumps(model.version)
        self._start = b'{"model_name":%b,"model_version":%b,"id":' % named

    def read(self, body: bytes) -> Inference:
        """The request in ``body``. Raises ``MalformedRequestError`` and ``FieldError``."""
        document = parse(body)
        if type(document) is not dict:
            raise MalformedRequestError(f"the body is {shown(document)}, expected an object with inputs")
        given = _objects(document, "inputs")
        wanted = _objects(document, "outputs") if document.get("outputs") else []
        refuse_repeated(body, document, _names(document, given, wanted))
        feeds, rows = self.inputs.read(given)
        return Inference(feeds, rows, _id(document.get("id")), self._selected(wanted))

    def write(self, question: Inference, outputs: Feeds) -> bytes:
        """The response, with the outputs that were asked for in the order in which they were."""
        parts = b",".join([writer.write(outputs[writer.name]) for writer in question.outputs])
        return b'%b%b,"outputs":[%b]}' % (self._start, question.id, parts)

    def _selected(self, wanted: Sequence[Mapping[str, Any]]) -> tuple[OutputWriter, ...]:
        if not wanted:
            return self.outputs
        for output in wanted:
            name = output.get("name")
            if name not in self._by_name:
                close = suggestion(str(name), self._by_name)
                raise MalformedRequestError(
                    f"there is no output {shown(name)}{close}; outputs are {_listed(self._by_name)}"
                )
            if "classification" in (output.get("parameters") or {}):
                raise MalformedRequestError("the classification extension is not offered; ask for the output itself")
        return tuple(self._by_name[output["name"]] for output in wanted)


class FrameInputs:
    """The inputs of a model of a data frame: one tensor for each field."""

    def __init__(self, model: Model) -> None:
        fields = model.signature.fields
        self.specs = [field_spec(field) for field in fields]
        self._encoder = model.encoder
        self._reader = RowReader(model.signature, model.encoder)
        self._own = {field.name: _own(field, spec) for field, spec in zip(fields, self.specs, strict=True)}

    def read(self, given: Sequence[Mapping[str, Any]]) -> tuple[Feeds, int]:
        """The graph's inputs for the tensors of a request, and the rows that they hold."""
        found = named_tensors(self.specs, given)
        data = {spec.name: read_tensor(spec, found[spec.name]) for spec in self.specs if spec.name in found}
        rows = _same_rows(data)
        columns = [self._values(spec.name, data, rows) for spec in self.specs]
        table = list(zip(*columns, strict=True))
        feeds = self._reader.plain(table)
        return (self._checked(table) if feeds is None else feeds), rows

    def _values(self, name: str, data: Mapping[str, Given], rows: int) -> Sequence[Any]:
        if name not in data:
            return (None,) * rows
        own = self._own[name]
        return data[name].values if own is None else list(map(own, data[name].values))

    def _checked(self, table: Sequence[tuple[Any, ...]]) -> Feeds:
        names = [spec.name for spec in self.specs]
        return self._encoder.encode_rows([dict(zip(names, row, strict=True)) for row in table])


class GraphInputs:
    """The inputs of a model of an array or of tensors: the graph's own."""

    def __init__(self, model: Model) -> None:
        self._readers = [_GraphInput(model.signature, tensor) for tensor in model.signature.inputs]
        self.specs = [reader.spec for reader in self._readers]
        self._encoder = model.encoder

    def read(self, given: Sequence[Mapping[str, Any]]) -> tuple[Feeds, int]:
        """The graph's inputs for the tensors of a request, and the rows that they hold."""
        found = named_tensors(self.specs, given)
        data = {spec.name: read_tensor(spec, found[spec.name]) for spec in self.specs}
        rows = _same_rows(data)
        feeds: Feeds = {}
        for reader in self._readers:
            tensor = reader.plain(data[reader.spec.name])
            if tensor is None:
                return self._checked(data), rows
            feeds[reader.spec.name] = tensor
        return feeds, rows

    def _checked(self, data: Mapping[str, Given]) -> Feeds:
        columns: dict[str, Array] = {}
        for reader in self._readers:
            columns |= reader.columns(data[reader.spec.name])
        return self._encoder.encode(columns)


class _GraphInput:
    """One input of the graph, and the fields that feed it."""

    def __init__(self, signature: Signature, tensor: Tensor) -> None:
        self.spec = input_spec(signature, tensor)
        self._rank = len(tensor.shape)
        self._fields = [field for field in signature.fields if field.feed and field.feed.input == tensor.name]
        self._dtype = np.dtype(object if tensor.dtype == "string" else tensor.dtype)
        # The widest type of its kind: whether a value fits into the tensor is the encoder's to say.
        self._wide = np.dtype(np.float64) if self._dtype.kind == "f" else self._dtype
        self._is_plain = all(_is_plain(field, self._dtype) for field in self._fields)

    def plain(self, data: Given) -> Array | None:
        """The tensor, where nothing speaks against taking the values as they are."""
        values = plain_array(data.values, self._dtype) if self._is_plain else None
        if values is None:
            return None
        return values if self._rank == 1 else values.reshape(data.rows, *self.spec.extents)

    def columns(self, data: Given) -> dict[str, Array]:
        """One array of values for each field, as the encoder takes them."""
        values = np.empty(len(data.values), dtype=self._wide)
        values[:] = data.values
        shaped = values.reshape(data.rows, *self.spec.extents)
        return {field.name: _part(field, shaped) for field in self._fields}


def named_tensors(specs: Sequence[TensorSpec], given: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The tensors of a request by name; raises ``MalformedRequestError`` for one that is missing, extra or repeated."""
    known = {spec.name: spec for spec in specs}
    found: dict[str, Mapping[str, Any]] = {}
    for tensor in given:
        name = tensor.get("name")
        if type(name) is not str or name not in known:
            missing = [other for other in known if other not in {item.get("name") for item in given}]
            close = suggestion(str(name), missing)
            raise MalformedRequestError(
                f"there is no input {shown(name)}{close}; inputs are {_listed(known)}", str(name)
            )
        if name in found:
            raise MalformedRequestError(f"input {shown(name)} is given twice; give it once", name)
        found[name] = tensor
    for spec in specs:
        if spec.name not in found and not spec.optional:
            raise MalformedRequestError(f"input {shown(spec.name)} is missing; send {spec.datatype}", spec.name)
    return found


def _same_rows(data: Mapping[str, Given]) -> int:
    rows = {name: tensor.rows for name, tensor in data.items()}
    first = next(iter(rows), None)
    for name, found in rows.items():
        if first is not None and found != rows[first]:
            problem = f"input {shown(name)} has {found} rows, input {shown(first)} has {rows[first]}"
            raise MalformedRequestError(f"{problem}; send as many of each", name)
    return 0 if first is None else rows[first]


def _is_plain(field: Field, dtype: np.dtype[Any]) -> bool:
    """Whether any value of the tensor's type is one of the field."""
    return fits_plainly(kind_of(field), dtype) and (field.unknown == "accept" or field.categories is None)


def _part(field: Field, values: Array) -> Array:
    if field.feed is not None and field.feed.column is not None:
        return values[:, field.feed.column]
    return values.reshape(len(values), *field.shape)


def _own(field: Field, spec: TensorSpec) -> Callable[[Any], Any] | None:
    """What makes a value of a nullable field's FP64 tensor the field's own; None where nothing has to be done."""
    kind = kind_of(field)
    if spec.datatype != "FP64" or kind == "number":
        return None
    return _truth if kind == "boolean" else _whole


def _truth(value: float | None) -> object:
    return bool(value) if value in (0, 1) else value


def _whole(value: float | None) -> object:
    return int(value) if value is not None and float(value).is_integer() else value


def _objects(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = document.get(key)
    if type(found) is not list or any(type(item) is not dict for item in found):
        problem = f"has {shown(found)} for its {key}" if key in document else f"has no {key}"
        raise MalformedRequestError(f"the request {problem}, expected a list of objects")
    return found


def _names(document: Mapping[str, Any], *parts: Sequence[Mapping[str, Any]]) -> int:
    """How many names all objects of a request say, where parameters are one level deep."""
    objects = [document, *(item for part in parts for item in part)]
    parameters = [item["parameters"] for item in objects if type(item.get("parameters")) is dict]
    return sum(map(len, objects)) + sum(map(len, parameters))


def _id(given: object) -> bytes:
    if given is None:
        return b'"%b-%d"' % (_START, next(_COUNT))
    if type(given) is not str:
        raise MalformedRequestError(f"the request has {shown(given)} for its id, expected text")
    return orjson.dumps(given)


def _listed(names: Iterable[str]) -> str:
    listed = [shown(name) for name in names]
    return ", ".join(listed[:10]) + (", …" if len(listed) > 10 else "")
