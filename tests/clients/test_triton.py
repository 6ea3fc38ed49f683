"""Triton's client over HTTP: all that it can ask of a server, of which nothing is set up for it."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import ml_dtypes
import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput, InferResult
from tritonclient.utils import InferenceServerException

from tests.clients.asking import arrays, close, metadata
from tests.clients.models import Arrays, Served

pytestmark = pytest.mark.clients

HEADER = "Inference-Header-Content-Length"
NAN, INF = float("nan"), float("inf")
MODELS = ("iris", "iris-frame", "income")


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[InferenceServerClient]:
    """The client, as its own examples make it."""
    with InferenceServerClient(address) as found:
        yield found


def given(told: Mapping[str, Any], values: Arrays, binary: bool = True) -> list[InferInput]:
    """``values`` as the client's own inputs."""
    made = []
    for tensor in told["inputs"]:
        if tensor["name"] in values:
            array = values[tensor["name"]]
            made.append(InferInput(tensor["name"], array.shape, tensor["datatype"]))
            made[-1].set_data_from_numpy(array, binary_data=binary)
    return made


def told_of(result: InferResult, output: str) -> Any:
    """An output, its texts as text."""
    values = result.as_numpy(output)
    if values.dtype != object:
        return values
    texts = [value.decode() if isinstance(value, bytes) else value for value in values.reshape(-1)]
    return np.array(texts).reshape(values.shape)


def test_health_and_metadata(client: InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("iris")
    assert client.is_model_ready("iris", "1")
    assert not client.is_model_ready("iris", "2")
    assert client.get_server_metadata()["name"] == "lading"
    told = client.get_model_metadata("income", "1.0.0")
    assert {tensor["name"]: tensor["datatype"] for tensor in told["inputs"]}["Workclass"] == "BYTES"


def test_the_repository_s_index(client: InferenceServerClient, served: Mapping[str, Served]) -> None:
    index = client.get_model_repository_index()
    assert [entry["name"] for entry in index] == sorted(served)
    assert {entry["state"] for entry in index} == {"READY"}


def test_the_configuration(client: InferenceServerClient) -> None:
    config = client.get_model_config("iris")
    assert config["max_batch_size"] == 0
    assert config["input"][0]["dims"] == [-1, 4]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("inputs_in_bytes", [True, False])
@pytest.mark.parametrize("outputs_in_bytes", [True, False, None])
def test_predictions_are_those_of_onnx_runtime(
    client: InferenceServerClient,
    address: str,
    served: Mapping[str, Served],
    model: str,
    inputs_in_bytes: bool,
    outputs_in_bytes: bool | None,
) -> None:
    told = metadata(address, model)
    names = [output["name"] for output in told["outputs"]]
    wanted = None if outputs_in_bytes is None else [InferRequestedOutput(name, outputs_in_bytes) for name in names]
    inputs = given(told, arrays(told, served[model].rows), inputs_in_bytes)
    (version,) = told["versions"]
    result = client.infer(model, inputs, model_version=version, outputs=wanted, request_id="7")
    assert result.get_response()["id"] == "7"
    assert result.get_response()["model_version"] == version
    expected = served[model].outputs()
    for name in names:
        close(told_of(result, name), expected[name])
        in_bytes = "binary_data_size" in result.get_output(name).get("parameters", {})
        assert in_bytes is (outputs_in_bytes is not False)  # who names no output prefers bytes


def test_only_the_outputs_that_were_asked_for_come(
    client: InferenceServerClient, address: str, served: Mapping[str, Served]
) -> None:
    told = metadata(address, "income")
    inputs = given(told, arrays(told, served["income"].rows))
    wanted = [InferRequestedOutput("probabilities", binary_data=True)]
    result = client.infer("income", inputs, outputs=wanted)
    assert [output["name"] for output in result.get_response()["outputs"]] == ["probabilities"]
    assert result.as_numpy("label") is None


def test_classes_are_texts_of_value_index_and_label(
    client: InferenceServerClient, address: str, served: Mapping[str, Served]
) -> None:
    told = metadata(address, "income")
    inputs = given(told, arrays(told, served["income"].rows))
    result = client.infer("income", inputs, outputs=[InferRequestedOutput("probabilities", class_count=1)])
    found = told_of(result, "probabilities")
    expected = served["income"].outputs()["probabilities"]
    assert found.shape == (len(expected), 1)
    for text, odds in zip(found[:, 0], expected, strict=True):
        value, index, label = text.split(":")
        assert (int(index), label) == (int(odds.argmax()), ("high", "low")[odds.argmax()])
        assert float(value) == pytest.approx(odds.max(), abs=1e-6)


@pytest.mark.parametrize("binary", [True, False])
def test_texts_come_back_as_they_were(client: InferenceServerClient, address: str, binary: bool) -> None:
    told = metadata(address, "images")
    texts = np.array([["a: b"], ["Grüße, 世界"], [""]], dtype=object)
    values: Arrays = {
        "pixels": np.zeros((3, 3, 4), np.float32),
        "shift": np.array([-128, 0, 127], np.int8),
        "caption": texts,
    }
    result = client.infer("images", given(told, values, binary), outputs=[InferRequestedOutput("again", binary)])
    assert told_of(result, "again").tolist() == texts.tolist()


def test_nan_and_infinities_travel_exactly_in_bytes(client: InferenceServerClient, address: str) -> None:
    told = metadata(address, "roots")
    inputs = given(told, {"X": np.array([[4.0], [-1.0], [0.0]])})
    result = client.infer("roots", inputs)
    np.testing.assert_array_equal(result.as_numpy("root")[:, 0], [2.0, NAN, 0.0])
    np.testing.assert_array_equal(result.as_numpy("log")[:, 0], [np.log(4.0), NAN, -INF])


def test_fields_that_may_be_missing_may_be_left_out(client: InferenceServerClient, address: str) -> None:
    told = metadata(address, "penguins")
    values: Arrays = {
        "mass": np.array([[3.75]]),
        "year": np.array([[2007]]),
        "tagged": np.array([[True]]),
        "island": np.array([["Dream"]], object),
        "band": np.array([[1]]),
    }
    bare = client.infer("penguins", given(told, values))
    missing = client.infer("penguins", given(told, values | {"eggs": np.array([[NAN]])}))
    np.testing.assert_array_equal(bare.as_numpy("probabilities"), missing.as_numpy("probabilities"))


def test_no_rows_get_no_answers(client: InferenceServerClient, address: str) -> None:
    told = metadata(address, "cells")
    result = client.infer("cells", given(told, {"X": np.empty((0, 4), np.float32)}))
    assert result.as_numpy("variable").shape == (0, 1)


def test_a_request_that_was_made_apart_is_answered_and_the_answer_read_apart(
    address: str, served: Mapping[str, Served]
) -> None:
    told = metadata(address, "iris")
    body, length = InferenceServerClient.generate_request_body(given(told, arrays(told, served["iris"].rows)))
    url = f"http://{address}/v2/models/iris/infer"
    response = httpx.post(url, content=body, headers={HEADER: str(length)})
    result = InferenceServerClient.parse_response_body(
        response.content, header_length=int(response.headers[HEADER.lower()])
    )
    expected = served["iris"].outputs()
    for name in expected:
        close(result.as_numpy(name), expected[name])


def test_a_body_of_nothing_but_bytes_is_answered(address: str, served: Mapping[str, Served]) -> None:
    told = metadata(address, "iris")
    (values,) = arrays(told, served["iris"].rows).values()
    url = f"http://{address}/v2/models/iris/infer"
    response = httpx.post(url, content=values.tobytes(), headers={HEADER: "0"})
    result = InferResult.from_response_body(response.content, header_length=int(response.headers[HEADER.lower()]))
    expected = served["iris"].outputs()
    for name in expected:
        close(result.as_numpy(name), expected[name])


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_bodies_are_compressed_both_ways_where_a_setting_allows_it(
    client: InferenceServerClient, address: str, served: Mapping[str, Served], algorithm: str
) -> None:
    told = metadata(address, "income")
    inputs = given(told, arrays(told, served["income"].rows))
    options = {"request_compression_algorithm": algorithm, "response_compression_algorithm": algorithm}
    result = client.infer("income", inputs, **options)
    close(result.as_numpy("probabilities"), served["income"].outputs()["probabilities"])


def test_requests_that_do_not_wait_for_each_other_are_answered(client: InferenceServerClient, address: str) -> None:
    told = metadata(address, "cells")
    waiting = [
        client.async_infer("cells", given(told, {"X": np.full((1, 4), index, np.float32)})) for index in range(9)
    ]
    for index, one in enumerate(waiting):
        assert one.get_result().as_numpy("variable").tolist() == [[2.5 * index]]


def test_a_client_s_own_deadline_is_kept(client: InferenceServerClient, address: str) -> None:
    told = metadata(address, "cells")
    inputs = given(told, {"X": np.zeros((1, 4), np.float32)})
    assert client.infer("cells", inputs, timeout=20_000_000).as_numpy("variable").tolist() == [[0.0]]
    with pytest.raises(InferenceServerException, match="did not answer within") as refused:
        client.infer("cells", inputs, timeout=1)
    assert refused.value.status() == "504"


def refused(client: InferenceServerClient, model: str, inputs: list[InferInput], **options: Any) -> str:
    with pytest.raises(InferenceServerException) as caught:
        client.infer(model, inputs, **options)
    return f"{caught.value.status()} {caught.value.message()}"


def test_a_refusal_comes_with_its_words(client: InferenceServerClient, address: str) -> None:
    told = metadata(address, "cells")
    inputs = given(told, {"X": np.zeros((1, 4), np.float32)})
    assert '404 no model "cell" is deployed here' in refused(client, "cell", inputs)
    assert '404 model "cells" has no version' in refused(client, "cells", inputs, model_version="9")
    wide = InferInput("X", (1, 5), "FP32")
    wide.set_data_from_numpy(np.zeros((1, 5), np.float32))
    assert '400 input "X" has shape [1, 5], expected [-1, 4]' in refused(client, "cells", [wide])
    half = InferInput("X", (1, 4), "BF16")
    half.set_data_from_numpy(np.zeros((1, 4), ml_dtypes.bfloat16))
    assert '400 input "X" has datatype "BF16", expected FP32' in refused(client, "cells", [half])


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda client: client.get_system_shared_memory_status(), id="shared memory"),
        pytest.param(lambda client: client.unregister_cuda_shared_memory(), id="CUDA's shared memory"),
        pytest.param(lambda client: client.get_trace_settings(), id="traces"),
        pytest.param(lambda client: client.get_log_settings(), id="log"),
        pytest.param(lambda client: client.load_model("iris"), id="loading"),
        pytest.param(lambda client: client.unload_model("iris"), id="unloading"),
    ],
)
def test_what_is_not_offered_says_so(
    client: InferenceServerClient, ask: Callable[[InferenceServerClient], object]
) -> None:
    with pytest.raises(InferenceServerException, match="not offered here") as caught:
        ask(client)
    assert caught.value.status() == "501"


def test_statistics_are_those_of_all_replicas(client: InferenceServerClient, address: str) -> None:
    told = metadata(address, "coins")

    def counted() -> tuple[int, int, int]:
        stats = client.get_inference_statistics("coins", "1.0.0")["model_stats"][0]
        return stats["inference_count"], stats["execution_count"], stats["inference_stats"]["success"]["count"]

    before = counted()
    inputs = given(told, {"X": np.zeros((3, 2))})
    for one in [client.async_infer("coins", inputs) for _ in range(20)]:
        one.get_result()
    deadline = time.monotonic() + 20
    while counted() != (before[0] + 60, before[1] + 20, before[2] + 20):
        assert time.monotonic() < deadline, (before, counted())
        time.sleep(0.05)
    assert len(client.get_inference_statistics()["model_stats"]) > 3
