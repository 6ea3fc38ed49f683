"""The Open Inference Protocol, version 2: rows as tensors, in JSON or in bytes."""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import orjson

from lading.bundles.signature import Field, Signature
from lading.bundles.tensors.binary import DTYPES, UnreadableError, pack, unpack
from lading.bundles.tensors.rules import closed
from lading.bundles.tensors.specs import TensorSpec, fed_fields, field_spec, input_spec
from lading.bundles.tensors.values import object_array
from lading.core.errors import UsageError
from lading.loadtests.payloads.checking import AnswerError, Outputs
from lading.loadtests.payloads.dialect import Message, parsed
from lading.loadtests.payloads.drawing import flattened
from lading.loadtests.payloads.outputs import OutputReader
from lading.loadtests.payloads.request import MALFORMED, Answer
from lading.loadtests.payloads.rows import Row
from lading.loadtests.payloads.spoiling import ODD, cut_short, spoilt, wrong_values

ID = "load-test"
"""The id of every request: it comes back, and so the same question has the same answer, byte for byte."""

NULLABLE = frozenset({"FP32", "FP64", "BYTES"})
"""The datatypes whose lists may hold null."""

Tensor = dict[str, Any]
"""One input as JSON has it, its data a flat list."""


class NotInJsonError(UsageError):
    """A tensor cannot travel as JSON."""

    def __init__(self, tensor: str) -> None:
        super().__init__(tensor)
        self.tensor = tensor

    def __str__(self) -> str:
        return f"tensor {self.tensor!r} is float16, which JSON does not carry; ask with the protocol v2-binary"


class OneRowError(UsageError):
    """A request of several rows is asked of a model that is taken whole."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows

    def __str__(self) -> str:
        return (
            f"a request of {self.rows} rows was asked for, but no dimension of the model's tensors counts rows; ask 1"
        )


class OpenInference:
    """``POST /v2/models/NAME/infer`` in JSON."""

    title = "V2 JSON"
    in_json = True

    def __init__(self, signature: Signature, deployment: str) -> None:
        self.path = f"/v2/models/{deployment}/infer"
        self._inputs = _inputs(signature)
        self._outputs = {one.tensor.name: OutputReader(signature, one) for one in signature.outputs}
        self._wrong_values = wrong_values(signature) if signature.form == "frame" else []
        if self.in_json:
            self._check_json()

    def ask(self, rows: Sequence[Row]) -> Message:
        """The request for ``rows``."""
        return self._written(self._tensors(rows))

    def spoil(self, rows: Sequence[Row], generator: np.random.Generator) -> Message:
        """A request for ``rows`` with one thing wrong."""
        if self._wrong_values and generator.random() < 0.2:
            return self.ask(spoilt(rows, self._wrong_values, generator))
        ways = [_of_another_type, _of_another_shape, _misnamed, *self._own_ways()]
        way = int(generator.integers(len(ways) + 1))
        if way == len(ways):
            message = self.ask(rows)
            return message._replace(body=cut_short(message.body))
        tensors = copy.deepcopy(self._tensors(rows))
        ways[way](tensors, int(generator.integers(len(tensors))))
        return self._written(tensors)

    def read(self, answer: Answer, rows: int) -> Outputs:
        """All outputs of the model. Raises ``AnswerError``."""
        document = parsed(answer, answer.json_bytes)
        given = document.get("outputs")
        if document.get("id") != ID or not isinstance(given, list) or len(given) != len(self._outputs):
            raise AnswerError(MALFORMED)
        found, place = {}, answer.json_bytes
        for tensor in given:
            reader = self._reader(tensor)
            data = tensor.get("data")
            if data is None and place is not None:
                data, place = _unpacked(tensor, answer.body, place)
            if not isinstance(data, list | np.ndarray):
                raise AnswerError(MALFORMED)
            found[reader.name] = reader.from_tensor(data, tensor.get("shape"), rows)
        return found

    def _own_ways(self) -> list[Callable[[list[Tensor], int], None]]:
        return [_of_odd_data, _with_more_data]

    def _check_json(self) -> None:
        specs = [(spec.name, spec.datatype) for spec, _ in self._inputs]
        outputs = [(name, reader.datatype) for name, reader in self._outputs.items()]
        for name, datatype in (*specs, *outputs):
            if datatype == "FP16":
                raise NotInJsonError(name)

    def _reader(self, tensor: object) -> OutputReader:
        if not isinstance(tensor, dict):
            raise AnswerError(MALFORMED)
        reader = self._outputs.get(str(tensor.get("name")))
        if reader is None or tensor.get("datatype") != reader.datatype:
            raise AnswerError(MALFORMED)
        return reader

    def _tensors(self, rows: Sequence[Row]) -> list[Tensor]:
        return [tensor for spec, fields in self._inputs if (tensor := _tensor(spec, fields, rows)) is not None]

    def _written(self, tensors: Sequence[Tensor]) -> Message:
        return Message(orjson.dumps({"id": ID, "inputs": tensors}))


class BinaryOpenInference(OpenInference):
    """The same with the tensors as bytes, both ways; a text that is missing, which bytes cannot say, goes in JSON."""

    title = "V2 binary"
    in_json = False

    def _own_ways(self) -> list[Callable[[list[Tensor], int], None]]:
        return []

    def _written(self, tensors: Sequence[Tensor]) -> Message:
        parts, heads = [], []
        for tensor in tensors:
            if tensor["datatype"] == "BYTES" and None in tensor["data"]:
                heads.append(tensor)
                continue
            part = _packed(tensor)
            size = {"parameters": {"binary_data_size": len(part)}}
            heads.append({name: value for name, value in tensor.items() if name != "data"} | size)
            parts.append(part)
        text = orjson.dumps({"id": ID, "parameters": {"binary_data_output": True}, "inputs": heads})
        headers = {"content-type": "application/octet-stream", "inference-header-content-length": str(len(text))}
        return Message(b"".join((text, *parts)), headers)


def _inputs(signature: Signature) -> list[tuple[TensorSpec, Sequence[Field]]]:
    """The tensors of a request, and the fields that each holds."""
    if signature.form == "frame":
        return [(field_spec(field), (field,)) for field in signature.fields]
    return [(input_spec(signature, tensor), fed_fields(signature, tensor)) for tensor in signature.inputs]


def _tensor(spec: TensorSpec, fields: Sequence[Field], rows: Sequence[Row]) -> Tensor | None:
    """The tensor of ``rows``; None where it may be left out, and its datatype does not have what is missing in it."""
    data = [value for row in rows for field in fields for value in flattened([row[field.name]])]
    if spec.optional and spec.datatype not in NULLABLE and None in data:
        return None
    if spec.datatype.startswith("FP"):
        data = [None if value is None else float(value) for value in data]
    extents = spec.extents
    if -1 in extents:
        extents = _extents_of(fields[0], rows[0][fields[0].name])
    if spec.whole and len(rows) > 1:
        raise OneRowError(len(rows))
    shape = [*extents] if spec.whole else [len(rows), *extents]
    return {"name": spec.name, "datatype": spec.datatype, "shape": shape, "data": data}


def _extents_of(field: Field, value: Any) -> tuple[int, ...]:
    """The extents of nested lists; where one is empty, those of the field say what it would hold."""
    made = np.array(value, dtype=object)
    return (*made.shape, *closed(field.shape[made.ndim :])) if made.size == 0 else made.shape


def _packed(tensor: Tensor) -> bytes:
    data = tensor["data"]
    if tensor["datatype"] not in DTYPES:
        return pack(object_array(["" if value is None else str(value) for value in data]))
    dtype = DTYPES[tensor["datatype"]]
    with np.errstate(over="ignore"):
        return pack(np.array(data, dtype=dtype))


def _unpacked(tensor: Tensor, body: bytes, place: int) -> tuple[Any, int]:
    """The flat values of an output's bytes that begin at ``place`` of the answer, and where they end."""
    parameters, shape = tensor.get("parameters"), tensor.get("shape")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if type(size) is not int or not isinstance(shape, list) or not all(type(extent) is int for extent in shape):
        raise AnswerError(MALFORMED)
    try:
        return unpack(str(tensor.get("datatype")), body[place : place + size], math.prod(shape)), place + size
    except UnreadableError as error:
        raise AnswerError(MALFORMED) from error


def _of_another_type(tensors: list[Tensor], place: int) -> None:
    tensors[place]["datatype"] = "COMPLEX64"


def _of_another_shape(tensors: list[Tensor], place: int) -> None:
    tensors[place]["shape"] = [*tensors[place]["shape"], 2]


def _misnamed(tensors: list[Tensor], place: int) -> None:
    tensors[place]["name"] += " of no model"


def _of_odd_data(tensors: list[Tensor], place: int) -> None:
    tensors[place]["data"] = [ODD, *tensors[place]["data"][1:]]


def _with_more_data(tensors: list[Tensor], place: int) -> None:
    tensors[place]["data"] = [*tensors[place]["data"], *tensors[place]["data"], 1]
