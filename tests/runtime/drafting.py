"""Drafting: bundles made by hand, whose golden rows are what their graphs answer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lading.bundles.draft import Draft
from lading.bundles.golden import golden_of
from lading.bundles.manifest import Graph
from lading.bundles.parity import Parity, Tolerance
from lading.bundles.profile import Profile
from lading.bundles.provenance import Code, Data, Environment, Experiment, Provenance
from lading.bundles.session import open_session, session_of
from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.bundles.tensors.feeds import encode

ELEMENTS = {
    "bool": TensorProto.BOOL,
    "float16": TensorProto.FLOAT16,
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int8": TensorProto.INT8,
    "int16": TensorProto.INT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "string": TensorProto.STRING,
    "uint8": TensorProto.UINT8,
    "uint16": TensorProto.UINT16,
    "uint32": TensorProto.UINT32,
    "uint64": TensorProto.UINT64,
}

Columns = Mapping[str, np.ndarray[Any, Any]]


def one_number(field: str, output: str, tensor: str = "X") -> Signature:
    """One float64 in, in the graph's input ``tensor``, and one out, both in matrices of one column."""
    return Signature(
        form="array",
        fields=(Field(name=field, type="number", dtype="float64", feed=Feed(input=tensor, column=0)),),
        inputs=(Tensor(name=tensor, dtype="float64", shape=("N", 1)),),
        outputs=(Output(tensor=Tensor(name=output, dtype="float64", shape=("N", 1)), meaning="value"),),
    )


def graph(nodes: Sequence[onnx.NodeProto], signature: Signature, constants: Columns | None = None) -> bytes:
    """A serialised model of these nodes, with the signature's inputs and outputs."""
    made = helper.make_graph(
        list(nodes),
        "graph",
        [_value(tensor) for tensor in signature.inputs],
        [_value(output.tensor) for output in signature.outputs],
        [numpy_helper.from_array(values, name) for name, values in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 5)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=10)
    return bytes(model.SerializeToString())


def _value(tensor: Tensor) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(tensor.name, ELEMENTS[tensor.dtype], tensor.shape)


def draft(
    name: str, signature: Signature, model: bytes, columns: Columns, *, version: str = "1.0.0", **extra: Any
) -> Draft:
    """A draft whose golden rows are what the graph itself answers."""
    names = [output.tensor.name for output in signature.outputs]
    answers = session_of(signature, open_session(model)).run(names, encode(signature, columns))
    rows = len(next(iter(columns.values())))
    golden = golden_of(signature, columns, dict(zip(names, answers, strict=True)), ["data"] * rows)
    return Draft(
        name=name,
        version=version,
        graph=Graph(framework="onnx", ir_version=10, opsets={"ai.onnx": 21, "ai.onnx.ml": 5}),
        signature=signature,
        provenance=Provenance(
            data=Data(digest="sha256:" + "a" * 64, rows=rows, columns=len(signature.fields), name=f"{name} rows"),
            experiment=Experiment(estimator="tests.ByHand", parameters={"depth": None}, metrics={"accuracy": 0.5}),
            code=Code(commit="0" * 40, dirty=False),
            environment=Environment(python="3.11.7", packages={"onnx": "1.23.2"}),
            author="The tests",
            tags={},
        ),
        parity=Parity(
            reference="the graph itself",
            rows=rows,
            boundary_rows=0,
            single_rows=0,
            label_flips=0,
            outputs=(),
            tolerance=Tolerance(),
            precision="float32",
            versions={"onnxruntime": "1.31.1"},
        ),
        golden=golden,
        profile=Profile(rows=rows, columns=()),
        model=model,
        **extra,
    )


def objects(*values: object) -> np.ndarray[Any, Any]:
    """An object array of these values."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made
