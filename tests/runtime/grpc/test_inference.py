"""Predictions over gRPC, by Triton's client and by plain messages: raw and typed, exact, and refused with a status."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import grpc
import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from lading.bundles.tensors.binary import DTYPES, pack, unpack
from lading.bundles.tensors.specs import DATATYPES
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.grpc.contents import FIELDS
from lading.runtime.grpc.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from tests.runtime.grpc.conftest import INFER, Calls, infer, told, unary

NAN, INF = float("nan"), float("inf")

Array = np.ndarray[Any, Any]


def triton(name: str, values: object, dtype: str) -> InferInput:
    array = np.array(values, dtype=object if dtype == "string" else dtype)
    tensor = InferInput(name, list(array.shape), DATATYPES[dtype])
    tensor.set_data_from_numpy(array)
    return tensor


def request(model: str, **tensors: tuple[str, Array]) -> ModelInferRequest:
    """A raw request; each tensor is given as its datatype and its values."""
    made = ModelInferRequest(model_name=model)
    for name, (word, values) in tensors.items():
        made.inputs.add(name=name, datatype=word, shape=values.shape)
        made.raw_input_contents.append(pack(values))
    return made


def typed(raw: ModelInferRequest) -> ModelInferRequest:
    """The same request with its tensors typed."""
    made = ModelInferRequest.FromString(raw.SerializeToString())
    del made.raw_input_contents[:]
    for tensor, data in zip(made.inputs, raw.raw_input_contents, strict=True):
        values = unpack(tensor.datatype, data, int(np.prod(tensor.shape))).tolist()
        encoded = [text.encode() for text in values] if tensor.datatype == "BYTES" else values
        getattr(tensor.contents, FIELDS[tensor.datatype]).extend(encoded)
    return made


def arrays(answer: ModelInferResponse) -> dict[str, Array]:
    """The outputs of an answer, raw or typed."""
    found = {}
    for position, output in enumerate(answer.outputs):
        count = int(np.prod(output.shape))
        if answer.raw_output_contents:
            values = unpack(output.datatype, answer.raw_output_contents[position], count)
        else:
            given = list(getattr(output.contents, FIELDS[output.datatype]))
            values = np.array([v.decode() for v in given] if output.datatype == "BYTES" else given, dtype=object)
            values = values.astype(DTYPES.get(output.datatype, np.dtype(object)))
        found[output.name] = values.reshape(tuple(output.shape))
    return found


def cells(values: object = ((1, 2, 3, 4), (5, 6, 7, 8))) -> ModelInferRequest:
    return request("cells", X=("FP32", np.array(values, np.float32)))


def words(*values: str) -> Array:
    made = np.empty((len(values), 1), dtype=object)
    made[:, 0] = values
    return made


def images() -> ModelInferRequest:
    return request(
        "images",
        pixels=("FP32", np.arange(24, dtype=np.float32).reshape(2, 3, 4)),
        shift=("INT8", np.array([-3, 100], np.int8)),
        caption=("BYTES", words("a cat", "un été")),
    )


def test_triton_s_client_gets_what_the_model_answers(client: InferenceServerClient, deployments: Deployments) -> None:
    values = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32)
    answer = client.infer("cells", [triton("X", values, "float32")], request_id="seven", model_version="1.0.0")
    np.testing.assert_array_equal(answer.as_numpy("variable"), deployments.get("cells").run({"X": values})["variable"])
    told = answer.get_response()
    assert (told.model_name, told.model_version, told.id) == ("cells", "1.0.0", "seven")


def test_triton_s_client_sends_every_kind_of_column(client: InferenceServerClient, deployments: Deployments) -> None:
    tensors = [
        triton("bill length", [[3.9], [NAN]], "float64"),
        triton("mass", [[3.75], [3.8]], "float64"),
        triton("year", [[2007], [2008]], "int64"),
        triton("eggs", [[NAN], [2.0]], "float64"),
        triton("tagged", [[True], [False]], "bool"),
        triton("island", [["Torgersen"], ["Dream"]], "string"),
        triton("note", [["heavy"], ["a: colon é"]], "string"),
        triton("band", [[1], [7]], "int64"),
    ]
    answer = client.infer("penguins", tensors)
    rows: list[dict[str, object]] = [
        {"bill length": 3.9, "mass": 3.75, "year": 2007, "eggs": None, "tagged": True, "island": "Torgersen"},
        {"bill length": None, "mass": 3.8, "year": 2008, "eggs": 2, "tagged": False, "island": "Dream"},
    ]
    rows = [
        row | {"note": note, "band": band}
        for row, note, band in zip(rows, ("heavy", "a: colon é"), (1, 7), strict=True)
    ]
    model = deployments.get("penguins")
    expected = model.run(model.encoder.encode_rows(rows))
    assert [label.decode() for label in answer.as_numpy("label")] == expected["label"].tolist()
    assert answer.as_numpy("probabilities").tobytes() == expected["probabilities"].tobytes()


def test_the_outputs_are_those_that_were_asked_for_in_that_order(client: InferenceServerClient) -> None:
    inputs = [
        triton("pixels", np.ones((1, 3, 4)), "float32"),
        triton("shift", [4], "int8"),
        triton("caption", [["x"]], "string"),
    ]
    answer = client.infer("images", inputs, outputs=[InferRequestedOutput(name) for name in ("pair", "again")])
    assert [output.name for output in answer.get_response().outputs] == ["pair", "again"]
    assert answer.as_numpy("again").tolist() == [[b"x"]]
    np.testing.assert_array_equal(answer.as_numpy("pair"), [[3.0, 3.0]])


@pytest.mark.parametrize("make", [cells, images])
def test_a_request_is_answered_raw_or_typed_as_it_came(
    channel: grpc.Channel, make: Callable[[], ModelInferRequest]
) -> None:
    raw, told = infer(channel, make()), infer(channel, typed(make()))
    assert len(raw.raw_output_contents) == len(raw.outputs)
    assert not any(output.HasField("contents") for output in raw.outputs)
    assert not told.raw_output_contents
    assert all(output.HasField("contents") for output in told.outputs)
    expected, found = arrays(raw), arrays(told)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert (found[name].dtype, found[name].shape) == (values.dtype, values.shape)
        assert found[name].tolist() == values.tolist()


def test_a_coded_label_is_the_class_that_it_stands_for(channel: grpc.Channel) -> None:
    asked = request("coins", X=("FP64", np.array([[0.25, 1.0], [2.0, 1.0]])))
    for one in (asked, typed(asked)):
        answer = infer(channel, one)
        assert [(output.name, output.datatype) for output in answer.outputs] == [("label", "BOOL"), ("odds", "FP64")]
        assert arrays(answer)["label"].tolist() == [True, False]


@pytest.mark.parametrize("make", [lambda asked: asked, typed], ids=["raw", "typed"])
def test_nan_and_infinities_are_carried_both_ways(
    channel: grpc.Channel, make: Callable[[ModelInferRequest], ModelInferRequest]
) -> None:
    answer = arrays(infer(channel, make(request("roots", X=("FP64", np.array([[-1.0], [0.0], [INF], [4.0]]))))))
    np.testing.assert_array_equal(answer["root"], [[NAN], [0.0], [INF], [2.0]])
    np.testing.assert_array_equal(answer["log"], [[NAN], [-INF], [INF], [np.log(4.0)]])
    same = arrays(infer(channel, make(request("counts", X=("FP64", np.array([[1.0, 0.0, NAN], [2.0, 1.0, -INF]]))))))
    np.testing.assert_array_equal(same["same"], [[1.0, 0.0, NAN], [2.0, 1.0, -INF]])


@pytest.mark.parametrize("make", [lambda asked: asked, typed], ids=["raw", "typed"])
def test_no_rows_are_answered_with_none(
    channel: grpc.Channel, make: Callable[[ModelInferRequest], ModelInferRequest]
) -> None:
    answer = arrays(infer(channel, make(cells(np.empty((0, 4))))))
    assert answer["variable"].shape == (0, 1)


def test_a_large_request_is_answered_like_a_small_one(channel: grpc.Channel, deployments: Deployments) -> None:
    values = np.random.default_rng(1).normal(size=(20_000, 4)).astype(np.float32)
    answer = arrays(infer(channel, cells(values)))
    assert answer["variable"].tobytes() == deployments.get("cells").run({"X": values})["variable"].tobytes()


def test_an_id_comes_back_and_none_is_made_up(channel: grpc.Channel) -> None:
    asked = cells()
    assert infer(channel, asked).id == ""
    asked.id = "Zoë"
    assert infer(channel, asked).id == "Zoë"


def test_the_answer_names_the_bundle(channel: grpc.Channel, deployments: Deployments) -> None:
    call: Any = channel.unary_unary(INFER)
    _, ended = call.with_call(cells().SerializeToString(), timeout=20)
    assert ("lading-bundle-digest", deployments.get("cells").digest) in list(ended.trailing_metadata())
    with pytest.raises(grpc.RpcError) as refused:
        call(request("cells", X=("FP64", np.ones((1, 4)))).SerializeToString(), timeout=20)
    assert ("lading-bundle-digest", deployments.get("cells").digest) in list(told(refused).trailing_metadata())


def changed(make: Callable[[], ModelInferRequest], change: Callable[[ModelInferRequest], object]) -> ModelInferRequest:
    made = make()
    change(made)
    return made


def both(asked: ModelInferRequest) -> ModelInferRequest:
    """Raw and typed at once."""
    made = typed(asked)
    made.raw_input_contents.extend(asked.raw_input_contents)
    return made


MALFORMED: Sequence[Any] = [
    pytest.param(both(cells()), 'input "X" has contents beside raw_input_contents', id="both forms"),
    pytest.param(
        changed(images, lambda asked: asked.raw_input_contents.pop()),
        "has 3 inputs and 2 raw_input_contents",
        id="raw contents for some inputs",
    ),
    pytest.param(
        changed(lambda: typed(cells()), lambda asked: asked.inputs[0].contents.fp64_contents.append(1)),
        'input "X" is "FP32" and has fp64_contents, expected fp32_contents',
        id="contents of another datatype",
    ),
    pytest.param(
        changed(lambda: typed(cells()), lambda asked: asked.inputs[0].contents.fp32_contents.append(1)),
        'input "X" has 9 values, its shape [2, 4] describes 8',
        id="more values than the shape",
    ),
    pytest.param(request("cells", X=("FP64", np.ones((1, 4)))), 'has datatype "FP64", expected FP32', id="datatype"),
    pytest.param(
        request("cells", X=("FP32", np.ones((1, 5), np.float32))), "has shape [1, 5], expected [-1, 4]", id="shape"
    ),
    pytest.param(
        changed(cells, lambda asked: asked.inputs[0].ClearField("shape")), "has [] for its shape", id="no shape"
    ),
    pytest.param(
        changed(cells, lambda asked: asked.inputs[0].shape.__setitem__(0, 3)),
        "has 32 bytes of data, 12 values of FP32 are 48",
        id="too few bytes",
    ),
    pytest.param(
        changed(cells, lambda asked: asked.inputs[0].shape.__setitem__(0, -1)),
        "-1 is no extent",
        id="a negative extent",
    ),
    pytest.param(
        changed(cells, lambda asked: asked.inputs[0].shape.__setitem__(0, 2**62)),
        "which is more than",
        id="a shape whose size overflows",
    ),
    pytest.param(request("cells", Y=("FP32", np.ones((1, 4), np.float32))), 'there is no input "Y"', id="another name"),
    pytest.param(ModelInferRequest(model_name="cells"), 'input "X" is missing', id="no inputs"),
    pytest.param(
        changed(cells, lambda asked: asked.outputs.add(name="Z")), 'there is no output "Z"', id="another output"
    ),
    pytest.param(
        changed(images, lambda asked: asked.raw_input_contents.__setitem__(2, b"\x01\0\0\0\xff\0\0\0\0")),
        'input "caption" has bytes that are not UTF-8 for value 0',
        id="bytes that are no text",
    ),
    pytest.param(
        changed(lambda: typed(images()), lambda asked: asked.inputs[2].contents.bytes_contents.__setitem__(1, b"\xff")),
        'input "caption" has bytes that are not UTF-8 for value 1',
        id="typed bytes that are no text",
    ),
    pytest.param(
        changed(lambda: typed(images()), lambda asked: asked.inputs[1].contents.int_contents.__setitem__(1, 200)),
        'input "shift" has 200 in row 1, expected an integer that fits INT8',
        id="an integer beyond its datatype",
    ),
    pytest.param(
        changed(
            cells,
            lambda asked: asked.parameters["timeout"].MergeFrom(type(asked.parameters["timeout"])(string_param="1")),
        ),
        'the parameter timeout is "1", expected microseconds',
        id="a timeout that is text",
    ),
    pytest.param(cells([[1, NAN, 3, 4]]), 'field "x1", row 0: is null', id="a missing value that may not be"),
]


@pytest.mark.parametrize(("asked", "problem"), MALFORMED)
def test_what_is_malformed_is_an_invalid_argument(
    channel: grpc.Channel, asked: ModelInferRequest, problem: str
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        infer(channel, asked)
    assert told(refused).code() is grpc.StatusCode.INVALID_ARGUMENT
    assert problem in told(refused).details()


def test_bytes_that_are_no_message_are_an_invalid_argument(channel: grpc.Channel) -> None:
    for method in ("ModelInfer", "ModelMetadata"):
        with pytest.raises(grpc.RpcError) as refused:
            unary(channel, f"/inference.GRPCInferenceService/{method}", b"\xff\xff\xff")
        assert told(refused).code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "the message is no inference.Model" in told(refused).details()


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [("cell", "", 'no model "cell" is deployed here'), ("cells", "2.0.0", 'has no version "2.0.0" here')],
)
def test_an_unknown_model_or_version_is_not_found(
    client: InferenceServerClient, name: str, version: str, words: str
) -> None:
    tensor = triton("X", np.ones((1, 4)), "float32")
    calls: list[Callable[[], object]] = [
        lambda: client.infer(name, [tensor], model_version=version),
        lambda: client.get_model_metadata(name, version),
        lambda: client.is_model_ready(name, version),
    ]
    for call in calls:
        with pytest.raises(InferenceServerException) as refused:
            call()
        assert refused.value.status() == "StatusCode.NOT_FOUND"
        assert words in refused.value.message()


def test_a_message_beyond_the_limit_is_too_much(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        infer(channel, cells(np.ones((100_000, 4))))
    assert told(refused).code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_compressed_message_is_not_taken(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        infer(channel, cells(np.ones((100, 4))), compression=grpc.Compression.Gzip)
    assert told(refused).code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("form", [lambda made: made, typed], ids=["raw", "typed"])
def test_who_asks_is_warned(
    begin: Callable[..., Calls], trained: Deployments, form: Callable[[ModelInferRequest], ModelInferRequest]
) -> None:
    calls = begin(Application(trained, Settings()))
    asked = form(request("readings", X=("FP64", np.array([[0.0, 0.0], [99.0, 0.0]]))))
    with grpc.insecure_channel(calls.target) as channel:
        plain = infer(channel, asked)
        asked.parameters["warnings"].bool_param = True
        warned = infer(channel, asked)
        asked.parameters["warnings"].int64_param = 1
        with pytest.raises(grpc.RpcError) as caught:
            infer(channel, asked)
    assert not plain.parameters
    (warning,) = json.loads(warned.parameters["warnings"].string_param)["warnings"]
    assert (warning["row"], warning["field"], warning["problem"]) == (1, "x0", "above")
    assert np.array_equal(arrays(warned)["Y"], arrays(plain)["Y"])
    assert told(caught).code() == grpc.StatusCode.INVALID_ARGUMENT
    model = trained.get("readings")
    assert calls.application.observations.total(model).rows == 4
