"""The Open Inference Protocol, version 2, over gRPC."""

import asyncio
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from time import perf_counter_ns

from google.protobuf.json_format import ParseDict

from lading.runtime.app import Application
from lading.runtime.grpc import open_inference_pb2 as messages
from lading.runtime.grpc.inference import Predictions
from lading.runtime.grpc.service import Call, Method
from lading.runtime.grpc.wire import parsed, unary
from lading.runtime.model import Model
from lading.runtime.protocols.endpoint import INLINE_BYTES
from lading.runtime.protocols.extensions import OFFERED, index
from lading.runtime.protocols.head import STICKY_KEY
from lading.runtime.protocols.model_configuration import configuration
from lading.runtime.protocols.open_inference import metadata
from lading.runtime.protocols.replies import DIGEST_HEADER
from lading.runtime.protocols.statistics import all_statistics

DIGEST, STICKY = DIGEST_HEADER.decode(), STICKY_KEY.decode()


class OpenInference:
    """``inference.GRPCInferenceService``: the protocol's own methods, and those of Triton's that only look."""

    name = "inference.GRPCInferenceService"

    def methods(self, application: Application) -> Mapping[str, Method]:
        """All of them, for what is deployed now."""
        service = _Service(application)
        return {
            "ServerLive": unary(messages.ServerLiveRequest, service.server_live),
            "ServerReady": unary(messages.ServerReadyRequest, service.server_ready),
            "ModelReady": unary(messages.ModelReadyRequest, service.model_ready),
            "ServerMetadata": unary(messages.ServerMetadataRequest, service.server_metadata),
            "ModelMetadata": unary(messages.ModelMetadataRequest, service.model_metadata),
            "ModelInfer": service.model_infer,
            "RepositoryIndex": unary(messages.RepositoryIndexRequest, service.repository_index),
            "ModelConfig": unary(messages.ModelConfigRequest, service.model_config),
            "ModelStatistics": unary(messages.ModelStatisticsRequest, service.model_statistics),
        }


class _Service:
    """The methods over one set of deployed models."""

    def __init__(self, application: Application) -> None:
        self._application, self._deployments = application, application.deployments
        variants = list(self._deployments.variants())
        self._predictions = {model: Predictions(model) for model in variants}
        self._metadata = {
            model: ParseDict(metadata(model, self._deployments), messages.ModelMetadataResponse()) for model in variants
        }

    @property
    def _ready(self) -> bool:
        return not self._application.draining

    async def server_live(self, _: messages.ServerLiveRequest, call: Call) -> messages.ServerLiveResponse:
        return messages.ServerLiveResponse(live=True)

    async def server_ready(self, _: messages.ServerReadyRequest, call: Call) -> messages.ServerReadyResponse:
        return messages.ServerReadyResponse(ready=self._ready)

    async def model_ready(self, request: messages.ModelReadyRequest, call: Call) -> messages.ModelReadyResponse:
        self._asked(request.name, request.version, call)
        return messages.ModelReadyResponse(ready=self._ready)

    async def server_metadata(self, _: messages.ServerMetadataRequest, call: Call) -> messages.ServerMetadataResponse:
        return messages.ServerMetadataResponse(name="lading", version=version("lading"), extensions=OFFERED)

    async def model_metadata(
        self, request: messages.ModelMetadataRequest, call: Call
    ) -> messages.ModelMetadataResponse:
        return self._metadata[self._asked(request.name, request.version, call)]

    async def repository_index(
        self, request: messages.RepositoryIndexRequest, call: Call
    ) -> messages.RepositoryIndexResponse:
        models = index(self._deployments, self._ready, request.ready)
        return ParseDict({"models": models}, messages.RepositoryIndexResponse())

    async def model_config(self, request: messages.ModelConfigRequest, call: Call) -> messages.ModelConfigResponse:
        told = configuration(self._asked(request.name, request.version, call))
        return ParseDict({"config": told}, messages.ModelConfigResponse())

    async def model_statistics(
        self, request: messages.ModelStatisticsRequest, call: Call
    ) -> messages.ModelStatisticsResponse:
        asked = [self._asked(request.name, request.version, call)] if request.name else self._deployments.variants()
        # The counts of the other replicas are in files.
        told = await asyncio.to_thread(all_statistics, asked, self._application.tallies)
        return ParseDict({"model_stats": told}, messages.ModelStatisticsResponse())

    async def model_infer(self, body: bytes, call: Call) -> bytes:
        started, large = perf_counter_ns(), len(body) > INLINE_BYTES
        parse = partial(parsed, messages.ModelInferRequest, body)
        request = await asyncio.to_thread(parse) if large else parse()
        predictions = self._predictions[self._chosen(request.model_name, request.model_version, call)]
        try:
            answer = await predictions.answer(request, call.seconds, large, call.head)
        except (Exception, asyncio.CancelledError) as error:  # it is told where the process has its rim
            predictions.fail(started, error, call.head)
            raise
        return answer.SerializeToString()

    def _asked(self, name: str, version: str, call: Call) -> Model:
        """The model that a request names; what it is answered names its bundle."""
        model = self._deployments.get(name, version or None)
        call.model, call.metadata = model.name, ((DIGEST, model.digest),)
        return model

    def _chosen(self, name: str, version: str, call: Call) -> Model:
        """The same for a prediction, which a canary may answer."""
        key = next((value for header, value in call.sent if header == STICKY), None)
        encoded = key.encode() if isinstance(key, str) else key
        model = self._deployments.chosen(name, version or None, encoded)
        call.model, call.metadata = model.name, ((DIGEST, model.digest),)
        return model
