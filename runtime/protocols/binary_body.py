"""The binary body: a request's JSON with the bytes of its tensors behind it, or nothing but the bytes of one tensor."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lading.bundles.tensors.binary import DTYPES, LENGTH
from lading.bundles.tensors.specs import TensorSpec
from lading.runtime.errors import MalformedRequestError, listed, shown
from lading.runtime.protocols.head import BINARY_LENGTH

HEADER = BINARY_LENGTH.decode()
LONGEST_LENGTH = 12
"""Digits of the header."""


def cut(body: bytes, length: bytes) -> tuple[bytes, memoryview]:
    """The JSON of ``body`` and the bytes behind it; ``length`` is the header that says where they begin.

    Raises ``MalformedRequestError``.
    """
    if not length.isdigit() or len(length) > LONGEST_LENGTH:
        text = shown(length.decode("latin-1"))
        raise MalformedRequestError(f"the header {HEADER} is {text}, expected the bytes of the JSON as an integer")
    end = int(length)
    if end > len(body):
        raise MalformedRequestError(f"the header {HEADER} is {end}, the whole body has {len(body)} bytes")
    return body[:end], memoryview(body)[end:]


def hand_out(data: memoryview, given: Sequence[dict[str, Any]]) -> None:
    """Make the next bytes of ``data`` the data of each tensor that says how many are its own.

    Raises ``MalformedRequestError`` unless they are all the bytes that there are.
    """
    position = 0
    for tensor in given:
        parameters = tensor.get("parameters")
        if type(parameters) is dict and "binary_data_size" in parameters:
            size = _size(tensor, parameters["binary_data_size"], len(data) - position)
            tensor["data"] = data[position : position + size]
            position += size
    if position != len(data):
        problem = f"{len(data)} bytes follow the JSON, the inputs' binary_data_size are {position} together"
        raise MalformedRequestError(f"{problem}; send just the inputs' own")


def raw_request(specs: Sequence[TensorSpec], body: bytes) -> dict[str, Any]:
    """The request that ``body`` is where it has no JSON: the one input, and all outputs in bytes.

    Raises ``MalformedRequestError`` where its shape cannot be told from the number of bytes.
    """
    if len(specs) != 1:
        inputs = listed(spec.name for spec in specs)
        problem = f"bytes without JSON are for models of one input, this one has {len(specs)}: {inputs}"
        raise MalformedRequestError(f"{problem}; send JSON that names them, and its length as {HEADER}")
    spec = specs[0]
    if spec.datatype == "BYTES":
        shape, data = _shape_of_text(spec), LENGTH.pack(len(body)) + body
    else:
        shape, data = _shape(spec, len(body)), body
    tensor = {"name": spec.name, "datatype": spec.datatype, "shape": shape, "data": data}
    return {"inputs": [tensor], "parameters": {"binary_data_output": True}}


def _size(tensor: Mapping[str, Any], size: object, left: int) -> int:
    if type(size) is int and 0 <= size <= left and "data" not in tensor:
        return size
    name = shown(tensor.get("name"))
    if "data" in tensor:
        raise MalformedRequestError(f"input {name} has both data and binary_data_size; send one")
    if type(size) is int and size > left:
        raise MalformedRequestError(f"input {name} has binary_data_size {size}, and only {left} bytes are left for it")
    raise MalformedRequestError(f"input {name} has {shown(size)} for its binary_data_size, expected a number of bytes")


def _shape(spec: TensorSpec, size: int) -> list[int]:
    """The shape of ``size`` bytes."""
    if (opened := spec.shape.count(-1)) > 1:
        problem = f"input {shown(spec.name)} has {opened} open extents, which the number of bytes does not tell"
        raise MalformedRequestError(f"{problem}; send JSON with its shape, and its length as {HEADER}")
    step = DTYPES[spec.datatype].itemsize * math.prod(extent for extent in spec.shape if extent >= 0)
    return [max(0, size // max(1, step)) if extent < 0 else extent for extent in spec.shape]


def _shape_of_text(spec: TensorSpec) -> list[int]:
    """The shape of the one text that a body is."""
    shape = [1 if extent < 0 else extent for extent in spec.shape]
    if math.prod(shape) != 1:
        problem = f"input {shown(spec.name)} takes {math.prod(shape)} texts, a body without JSON is a single one"
        raise MalformedRequestError(f"{problem}; send JSON with its shape, and its length as {HEADER}")
    return shape
