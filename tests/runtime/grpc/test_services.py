"""The services: what is asked beside predictions, whose plugins they are, and what becomes of what goes wrong."""

import logging
import pickle
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.json_format import ParseDict
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import InferenceServerClient, InferInput, model_config_pb2

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.canary import Canary
from lading.runtime.deployments import Deployments
from lading.runtime.errors import BodyTooLargeError, TooMuchMemoryError
from lading.runtime.grpc.health import Health
from lading.runtime.grpc.open_inference import OpenInference
from lading.runtime.grpc.open_inference_pb2 import ModelInferRequest, ModelMetadataRequest, ModelMetadataResponse
from lading.runtime.grpc.service import NotAServiceError, load_services
from lading.runtime.protocols.model_configuration import configuration
from lading.runtime.protocols.open_inference import metadata
from tests.runtime.administration.times import times
from tests.runtime.grpc.conftest import Begin, Calls, Stranger, called, infer, told, unary

CELLS = ModelInferRequest.InferInputTensor(name="X", datatype="FP32", shape=[2, 4])


def health(channel: grpc.Channel, service: str = "") -> int:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    return int(stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=20).status)


def test_the_server_and_its_models_are_live_and_ready(client: InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("penguins")
    assert client.is_model_ready("penguins", "1.0.0")


def test_a_server_that_leaves_is_not_ready(begin: Begin, deployments: Deployments) -> None:
    application = Application(deployments, Settings())
    calls = begin(application)
    application.draining = True
    with InferenceServerClient(calls.target) as client, grpc.insecure_channel(calls.target) as channel:
        assert client.is_server_live()
        assert not client.is_server_ready()
        assert not client.is_model_ready("cells")
        assert health(channel) == health_pb2.HealthCheckResponse.NOT_SERVING


def test_metadata_are_those_of_rest(
    client: InferenceServerClient, channel: grpc.Channel, deployments: Deployments
) -> None:
    method = "/inference.GRPCInferenceService/ModelMetadata"
    for model in deployments:
        body = unary(channel, method, ModelMetadataRequest(name=model.name).SerializeToString())
        expected = ParseDict(metadata(model, deployments), ModelMetadataResponse())
        assert ModelMetadataResponse.FromString(body) == expected
        assert dict(expected.properties)["digest"] == model.digest
        told = client.get_model_metadata(model.name)
        assert [(tensor.name, tensor.datatype, list(tensor.shape)) for tensor in told.inputs] == [
            (tensor.name, tensor.datatype, list(tensor.shape)) for tensor in expected.inputs
        ]


def test_the_index_lists_the_models(client: InferenceServerClient, deployments: Deployments) -> None:
    index = client.get_model_repository_index()
    assert [(model.name, model.version, model.state) for model in index.models] == [
        (model.name, model.version, "READY") for model in deployments
    ]


def test_a_canary_is_listed_and_answers_to_its_version(begin: Begin, tmp_path: Path) -> None:
    (stable,), (tried,) = (Deployments.load([times(number, tmp_path)]) for number in (1, 2))
    calls = begin(Application(Deployments([stable], [Canary(tried, 0.5)]), Settings()))
    with InferenceServerClient(calls.target) as client:
        assert client.is_model_ready("times", "2.0.0")
        for version in ("", "1.0.0", "2.0.0"):
            assert list(client.get_model_metadata("times", version).versions) == ["1.0.0", "2.0.0"]
        for version, factor in (("1.0.0", 1), ("2.0.0", 2)):
            asked = InferInput("X", [1, 1], "FP64")
            asked.set_data_from_numpy(np.array([[7.0]]))
            answer = client.infer("times", [asked], version)
            assert answer.get_response().model_version == version
            assert answer.as_numpy("y").tolist() == [[7.0 * factor]]
        assert [(one.name, one.version) for one in client.get_model_repository_index().models] == [
            ("times", "1.0.0"),
            ("times", "2.0.0"),
        ]


def test_the_index_of_a_server_that_leaves_has_nothing_ready(begin: Begin, deployments: Deployments) -> None:
    application = Application(deployments, Settings())
    with InferenceServerClient(begin(application).target) as client:
        application.draining = True
        assert {model.state for model in client.get_model_repository_index().models} == {"UNAVAILABLE"}


def test_the_configuration_is_the_one_of_rest(client: InferenceServerClient, deployments: Deployments) -> None:
    for model in deployments:
        expected = ParseDict(configuration(model), model_config_pb2.ModelConfig())
        assert client.get_model_config(model.name, model.version).config == expected


def test_the_statistics_are_those_of_the_application(begin: Begin, deployments: Deployments) -> None:
    application = Application(deployments, Settings())
    calls = begin(application)
    with InferenceServerClient(calls.target) as client, grpc.insecure_channel(calls.target) as channel:
        before = application.tallies.total(deployments.get("cells"))
        infer(channel, ModelInferRequest(model_name="cells", inputs=[CELLS], raw_input_contents=[b"\0" * 32]))
        (told,) = client.get_inference_statistics("cells").model_stats
        assert told.inference_count == before.rows + 2
        assert told.execution_count == before.runs + 1
        assert told.inference_stats.compute_infer.ns > before.infer_ns
        every = client.get_inference_statistics().model_stats
        assert [model.name for model in every] == [model.name for model in deployments]


@pytest.mark.parametrize("service", ["", "inference.GRPCInferenceService", "grpc.health.v1.Health"])
def test_health_is_told_of_the_server_and_of_its_services(channel: grpc.Channel, service: str) -> None:
    assert health(channel, service) == health_pb2.HealthCheckResponse.SERVING


def test_health_of_a_strange_service_is_not_found(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        health(channel, "other")
    assert told(refused).code() is grpc.StatusCode.NOT_FOUND
    assert 'there is no service "other"' in told(refused).details()


@pytest.mark.parametrize(
    "method",
    [
        "/grpc.health.v1.Health/Watch",
        "/inference.GRPCInferenceService/RepositoryModelLoad",
        "/inference.GRPCInferenceService/SystemSharedMemoryRegister",
        "/other.Service/Method",
    ],
)
def test_a_method_that_is_not_offered_is_unimplemented(calls: Calls, method: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        called(calls, method)
    assert told(refused).code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_service_of_somebody_else_s_is_called(begin: Begin, deployments: Deployments) -> None:
    calls = begin(Application(deployments, Settings()), Stranger())
    assert called(calls, "/stranger.Service/Count", b"hi") == b"%d models, hi" % len(deployments)


def test_the_services_follow_what_is_deployed(begin: Begin, bundles: dict[str, Path]) -> None:
    application = Application(Deployments.load([bundles["cells"]]), Settings())
    calls = begin(application, OpenInference(), Health(), Stranger())
    with InferenceServerClient(calls.target) as client:
        assert client.is_model_ready("cells")
        application.deployments = Deployments.load([bundles["coins"], bundles["roots"]])
        assert client.is_model_ready("coins")
        assert [model.name for model in client.get_model_repository_index().models] == ["coins", "roots"]
    assert called(calls, "/stranger.Service/Count") == b"2 models, "


def test_a_refusal_is_a_status_with_its_words_and_metadata(begin: Begin, deployments: Deployments) -> None:
    calls = begin(Application(deployments, Settings()), Stranger())
    with pytest.raises(grpc.RpcError) as refused:
        called(calls, "/stranger.Service/Refuse")
    assert told(refused).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert told(refused).details() == str(BodyTooLargeError(7))
    assert ("what", "this") in list(told(refused).trailing_metadata())


def test_a_call_that_takes_too_much_memory_is_told_so(
    begin: Begin, deployments: Deployments, caplog: pytest.LogCaptureFixture
) -> None:
    calls = begin(Application(deployments, Settings()), Stranger())
    with pytest.raises(grpc.RpcError) as refused:
        called(calls, "/stranger.Service/Exhaust")
    assert told(refused).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert told(refused).details() == str(TooMuchMemoryError())
    assert caplog.records == []


def test_a_failure_is_internal_and_only_the_log_says_why(
    begin: Begin, deployments: Deployments, caplog: pytest.LogCaptureFixture
) -> None:
    calls = begin(Application(deployments, Settings()), Stranger())
    with caplog.at_level(logging.ERROR, "lading.runtime"), pytest.raises(grpc.RpcError) as refused:
        called(calls, "/stranger.Service/Fail", metadata=[("x-request-id", "one-1")])
    assert told(refused).code() is grpc.StatusCode.INTERNAL
    assert told(refused).details() == "the server failed to answer; its log has the reason under request one-1"
    (record,) = caplog.records
    assert "request one-1" in record.getMessage()
    assert record.exc_info is not None
    assert "the secret of the house" in str(record.exc_info[1])


def test_a_method_knows_how_long_its_client_waits(begin: Begin, deployments: Deployments) -> None:
    calls = begin(Application(deployments, Settings()), Stranger())
    assert 40 < int(called(calls, "/stranger.Service/Patience", timeout=50)) <= 50
    assert called(calls, "/stranger.Service/Patience", timeout=None) == b"none"


def test_a_method_is_cancelled_when_its_client_goes(begin: Begin, deployments: Deployments) -> None:
    stranger = Stranger()
    calls = begin(Application(deployments, Settings()), stranger)
    with grpc.insecure_channel(calls.target) as channel:
        wait: Any = channel.unary_unary("/stranger.Service/Wait")
        waiting = wait.future(b"")
        assert stranger.begun.wait(20)
        waiting.cancel()
        assert stranger.cancelled.wait(20)


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that offers as a service what is none."""
    (tmp_path / "odd_service.py").write_text("class Odd:\n    name = 'odd'\n")
    told = tmp_path / "odd_service-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-service\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[lading.grpc_services]\nodd = odd_service:Odd\n")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_services_come_in_the_order_of_their_plugins_names() -> None:
    assert [type(service) for service in load_services()] == [Health, OpenInference]


@pytest.mark.usefixtures("odd")
def test_what_is_no_service_is_refused_with_the_name_of_its_plugin() -> None:
    with pytest.raises(NotAServiceError) as caught:
        load_services()
    assert caught.value.exit_code == 2
    assert "plugin 'odd' of lading.grpc_services is Odd" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
