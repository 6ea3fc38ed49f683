"""The client that was generated from the protocol's own specification: its strict models parse every answer."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from open_inference.openapi.client import OpenInferenceClient
from open_inference.openapi.core.api_error import ApiError
from open_inference.openapi.errors import BadRequestError, NotFoundError
from open_inference.openapi.types import InferenceRequest, RequestInput, RequestOutput, TensorData

from tests.clients.asking import close, metadata, tensors
from tests.clients.models import Served

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[OpenInferenceClient]:
    """The client, as its own examples make it."""
    with httpx.Client(timeout=60) as http:
        yield OpenInferenceClient(base_url=f"http://{address}", httpx_client=http)


def request(inputs: list[dict[str, Any]], **more: Any) -> InferenceRequest:
    """The client's own request."""
    made = [RequestInput(**{**one, "data": TensorData(__root__=one["data"])}) for one in inputs]
    return InferenceRequest(inputs=made, **more)


def test_health_and_metadata(client: OpenInferenceClient, served: Mapping[str, Served], address: str) -> None:
    client.check_server_liveness()
    client.check_server_readiness()
    assert client.read_server_metadata().name == "lading"
    for name in served:
        (version,) = metadata(address, name)["versions"]
        client.check_model_readiness(name)
        client.check_model_version_readiness(name, version)
        for told in (client.read_model_metadata(name), client.read_model_version_metadata(name, version)):
            assert (told.name, told.versions, told.platform) == (name, [version], "onnx_onnxv1")
            assert told.properties is not None
            assert told.properties["digest"].startswith("sha256:")


@pytest.mark.parametrize("model", ["iris", "iris-frame", "income"])
def test_predictions(client: OpenInferenceClient, served: Mapping[str, Served], address: str, model: str) -> None:
    told = metadata(address, model)
    asked = request(
        tensors(told, served[model].rows), id="mine", outputs=[RequestOutput(name="probabilities", parameters=None)]
    )
    expected = served[model].outputs()["probabilities"]
    for answer in (
        client.model_infer(model, request=asked),
        client.model_version_infer(model, told["versions"][0], request=asked),
    ):
        assert (answer.model_name, answer.model_version, answer.id) == (model, told["versions"][0], "mine")
        (output,) = answer.outputs
        assert output.datatype == "FP32"
        close(output.data.__root__, expected)


def test_a_refusal_is_the_error_of_its_status(client: OpenInferenceClient) -> None:
    with pytest.raises(BadRequestError, match='"x" is missing'):
        client.model_infer("iris", request=request([]))
    with pytest.raises(NotFoundError, match="no model"):
        client.check_model_readiness("orchid")
    for ask in (
        lambda: client.read_model_metadata("orchid"),
        lambda: client.model_version_infer("iris", "99", request=request([])),
    ):
        with pytest.raises(ApiError) as refused:
            ask()
        assert refused.value.status_code == 404
