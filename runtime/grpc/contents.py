"""Contents: the tensors of calls as what the inference dialect reads, and its outputs as tensors of answers.

A call carries its tensors raw, all of them as bytes, or typed, each in the field of its datatype; never mixed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lading.bundles.tensors.binary import DTYPES, Array, UnreadableError, pack, text_of
from lading.runtime.errors import MalformedRequestError, shown
from lading.runtime.grpc.open_inference_pb2 import InferParameter, InferTensorContents, ModelInferRequest

FIELDS: Mapping[str, str] = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""The field of typed contents that holds a datatype; FP16 has none."""

Given = dict[str, Any]
"""A tensor as the inference dialect reads it."""


def document_of(request: ModelInferRequest) -> Given:
    """The request as the inference dialect reads it. Raises ``MalformedRequestError``."""
    return {
        "parameters": parameters_of(request.parameters),
        "inputs": _raw(request) if request.raw_input_contents else [_typed(tensor) for tensor in request.inputs],
        "outputs": [
            {"name": wanted.name, "parameters": parameters_of(wanted.parameters)} for wanted in request.outputs
        ],
    }


def parameters_of(given: Mapping[str, InferParameter]) -> dict[str, object]:
    """The parameters as plain values; one without a value is None."""
    kinds = {name: value.WhichOneof("parameter_choice") for name, value in given.items()}
    return {name: None if kind is None else getattr(given[name], kind) for name, kind in kinds.items()}


def _raw(request: ModelInferRequest) -> list[Given]:
    tensors, contents = request.inputs, request.raw_input_contents
    if len(contents) != len(tensors):
        raise MalformedRequestError(
            f"the request has {len(tensors)} inputs and {len(contents)} raw_input_contents; send one for each input"
        )
    for tensor in tensors:
        if tensor.HasField("contents"):
            raise MalformedRequestError(
                f"input {shown(tensor.name)} has contents beside raw_input_contents; send either", tensor.name
            )
    return [_described(tensor) | {"data": data} for tensor, data in zip(tensors, contents, strict=True)]


def _described(tensor: ModelInferRequest.InferInputTensor) -> Given:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


def _typed(tensor: ModelInferRequest.InferInputTensor) -> Given:
    found = [field.name for field, _ in tensor.contents.ListFields()]
    expected = FIELDS.get(tensor.datatype)
    if expected is None and tensor.datatype in DTYPES:
        raise MalformedRequestError(
            f"input {shown(tensor.name)} is {tensor.datatype}, which has no typed contents; send raw_input_contents",
            tensor.name,
        )
    for name in found:
        if name != expected:
            raise MalformedRequestError(
                f"input {shown(tensor.name)} is {shown(tensor.datatype)} and has {name}, expected {expected}",
                tensor.name,
            )
    # Without any contents there may still be a shape of no rows; of an unknown datatype the dialect says so.
    data = [] if expected is None else _values(tensor, getattr(tensor.contents, expected))
    return _described(tensor) | {"data": data}


def _values(tensor: ModelInferRequest.InferInputTensor, values: Sequence[Any]) -> list[Any] | Array:
    """Floats as an array, with NaN and infinities as they are; all else as JSON would have it."""
    if tensor.datatype in ("FP32", "FP64"):
        return np.fromiter(values, DTYPES[tensor.datatype], len(values))
    if tensor.datatype == "BYTES":
        try:
            return [text_of(value, number) for number, value in enumerate(values)]
        except UnreadableError as error:
            raise MalformedRequestError(f"input {shown(tensor.name)} {error}", tensor.name) from None
    return list(values)


def packed(arrays: Iterable[Array]) -> list[bytes]:
    """The raw contents of an answer."""
    return [pack(values) for values in arrays]


def typed(datatype: str, values: Array) -> InferTensorContents:
    """The typed contents of one output."""
    flat = values.reshape(-1).tolist()
    if datatype == "BYTES":
        flat = [text.encode() for text in flat]
    return InferTensorContents(**{FIELDS[datatype]: flat})
