"""Every datatype of the protocol, there and back, raw and typed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from onnx import TensorProto, helper

from lading.bundles.draft import Draft, write_bundle
from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.bundles.tensors.binary import DTYPES, pack, unpack
from lading.bundles.tensors.specs import DATATYPES
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.grpc.contents import FIELDS
from lading.runtime.grpc.open_inference_pb2 import ModelInferRequest
from tests.runtime.drafting import draft, graph, objects
from tests.runtime.grpc.conftest import Calls, infer, told

KINDS = {"b": "boolean", "f": "number", "i": "integer", "u": "integer", "O": "string"}
NUMERIC = sorted(DATATYPES.keys() - {"string"})
FORMS = [
    pytest.param(dtype, raw, id=f"{dtype}-{'raw' if raw else 'typed'}")
    for dtype in NUMERIC
    for raw in (True, False)
    if raw or dtype != "float16"  # which has no typed contents
]

Array = np.ndarray[Any, Any]


def echo(dtype: str) -> Draft:
    """Answers what it is asked: two values of ``dtype`` a row."""
    kind: Any = KINDS[np.dtype(object if dtype == "string" else dtype).kind]
    signature = Signature(
        form="tensors",
        fields=(Field(name="x", type=kind, dtype=dtype, shape=(2,), nullable=kind == "number", feed=Feed(input="x")),),
        inputs=(Tensor(name="x", dtype=dtype, shape=("N", 2)),),
        outputs=(Output(tensor=Tensor(name="y", dtype=dtype, shape=("N", 2)), meaning="tensor"),),
    )
    values: Array = np.array([["a", "b"]], object) if dtype == "string" else np.array([[0, 1]], dtype)
    model = graph([helper.make_node("Identity", ["x"], ["y"])], signature)
    return draft(f"echo-{dtype}", signature, model, {"x": values})


def halves() -> Draft:
    """Float32 in, float16 out."""
    signature = Signature(
        form="array",
        fields=(Field(name="x", type="number", dtype="float32", feed=Feed(input="x", column=0)),),
        inputs=(Tensor(name="x", dtype="float32", shape=("N", 1)),),
        outputs=(Output(tensor=Tensor(name="y", dtype="float16", shape=("N", 1)), meaning="tensor"),),
    )
    node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT16)
    return draft("halves", signature, graph([node], signature), {"x": np.array([0.5, 1.5])})


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    folder = tmp_path_factory.mktemp("datatypes")
    paths: list[Path] = []
    for model in (*map(echo, DATATYPES), halves()):
        paths.append(folder / f"{model.name}.lading")
        write_bundle(model, paths[-1])
    serving = Calls(Application(Deployments.load(paths), Settings()), folder / "calls.grpc")
    with grpc.insecure_channel(serving.target) as made:
        yield made
    serving.close()


def asked(dtype: str, values: Array, raw: bool) -> ModelInferRequest:
    """A request to the echo of ``dtype``."""
    made = ModelInferRequest(model_name=f"echo-{dtype}")
    tensor = made.inputs.add(name="x", datatype=DATATYPES[dtype], shape=values.shape)
    if raw:
        made.raw_input_contents.append(pack(values))
    else:
        flat = values.reshape(-1).tolist()
        encoded = [text.encode() for text in flat] if dtype == "string" else flat
        getattr(tensor.contents, FIELDS[DATATYPES[dtype]]).extend(encoded)
    return made


SOME = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(("dtype", "raw"), FORMS)
@given(data=st.data())
@SOME
def test_numbers_come_back_bit_for_bit(channel: grpc.Channel, dtype: str, raw: bool, data: st.DataObject) -> None:
    # Which of the many NaN it is is nobody's business: typed contents go through Python's floats.
    elements = arrays.from_dtype(np.dtype(dtype), allow_nan=False)
    values = data.draw(arrays.arrays(dtype, st.tuples(st.integers(0, 3), st.just(2)), elements=elements))
    answer = infer(channel, asked(dtype, values, raw))
    (output,) = answer.outputs
    assert (output.datatype, tuple(output.shape)) == (DATATYPES[dtype], values.shape)
    if raw or values.size == 0:
        found = unpack(output.datatype, b"".join(answer.raw_output_contents), values.size)
    else:
        found = np.array(list(getattr(output.contents, FIELDS[output.datatype])), DTYPES[output.datatype])
    assert found.tobytes() == values.tobytes()


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "typed"])
@given(texts=st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=2))
@SOME
def test_texts_come_back(channel: grpc.Channel, raw: bool, texts: list[str]) -> None:
    answer = infer(channel, asked("string", objects(*texts).reshape(1, 2), raw))
    if raw:
        assert unpack("BYTES", answer.raw_output_contents[0], 2).tolist() == texts
    else:
        assert [text.decode() for text in answer.outputs[0].contents.bytes_contents] == texts


def test_half_floats_have_no_typed_contents(channel: grpc.Channel) -> None:
    request = asked("float32", np.ones((1, 2), np.float32), raw=False)
    request.model_name, request.inputs[0].datatype = "echo-float16", "FP16"
    with pytest.raises(grpc.RpcError) as refused:
        infer(channel, request)
    assert told(refused).code() is grpc.StatusCode.INVALID_ARGUMENT
    assert 'input "x" is FP16, which has no typed contents; send raw_input_contents' in told(refused).details()


def test_half_floats_are_answered_raw_however_they_were_asked_for(channel: grpc.Channel) -> None:
    request = ModelInferRequest(model_name="halves")
    request.inputs.add(name="x", datatype="FP32", shape=[2, 1]).contents.fp32_contents.extend([0.5, float("inf")])
    answer = infer(channel, request)
    assert answer.raw_output_contents[0] == np.array([0.5, np.inf], np.float16).tobytes()
    assert not answer.outputs[0].HasField("contents")
