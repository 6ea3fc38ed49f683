"""Wrong requests, made from the signature of a model: each has one thing wrong with one tensor, or with one field."""

import copy
import itertools
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import orjson

from lading.bundles.signature import Field
from lading.bundles.tensors.binary import DTYPES, pack
from lading.bundles.tensors.specs import TensorSpec
from lading.bundles.tensors.values import kind_of
from lading.runtime.model import Model
from lading.runtime.protocols.examples import golden_rows
from lading.runtime.protocols.inference import InferenceDialect
from lading.runtime.protocols.inference_schemas import example_request
from tests.runtime.drafting import objects
from tests.runtime.protocols.ways import with_bytes

MOST_TENSORS = 8
"""Of a model with more, each of these is made wrong in every way, and the others in none."""


class Wrong(NamedTuple):
    """A request, and the name that its refusal has to say."""

    what: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    name: str


JSON = {"content-type": "application/json"}

Tensor = dict[str, Any]


def inference(model: Model) -> tuple[list[TensorSpec], list[Tensor]]:
    """The tensors of a model, and a right request's."""
    dialect = InferenceDialect(model)
    request: Any = example_request(dialect, golden_rows(model))
    return dialect.inputs.specs, request["inputs"]


def wrong_datatypes(tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    for other in (*DTYPES, "BYTES", "BF16", "fp32", "", None, 5):
        if other != tensor["datatype"]:
            yield f"datatype {other}", tensor | {"datatype": other}
    yield "no datatype", {name: value for name, value in tensor.items() if name != "datatype"}


def wrong_shapes(tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    shape = tensor["shape"]
    count = math.prod(shape)
    shapes: list[Any] = [
        [*shape, 2], [2**31, *shape[1:]], [-1, *shape[1:]], [2**63, *shape[1:]], [*shape[:-1], shape[-1] + 1],
        None, 5, "x", [1.5, *shape[1:]], [True, *shape[1:]], ["2", *shape[1:]], [None], {}, [shape],
    ]  # fmt: skip
    if len(shape) > 1 and shape[1:] != [1]:
        shapes += [shape[:-1], shape[::-1] if shape[::-1] != shape else [*shape, 1, 1], [count]]
    for other in shapes:
        yield f"shape {other}", tensor | {"shape": other}
    yield "no shape", {name: value for name, value in tensor.items() if name != "shape"}


def wrong_data(tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    data, text = tensor["data"], tensor["datatype"] == "BYTES"
    changed: list[Any] = [
        None, 5, "x", {}, [], data[:-1], [*data, data[-1]], [data], [[[value]] for value in data],
    ]  # fmt: skip
    for other in changed:
        yield f"data {str(other)[:20]}", tensor | {"data": other}
    odd: list[Any] = [5, 1.5, True, {"b64": "eA=="}, ["x"]] if text else ["x", {"x": 1}, "1", ["x"], [[1]]]
    if tensor["datatype"] == "BOOL":
        odd += [0, 1, 2.0]
    elif not text:
        odd += [True, *([1.5, None, 2**63] if "INT" in tensor["datatype"] else [])]
    for value, place in itertools.product(odd, sorted({0, len(data) - 1})):
        yield f"{value} as value {place}", tensor | {"data": [*data[:place], value, *data[place + 1 :]]}
    yield "no data", {name: value for name, value in tensor.items() if name != "data"}


def wrong_tensors(model: Model) -> Iterator[Wrong]:
    """Over the Open Inference Protocol, in JSON."""
    specs, tensors = inference(model)
    path = f"/v2/models/{model.name}/infer"
    for place, (spec, tensor) in enumerate(list(zip(specs, tensors, strict=True))[:MOST_TENSORS]):
        others = [*tensors[:place], *tensors[place + 1 :]]
        wrong = itertools.chain(wrong_datatypes(tensor), wrong_shapes(tensor), wrong_data(tensor))
        requests: list[tuple[str, list[Tensor], str]] = [(what, [*others, made], spec.name) for what, made in wrong]
        requests += [
            ("twice", [*tensors, tensor], spec.name),
            ("another beside it", [*tensors, tensor | {"name": "stranger"}], "stranger"),
            ("a misspelt name", [*others, tensor | {"name": spec.name + "_"}], spec.name + "_"),
        ]
        if not spec.optional:
            requests.append(("missing", others, spec.name))
        for what, inputs, name in requests:
            yield Wrong(f"{spec.name}: {what}", path, JSON, json.dumps({"inputs": inputs}).encode(), name)


def in_bytes(tensor: Tensor) -> bytes:
    if tensor["datatype"] == "BYTES":
        values = objects(*("" if value is None else value for value in tensor["data"]))
    else:
        values = np.array(tensor["data"], dtype=DTYPES[tensor["datatype"]])
    return pack(values)


def wrong_bytes(model: Model) -> Iterator[Wrong]:
    """Over the Open Inference Protocol, in bytes."""
    specs, tensors = inference(model)
    whole = [in_bytes(tensor) for tensor in tensors]
    for place, spec in list(enumerate(specs))[:MOST_TENSORS]:
        changes = {
            "a byte less": whole[place][:-1],
            "a byte more": whole[place] + b"\0",
            "no bytes": b"",
            "half of them": whole[place][: len(whole[place]) // 2],
        }
        for what, changed in changes.items():
            parts = [*whole[:place], changed, *whole[place + 1 :]]
            inputs = [
                {name: tensor[name] for name in ("name", "datatype", "shape")}
                | {"parameters": {"binary_data_size": len(part)}}
                for tensor, part in zip(tensors, parts, strict=True)
            ]
            sent = with_bytes(orjson.dumps({"inputs": inputs}), parts)
            yield Wrong(f"{spec.name}: {what}", f"/v2/models/{model.name}/infer", sent.headers, sent.body, spec.name)


ODD: dict[str, list[Any]] = {
    "number": ["x", True, {"x": 1}, [1.0]],
    "integer": ["x", True, 1.5, {"x": 1}, [1]],
    "boolean": ["x", 2, "true", {"x": 1}, [True]],
    "string": [5, 1.5, True, {"x": 1}, ["x"]],
    "datetime": [5, True, "tomorrow", {"x": 1}],
}


def odd_values(model: Model, field: Field) -> list[Any]:
    """Values that are none of a field's."""
    found = list(ODD[kind_of(field)]) if not field.shape else ["x", 5, {}, [[["x"]]], [5, [5]]]
    if field.categories is not None and field.unknown == "refuse":
        found.append("nobody has seen it" if kind_of(field) == "string" else 10**6)
    if not model.signature.optional(field):
        found.append(None)
    return found


def wrong_rows(model: Model) -> Iterator[Wrong]:
    """By field names, as MLflow's records, and as instances of version 1."""
    rows: Any = golden_rows(model)
    forms = {
        f"/models/{model.name}/predict": None,
        f"/models/{model.name}/invocations": "dataframe_records",
        f"/v1/models/{model.name}:predict": "instances",
    }
    for field in model.signature.fields[:MOST_TENSORS]:
        last = rows[-1]
        changes = [(f"{value} for it", last | {field.name: value}, field.name) for value in odd_values(model, field)]
        changes.append(("another beside it", last | {"stranger": 1}, "stranger"))
        if not model.signature.optional(field):
            without = {name: value for name, value in last.items() if name != field.name}
            changes.append(("missing", without, field.name))
        for (what, row, name), (path, key) in itertools.product(changes, forms.items()):
            made = [*copy.deepcopy(rows[:-1]), row]
            yield Wrong(f"{field.name}: {what}", path, JSON, orjson.dumps(made if key is None else {key: made}), name)


def wrong_requests(model: Model) -> list[Wrong]:
    """All of them."""
    return [*wrong_tensors(model), *wrong_bytes(model), *wrong_rows(model)]
