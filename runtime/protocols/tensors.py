"""Tensors on the wire: what a model's tensors are to the Open Inference Protocol, and their JSON data as values."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, NoReturn

import numpy as np
import orjson
from numpy.typing import NDArray

from lading.bundles.answer_names import class_values
from lading.bundles.signature import Output, Signature
from lading.bundles.tensors.binary import DTYPES, UnreadableError, pack, unpack
from lading.bundles.tensors.rules import fits
from lading.bundles.tensors.specs import DATATYPES, KIND_DATATYPES, TensorSpec, extents_on_the_wire
from lading.runtime.errors import MalformedRequestError, NotInJsonError, shown
from lading.runtime.protocols.answers import refuse_infinite
from lading.runtime.protocols.arrays import EXACT
from lading.runtime.protocols.head import BINARY_LENGTH
from lading.runtime.protocols.pieces import PIECE_VALUES, Numbers, pause

Array = NDArray[Any]


MISSING = type(None)
TYPES: Mapping[str, frozenset[type]] = {
    "BOOL": frozenset({bool}),
    "BYTES": frozenset({str, MISSING}),
    "FP32": frozenset({float, int, MISSING}),
    "FP64": frozenset({float, int, MISSING}),
    **{word: frozenset({int}) for word in DATATYPES.values() if "INT" in word},
}
"""The Python types of JSON values that each datatype takes; FP16 may not travel as JSON."""

INTEGER = frozenset({int})

NOUNS = {"BOOL": "true or false", "BYTES": "text", "FP32": "a number", "FP64": "a number"}

NUMBERS = frozenset({"FP32", "FP64"})

LIMITS = {word: (np.iinfo(dtype).min, np.iinfo(dtype).max) for dtype, word in DATATYPES.items() if "INT" in word}


MOST_SHAPES = 64
"""Of answers whose description is kept; others are described anew."""

MOST_ELEMENTS = 2**31
"""Of one tensor; extents of 0, which leave it empty, are not counted."""


class Given(NamedTuple):
    """The data of one tensor of a request: its values row after row; an array where they did not come as JSON."""

    values: list[Any] | Array
    rows: int
    extents: Sequence[int]
    """Of one row."""


def read_tensor(spec: TensorSpec, given: Mapping[str, Any]) -> Given:
    """The data of the tensor ``given`` in a request: a list, flat or nested, bytes, numbers, or an array of all values.

    Raises ``MalformedRequestError``, which names the tensor, for a wrong datatype, shape or value, ragged data,
    or data that its shape does not describe; ``NotInJsonError`` for a list of FP16.
    """
    _check_datatype(spec, given)
    data = given.get("data")
    if type(data) is not list and isinstance(data, bytes | memoryview | np.ndarray):
        return _read_binary(spec, data, *_shape(spec, given.get("shape")))
    check_list(spec, given)
    if type(data) is Numbers:
        return _read_numbers(spec, data, *_shape(spec, given.get("shape")))
    return _read_list(spec, data, given)


def described(spec: TensorSpec, given: Mapping[str, Any]) -> tuple[int, Sequence[int]]:
    """The rows of the tensor ``given``, whatever its data, and the extents of one. Raises ``MalformedRequestError``."""
    _check_datatype(spec, given)
    return _shape(spec, given.get("shape"))


def _check_datatype(spec: TensorSpec, given: Mapping[str, Any]) -> None:
    if given.get("datatype") != spec.datatype:
        _fail(spec, f"has datatype {shown(given.get('datatype'))}, expected {spec.datatype}")


def _read_list(spec: TensorSpec, data: object, given: Mapping[str, Any]) -> Given:
    types = TYPES.get(spec.datatype)
    if types is None:
        raise NotInJsonError(spec.name, spec.datatype)
    rows, extents = _shape(spec, given.get("shape"))
    if type(data) is not list:
        _fail(spec, f"has {shown(data)} for its data, expected a list" if "data" in given else "has no data")
    found = set(map(type, data))
    if list in found:
        data = _flat(spec, [data] if spec.whole else data, rows, extents)
        found = set(map(type, data))
    _check_count(spec, len(data), rows, extents)
    if not found <= types:
        data = _whole_numbers(spec, data, types)
    if spec.datatype in LIMITS and data:
        _check_limits(spec, data)
    return Given(data, rows, extents)


def _whole_numbers(spec: TensorSpec, data: list[Any], types: frozenset[type]) -> list[Any]:
    """The data with integers in place of floats that are whole, which JSON does not tell apart: ``2.0`` is 2.

    Raises ``MalformedRequestError`` for any other value whose type is none of ``types``.
    """
    made = []
    for position, value in enumerate(data):
        if type(value) is float and types == INTEGER and value.is_integer() and abs(value) <= EXACT:
            made.append(int(value))
        elif type(value) in types:
            made.append(value)
        else:
            _fail_at(spec, position, value)
    return made


def _read_binary(spec: TensorSpec, data: bytes | memoryview | Array, rows: int, extents: Sequence[int]) -> Given:
    if isinstance(data, np.ndarray):
        _check_count(spec, len(data), rows, extents)
        return Given(data, rows, extents)
    try:
        return Given(unpack(spec.datatype, data, rows * math.prod(extents)), rows, extents)
    except UnreadableError as error:
        _fail(spec, str(error))


def _read_numbers(spec: TensorSpec, data: Numbers, rows: int, extents: Sequence[int]) -> Given:
    if data.width is not None and (spec.whole or [*extents] != [data.width]):
        _fail(spec, f"is ragged: its rows have {data.width} values")
    _check_count(spec, len(data.values), rows, extents)
    made = None
    if spec.datatype in NUMBERS:
        made = data.floats(DTYPES[spec.datatype])
    elif spec.datatype in LIMITS:
        made = data.integers(DTYPES[spec.datatype])
    if made is None:
        _fail(spec, f"has numbers that do not fit {spec.datatype}")
    return Given(made, rows, extents)


def _check_count(spec: TensorSpec, found: int, rows: int, extents: Sequence[int]) -> None:
    count = rows * math.prod(extents)
    if found != count:
        shape = [*extents] if spec.whole else [rows, *extents]
        _fail(spec, f"has {found} values, its shape {shape} describes {count}")


def check_list(spec: TensorSpec, given: Mapping[str, Any]) -> None:
    """Raise ``MalformedRequestError`` where its parameters say of a tensor that its data is no list of its values."""
    parameters = given.get("parameters")
    if not isinstance(parameters, dict):
        return
    if "binary_data_size" in parameters:
        _fail(
            spec, f"has a binary_data_size, and no header {BINARY_LENGTH.decode()} says where the bytes begin; send it"
        )
    if parameters.get("content_type") == "base64":  # as MLServer's clients write what is no text
        _fail(spec, 'has content_type "base64"; send the text itself')


def _shape(spec: TensorSpec, shape: object) -> tuple[int, Sequence[int]]:
    """The rows that ``shape`` says and the extents of one; ``[N]`` is taken for ``[N, 1]``."""
    if type(shape) is not list or not (shape or spec.whole) or not INTEGER.issuperset(map(type, shape)):
        _fail(spec, f"has {shown(shape)} for its shape, expected {spec.shape}")
    if shape and min(shape) < 0:
        counted = "elements" if spec.whole else "rows"
        _fail(spec, f"has shape {shown(shape)}, where {min(shape)} is no extent; say how many {counted} there are")
    if math.prod(filter(None, shape)) > MOST_ELEMENTS:
        _fail(spec, f"has shape {shown(shape)}, which is more than {MOST_ELEMENTS} elements; send fewer in one request")
    if spec.whole:
        if not fits(["" if extent < 0 else extent for extent in spec.extents], shape):
            _fail(spec, f"has shape {shown(shape)}, expected {spec.shape}, where -1 is any extent")
        return 1, shape
    if (*shape[1:],) != spec.extents and not (len(shape) == 1 and math.prod(spec.extents) == 1):
        _fail(spec, f"has shape {shown(shape)}, expected {spec.shape}, where -1 is the number of rows")
    return shape[0], spec.extents


def _flat(spec: TensorSpec, data: list[Any], rows: int, extents: Sequence[int]) -> list[Any]:
    """Nested data without its nesting; raises ``MalformedRequestError`` where a part has another length."""
    if len(data) != rows:
        _fail(spec, f"has {len(data)} rows of data, its shape says {rows}")
    for depth, extent in enumerate(extents):
        types = set(map(type, data))
        if list not in types:
            break
        if types != {list} or set(map(len, data)) != {extent}:
            _fail_ragged(spec, data, math.prod(extents[:depth]), extent)
        data = list(chain.from_iterable(data))
    return data


def _fail_ragged(spec: TensorSpec, data: list[Any], parts: int, extent: int) -> NoReturn:
    """``parts`` are those of one row."""
    wrong = next(index for index, part in enumerate(data) if type(part) is not list or len(part) != extent)
    part, row = data[wrong], wrong // parts
    found = f"{len(part)} values" if type(part) is list else shown(part)
    where = "" if spec.whole else f"row {row} has "
    _fail(spec, f"is ragged: {where}{found} where the shape says {extent}", row)


def _check_limits(spec: TensorSpec, data: list[int]) -> None:
    lowest, highest = LIMITS[spec.datatype]
    if min(data) < lowest or max(data) > highest:
        position = next(index for index, value in enumerate(data) if not lowest <= value <= highest)
        _fail_at(spec, position, data[position])


def _fail_at(spec: TensorSpec, position: int, value: object) -> NoReturn:
    row, column = (0, position) if spec.whole else divmod(position, math.prod(spec.extents))
    where = f"as value {column}" if spec.whole else f"in row {row}"
    where += f", field {shown(spec.columns[column])}" if spec.columns else ""
    noun = NOUNS.get(spec.datatype, f"an integer that fits {spec.datatype}")
    _fail(spec, f"has {shown(value)} {where}, expected {noun}", row)


def _fail(spec: TensorSpec, problem: str, row: int | None = None) -> NoReturn:
    raise MalformedRequestError(f"input {shown(spec.name)} {problem}", spec.name, row)


class OutputWriter:
    """Writes one output; a coded label goes out as the class names that it stands for."""

    def __init__(self, signature: Signature, output: Output) -> None:
        self.name = output.tensor.name
        self._dtype = output.tensor.dtype
        self._skipped = 1 if signature.form == "whole" else 0  # dimensions that only a bundle's rows have
        self._names = class_values(output) if output.coded else None
        self.datatype = DATATYPES[self._dtype] if self._names is None else _names_datatype(output)
        self._named = None if self._names is None else _array(self._names, self.datatype)
        self._numeric = self._names is None and self._dtype != "string"
        shape = extents_on_the_wire(
            output.tensor.shape if signature.form == "whole" else ("rows", *output.tensor.shape[1:])
        )
        self.metadata = {"name": self.name, "datatype": self.datatype, "shape": list(shape)}
        self._start = self._described()
        self._starts: dict[tuple[int, ...], bytes] = {}

    def write(self, values: Array) -> bytes:
        """The tensor as JSON, its data flat. Raises ``InfiniteAnswerError`` and ``NotInJsonError``; NaN is null."""
        return self._whole(values.shape[self._skipped :], self._data(values))

    def write_binary(self, values: Array) -> tuple[bytes, bytes]:
        """The tensor as JSON without its data, and the data as bytes."""
        array = self.array(values)
        data = pack(array)
        size = b'"parameters":{"binary_data_size":%d}' % len(data)
        return b"%b%b,%b}" % (self._start, orjson.dumps(array.shape), size), data

    def array(self, values: Array) -> Array:
        """The tensor as an array of what its datatype says, NaN and infinities as they are."""
        values = values if self._named is None else self._named[values]
        return values.reshape(values.shape[self._skipped :])

    def _described(self) -> bytes:
        return b'{"name":%b,"datatype":"%b","shape":' % (orjson.dumps(self.name), self.datatype.encode())

    def _whole(self, shape: tuple[int, ...], data: bytes) -> bytes:
        start = self._starts.get(shape)
        if start is None:
            start = b'%b%b,"data":' % (self._start, orjson.dumps(shape))
            if len(self._starts) < MOST_SHAPES:
                self._starts[shape] = start
        return b"%b%b}" % (start, data)

    def _data(self, values: Array) -> bytes:
        if self._dtype == "float16" and self._names is None:
            raise NotInJsonError(self.name, "FP16")
        if values.size <= PIECE_VALUES:
            text = self._written(values.reshape(-1))
        else:
            text = b"[%b]" % b",".join(self._in_pieces(values.reshape(-1)))
        if self._numeric and b"n" in text:  # of null, which stands for what is not finite
            refuse_infinite(self.name, values)
        return text

    def _in_pieces(self, values: Array) -> Iterator[bytes]:
        for start in range(0, len(values), PIECE_VALUES):
            yield self._written(values[start : start + PIECE_VALUES])[1:-1]
            pause()

    def _written(self, values: Array) -> bytes:
        if self._names is not None:
            names = self._names
            return orjson.dumps([names[position] for position in values.tolist()])
        if self._dtype == "string":
            return orjson.dumps(values.tolist())
        return orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)


def _array(names: list[Any], datatype: str) -> Array:
    made = np.empty(len(names), dtype=DTYPES.get(datatype, np.dtype(object)))
    made[:] = names
    return made


def _names_datatype(output: Output) -> str:
    return "BYTES" if output.class_type is None else KIND_DATATYPES[output.class_type]
