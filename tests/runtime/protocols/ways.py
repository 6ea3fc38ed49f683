"""Every way of asking: the same columns as the requests of each protocol, and what comes back, told in one form."""

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from lading.bundles.tensors.binary import DTYPES, pack, unpack
from lading.runtime.grpc.contents import FIELDS
from lading.runtime.grpc.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from lading.runtime.model import Model
from lading.runtime.protocols.inference import InferenceDialect
from tests.runtime.drafting import objects

Columns = list[tuple[str, list[Any]]]
"""Names and values of columns; a name may be there twice."""

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
STREAM = "application/vnd.apache.arrow.stream"

NAN = math.nan


class Sent(NamedTuple):
    """A request: its headers and its body."""

    headers: Mapping[str, str]
    body: bytes


class Way(NamedTuple):
    """One way of asking over HTTP, or over gRPC where there is no path."""

    path: str | None
    encode: Callable[[Model, Columns], Sent]
    values: Callable[[bytes], list[float]]
    """The answers to the rows, NaN where there is none."""
    carries: str = "json"
    """How it says NaN and infinity: ``json`` and ``csv`` do not, ``exact`` does as they are."""
    words: str = "error"
    """The shape of its refusals: ``error``, ``placed``, ``mlflow`` or ``grpc``."""
    types: bool = False
    """Whether it looks at the type of a body."""
    answers: str = "json"
    """How its answers say NaN and infinity, as ``carries``."""
    style: str = "kserve"
    """Whose answers ``/v1`` gives."""


def rows_of(columns: Columns) -> list[list[tuple[str, Any]]]:
    return [
        list(zip((name for name, _ in columns), values, strict=True))
        for values in zip(*(v for _, v in columns), strict=True)
    ]


def an_object(pairs: list[tuple[str, Any]]) -> str:
    """JSON as Python writes it: with ``NaN`` and ``Infinity``, and here with names that are said twice."""
    return "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}"


def records(columns: Columns) -> str:
    return "[" + ",".join(map(an_object, rows_of(columns))) + "]"


def lists(columns: Columns) -> str:
    return json.dumps([[value for _, value in row] for row in rows_of(columns)])


def as_json(
    text: Callable[[Columns], str], headers: Mapping[str, str] | None = None
) -> Callable[[Model, Columns], Sent]:
    return lambda _, columns: Sent({"content-type": JSON} if headers is None else headers, text(columns).encode())


def array(values: list[Any]) -> pa.Array:
    texts = any(isinstance(value, str) for value in values)
    return pa.array([None if v is None else str(v) for v in values] if texts else values)


def table(columns: Columns) -> pa.Table:
    return pa.Table.from_arrays([array(values) for _, values in columns], [name for name, _ in columns])


def arrow(_: Model, columns: Columns) -> Sent:
    made, sink = table(columns), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, made.schema) as writer:
        writer.write_table(made)
    return Sent({"content-type": STREAM, "accept": STREAM}, bytes(sink.getvalue()))


def parquet(_: Model, columns: Columns) -> Sent:
    sink = io.BytesIO()
    pa.parquet.write_table(table(columns), sink)
    return Sent({"content-type": PARQUET, "accept": PARQUET}, sink.getvalue())


def csv(_: Model, columns: Columns) -> Sent:
    lines = [",".join(name for name, _ in columns)]
    lines += [",".join("" if value is None else str(value) for _, value in row) for row in rows_of(columns)]
    return Sent({"content-type": CSV, "accept": CSV}, "\n".join([*lines, ""]).encode())


@dataclass
class Tensor:
    """A tensor of a request: one column, or the matrix of all."""

    name: str
    datatype: str
    values: list[Any]
    shape: list[int]


def word(known: str, values: list[Any]) -> str:
    """The datatype that can say the values: the known one, unless they are of another kind."""
    if any(isinstance(value, str) for value in values):
        return "BYTES"
    if known == "INT64" and any(not isinstance(value, int) for value in values):
        return "FP64"
    return known if known != "BYTES" or not values else "FP64"


def tensors(model: Model, columns: Columns, exact: bool) -> list[Tensor]:
    specs = InferenceDialect(model).inputs.specs
    if specs[0].columns:  # of a matrix
        cells = [value for row in rows_of(columns) for _, value in row]
        return [Tensor(specs[0].name, specs[0].datatype, cells, [len(cells) // len(columns), len(columns)])]
    known = {spec.name: spec.datatype for spec in specs}
    return [
        Tensor(
            name,
            word(known.get(name, "FP64"), values) if exact or name not in known else known[name],
            values,
            [len(values), 1],
        )
        for name, values in columns
    ]


def packed(tensor: Tensor) -> bytes:
    if tensor.datatype == "BYTES":
        return pack(objects(*map(str, tensor.values)))
    return pack(np.array([NAN if v is None else v for v in tensor.values], dtype=DTYPES[tensor.datatype]))


def inference(model: Model, columns: Columns) -> Sent:
    inputs = [
        {"name": one.name, "datatype": one.datatype, "shape": one.shape, "data": one.values}
        for one in tensors(model, columns, exact=False)
    ]
    return Sent({"content-type": JSON}, json.dumps({"inputs": inputs}).encode())


def binary_inference(model: Model, columns: Columns) -> Sent:
    made = tensors(model, columns, exact=True)
    data = [packed(one) for one in made]
    inputs = [
        {"name": one.name, "datatype": one.datatype, "shape": one.shape, "parameters": {"binary_data_size": len(part)}}
        for one, part in zip(made, data, strict=True)
    ]
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    return with_bytes(head, data)


def with_bytes(head: bytes, data: Sequence[bytes]) -> Sent:
    """A request that is the JSON ``head`` and the tensors' ``data`` behind it."""
    headers = {"content-type": "application/octet-stream", "inference-header-content-length": str(len(head))}
    return Sent(headers, head + b"".join(data))


def raw_call(model: Model, columns: Columns) -> Sent:
    request = ModelInferRequest(model_name=model.name)
    for one in tensors(model, columns, exact=True):
        request.inputs.add(name=one.name, datatype=one.datatype, shape=one.shape)
        request.raw_input_contents.append(packed(one))
    return Sent({}, request.SerializeToString())


def typed_call(model: Model, columns: Columns) -> Sent:
    request = ModelInferRequest(model_name=model.name)
    for one in tensors(model, columns, exact=True):
        tensor = request.inputs.add(name=one.name, datatype=one.datatype, shape=one.shape)
        values = [str(value).encode() for value in one.values] if one.datatype == "BYTES" else one.values
        getattr(tensor.contents, FIELDS[one.datatype]).extend([NAN if v is None else v for v in values])
    return Sent({}, request.SerializeToString())


def numbers(values: list[Any]) -> list[float]:
    return [NAN if value is None else float(value) for value in values]


def told(key: str) -> Callable[[bytes], list[float]]:
    return lambda body: numbers(json.loads(body)[key])


def named_values(body: bytes) -> list[float]:
    return numbers([answer["value"] for answer in json.loads(body)])


def stream_values(body: bytes) -> list[float]:
    return numbers(pa.ipc.open_stream(body).read_all().column("value").to_pylist())


def parquet_values(body: bytes) -> list[float]:
    return numbers(pa.parquet.read_table(pa.BufferReader(body)).column("value").to_pylist())


def csv_values(body: bytes) -> list[float]:
    header, *lines = body.decode().splitlines()
    assert header == "value"
    return [NAN if line == '""' else float(line) for line in lines]


def inference_values(body: bytes) -> list[float]:
    return numbers(json.loads(body)["outputs"][0]["data"])


def binary_values(body: bytes) -> list[float]:
    """Of an answer whose JSON ends where its bytes begin; the test has no look at its headers."""
    document, end = json.JSONDecoder().raw_decode(body.decode("latin-1"))
    output = document["outputs"][0]
    return numbers(unpack(output["datatype"], body[end:], math.prod(output["shape"])).tolist())


def call_values(body: bytes) -> list[float]:
    answer = ModelInferResponse.FromString(body)
    (output,) = answer.outputs
    if answer.raw_output_contents:
        return numbers(unpack(output.datatype, answer.raw_output_contents[0], math.prod(output.shape)).tolist())
    return numbers(list(getattr(output.contents, FIELDS[output.datatype])))


def invocation(text: Callable[[Columns], str]) -> Way:
    return Way("/models/{}/invocations", as_json(text), told("predictions"), words="mlflow", types=True)


def split(columns: Columns) -> str:
    names = json.dumps([name for name, _ in columns])
    return f'{{"dataframe_split": {{"columns": {names}, "data": {lists(columns)}}}}}'


def under(key: str, text: Callable[[Columns], str]) -> Callable[[Columns], str]:
    return lambda columns: f'{{"{key}": {text(columns)}}}'


PREDICT, INFER, V1 = "/models/{}/predict", "/v2/models/{}/infer", "/v1/models/{}:predict"

WAYS: Mapping[str, Way] = {
    "named fields": Way(PREDICT, as_json(records), named_values, words="placed", types=True),
    "named fields in Arrow": Way(PREDICT, arrow, stream_values, "exact", "placed", True, "exact"),
    "named fields in Parquet": Way(PREDICT, parquet, parquet_values, "exact", "placed", True, "exact"),
    "named fields in CSV": Way(PREDICT, csv, csv_values, "csv", "placed", True, "csv"),
    "Open Inference": Way(INFER, inference, inference_values),
    "Open Inference in bytes": Way(INFER, binary_inference, binary_values, "exact", answers="exact"),
    "V1 instances": Way(V1, as_json(under("instances", records)), told("predictions")),
    "V1 inputs": Way(V1, as_json(under("inputs", lambda columns: an_object(list(columns)))), told("predictions")),
    "TensorFlow instances": Way(V1, as_json(under("instances", records)), told("predictions"), style="tensorflow"),
    "TensorFlow inputs": Way(
        V1, as_json(under("inputs", lambda columns: an_object(list(columns)))), told("outputs"), style="tensorflow"
    ),
    "MLflow split": invocation(split),
    "MLflow records": invocation(under("dataframe_records", records)),
    "MLflow instances": invocation(under("instances", records)),
    "MLflow inputs": invocation(under("inputs", lambda columns: an_object(list(columns)))),
    "MLflow CSV": Way("/models/{}/invocations", csv, told("predictions"), "csv", "mlflow", True),
    "MLflow Parquet": Way("/models/{}/invocations", parquet, told("predictions"), "exact", "mlflow", True),
    "gRPC raw": Way(None, raw_call, call_values, "exact", "grpc", answers="exact"),
    "gRPC typed": Way(None, typed_call, call_values, "exact", "grpc", answers="exact"),
}
