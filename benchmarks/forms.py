"""The forms in which rows are asked about and answered: what goes over the wire, for each protocol."""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import msgpack
import numpy as np
from numpy.typing import NDArray

from benchmarks.subjects import Subject

DATATYPES = {"float32": "FP32", "float64": "FP64", "object": "BYTES"}
HEAD_LENGTH = "inference-header-content-length"


@dataclass(frozen=True)
class Message:
    """A request: its body, and its headers besides those that every request has."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


@dataclass(frozen=True)
class Form:
    """One way to ask about the first so many rows of a subject, and to read the answer."""

    ask: Callable[[Subject, int], Message]
    probabilities: Callable[[Subject, httpx.Response], Any]
    """Of the classes, one list for each row."""


Tensors = Callable[[Subject, int], Mapping[str, NDArray[Any]]]
"""What a server of the Open Inference Protocol is fed for the first so many rows, by input."""


def _v2(tensors: Tensors, subject: Subject, count: int) -> Message:
    inputs = [
        _tensor(name, array) | {"data": array.ravel().tolist()} for name, array in tensors(subject, count).items()
    ]
    return Message(json.dumps({"inputs": inputs}).encode())


def _of_v2(subject: Subject, response: httpx.Response) -> Any:
    return _shaped(_output(subject, response.json()))


def _v2_binary(tensors: Tensors, subject: Subject, count: int) -> Message:
    feeds = tensors(subject, count)
    parts = [_bytes(array) for array in feeds.values()]
    inputs = [
        _tensor(name, array) | {"parameters": {"binary_data_size": len(part)}}
        for (name, array), part in zip(feeds.items(), parts, strict=True)
    ]
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    headers = {"content-type": "application/octet-stream", HEAD_LENGTH: str(len(head))}
    return Message(head + b"".join(parts), headers)


def _of_v2_binary(subject: Subject, response: httpx.Response) -> Any:
    start = int(response.headers[HEAD_LENGTH])
    head = json.loads(response.content[:start])
    output = _output(subject, head)
    for other in head["outputs"]:
        size = other["parameters"]["binary_data_size"]
        if other is output:
            break
        start += size
    (dtype,) = (name for name, datatype in DATATYPES.items() if datatype == output["datatype"])
    return np.frombuffer(response.content[start : start + size], dtype).reshape(output["shape"])


def _named(subject: Subject, count: int) -> Message:
    rows = [dict(zip(subject.fields, row, strict=True)) for row in subject.values[:count].tolist()]
    return Message(json.dumps(rows).encode())


def _of_named(subject: Subject, response: httpx.Response) -> Any:
    return [list(row["probabilities"].values()) for row in response.json()]


def _matrices(subject: Subject, count: int) -> Message:
    given = {"numbers": subject.numbers(count), "texts": subject.texts(count)}
    return Message(json.dumps({name: array.tolist() for name, array in given.items() if array is not None}).encode())


def _of_matrices(subject: Subject, response: httpx.Response) -> Any:
    return response.json()["probabilities"]


def _msgpack(subject: Subject, count: int) -> Message:
    numbers, texts = subject.numbers(count), subject.texts(count)
    given = {"data": numbers.tobytes(), "dtype": str(numbers.dtype), "shape": numbers.shape}
    if texts is not None:
        given["texts"] = texts.tolist()
    return Message(msgpack.packb(given), {"content-type": "application/msgpack"})


def _of_msgpack(subject: Subject, response: httpx.Response) -> Any:
    answer = msgpack.unpackb(response.content)
    return np.frombuffer(answer["data"], answer["dtype"]).reshape(len(answer["labels"]), -1)


def _mlflow(subject: Subject, count: int) -> Message:
    feeds = {name: array.tolist() for name, array in subject.feeds(count).items()}
    return Message(json.dumps({"inputs": feeds}).encode())


def _of_mlflow(subject: Subject, response: httpx.Response) -> Any:
    return response.json()["predictions"][subject.graph.outputs[1]]


V2 = Form(partial(_v2, Subject.feeds), _of_v2)
"""The Open Inference Protocol in JSON, with the graph's own inputs."""

V2_BINARY = Form(partial(_v2_binary, Subject.feeds), _of_v2_binary)
"""The same with the extension for binary tensors, both ways."""

LADING_V2 = Form(partial(_v2, Subject.tensors), _of_v2)
LADING_V2_BINARY = Form(partial(_v2_binary, Subject.tensors), _of_v2_binary)
"""The same as Lading is asked, which takes a tensor for each column of a data frame."""

NAMED = Form(_named, _of_named)
"""A JSON object for each row, with the fields by name."""

MATRICES = Form(_matrices, _of_matrices)
"""A matrix of numbers in JSON, and one of texts where the model reads some: for servers written by hand."""

MSGPACK = Form(_msgpack, _of_msgpack)
"""The bytes of the matrix of numbers, in MessagePack."""

MLFLOW = Form(_mlflow, _of_mlflow)
"""Tensors by name in JSON, as MLflow's server takes them for its ONNX flavor."""


def _tensor(name: str, array: NDArray[Any]) -> dict[str, Any]:
    return {"name": name, "shape": list(array.shape), "datatype": DATATYPES[str(array.dtype)]}


def _bytes(array: NDArray[Any]) -> bytes:
    if array.dtype != np.object_:
        return array.tobytes()
    texts = [text.encode() for text in array.ravel()]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _output(subject: Subject, answer: Any) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = (output for output in answer["outputs"] if output["name"] == subject.graph.outputs[1])
    return found


def _shaped(output: Mapping[str, Any]) -> Any:
    return np.array(output["data"]).reshape(output["shape"])
