"""gRPC and REST give the same answers to the same rows."""

from typing import Any

import grpc
import numpy as np
import orjson
import pytest
from hypothesis import given

from lading.bundles.tensors.binary import DTYPES, pack, unpack
from lading.runtime.deployments import Deployments
from lading.runtime.grpc.contents import FIELDS
from lading.runtime.grpc.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from lading.runtime.protocols.inference import InferenceDialect
from lading.runtime.protocols.inference_schemas import example_request
from tests.runtime.grpc.conftest import infer
from tests.runtime.protocols.test_agreement import LAW, complete
from tests.runtime.rows import ROWS, Rows


def sayable(tensor: dict[str, Any]) -> dict[str, Any] | None:
    """The tensor as gRPC can carry it: texts are there or not, all of them; None says to leave it out."""
    if tensor["datatype"] != "BYTES" or None not in tensor["data"]:
        return tensor
    told = [text for text in tensor["data"] if text is not None]
    return tensor | {"data": [told[0] if text is None else text for text in tensor["data"]]} if told else None


def in_messages(model: str, tensors: list[dict[str, Any]], raw: bool) -> ModelInferRequest:
    made = ModelInferRequest(model_name=model)
    for tensor in tensors:
        word = tensor["datatype"]
        values = np.array(tensor["data"], dtype=DTYPES.get(word, np.dtype(object)))
        told = made.inputs.add(name=tensor["name"], datatype=word, shape=tensor["shape"])
        if raw:
            made.raw_input_contents.append(pack(values))
        else:
            flat = [text.encode() for text in values.tolist()] if word == "BYTES" else values.tolist()
            told.contents.SetInParent()
            getattr(told.contents, FIELDS[word]).extend(flat)
    return made


def values_of(answer: ModelInferResponse, position: int) -> list[Any]:
    output = answer.outputs[position]
    if answer.raw_output_contents:
        found = unpack(output.datatype, answer.raw_output_contents[position], int(np.prod(output.shape)))
        return list(found.tolist())
    given = list(getattr(output.contents, FIELDS[output.datatype]))
    return [text.decode() for text in given] if output.datatype == "BYTES" else given


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "typed"])
@given(asked=ROWS)
@LAW
def test_rows_are_answered_over_grpc_as_over_rest(
    channel: grpc.Channel, deployments: Deployments, raw: bool, asked: tuple[str, Rows]
) -> None:
    model = deployments.get(asked[0])
    dialect = InferenceDialect(model)
    example: Any = example_request(dialect, complete(model, asked[1]))
    tensors = [tensor for tensor in map(sayable, example["inputs"]) if tensor is not None]
    if not any(tensor["data"] for tensor in tensors):
        return  # without a tensor nothing says how many rows there are
    question = dialect.read(orjson.dumps({"inputs": tensors}), {})
    expected = orjson.loads(dialect.write(question, model.run(question.feeds)).body)

    answer = infer(channel, in_messages(model.name, tensors, raw))
    assert [output.name for output in answer.outputs] == [output["name"] for output in expected["outputs"]]
    for position, (told, output) in enumerate(zip(answer.outputs, expected["outputs"], strict=True)):
        assert (told.datatype, list(told.shape)) == (output["datatype"], output["shape"])
        found = values_of(answer, position)
        if output["datatype"] in ("FP32", "FP64"):
            dtype = DTYPES[output["datatype"]]
            assert np.array(found, dtype).tobytes() == np.array(output["data"], dtype).tobytes()
        else:
            assert found == output["data"]
