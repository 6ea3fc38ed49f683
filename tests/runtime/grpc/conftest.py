"""The gRPC services over the small bundles, called by real clients over a socket."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import grpc
import pytest
from tritonclient.grpc import InferenceServerClient

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.errors import BodyTooLargeError
from lading.runtime.grpc.calls import serve_calls
from lading.runtime.grpc.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from lading.runtime.grpc.service import Call, GrpcService, Method

BODY_BYTES = 1_000_000


INFER = "/inference.GRPCInferenceService/ModelInfer"


def unary(channel: grpc.Channel, method: str, body: bytes = b"", **options: Any) -> bytes:
    """What comes back for a message."""
    call: Any = channel.unary_unary(method)
    return bytes(call(body, **{"timeout": 20, **options}))


def infer(channel: grpc.Channel, request: ModelInferRequest, **options: Any) -> ModelInferResponse:
    """The answer to a request for a prediction."""
    return ModelInferResponse.FromString(unary(channel, INFER, request.SerializeToString(), **options))


def told(caught: pytest.ExceptionInfo[grpc.RpcError]) -> Any:
    """The error of a call, which is also the call."""
    return caught.value


class Calls:
    """An application whose services answer on a socket, in an event loop of its own."""

    def __init__(self, application: Application, path: Path, services: Sequence[GrpcService] | None = None) -> None:
        self.application, self.target = application, f"unix:{path}"
        self._ready: Future[None] = Future()
        self._stop: asyncio.Event | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve(path, services)))
        self._thread.start()
        self._ready.result(30)

    async def _serve(self, path: Path, services: Sequence[GrpcService] | None) -> None:
        self._stop = asyncio.Event()
        server = await serve_calls(self.application, path, services)
        self._ready.set_result(None)
        await self._stop.wait()
        await server.stop(5)

    def close(self) -> None:
        """Stop, and wait for it."""
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()


class Stranger:
    """A service of somebody else's."""

    name = "stranger.Service"

    def __init__(self) -> None:
        self.begun, self.cancelled = threading.Event(), threading.Event()
        self.counted = 0

    def methods(self, application: Application) -> Mapping[str, Method]:
        async def count(body: bytes, call: Call) -> bytes:
            self.counted += 1
            return b"%d models, %b" % (len(application.deployments), body)

        async def refuse(body: bytes, call: Call) -> bytes:
            call.metadata = (("what", "this"),)
            raise BodyTooLargeError(7)

        async def fail(body: bytes, call: Call) -> bytes:
            raise LookupError("the secret of the house")

        async def exhaust(body: bytes, call: Call) -> bytes:
            raise MemoryError

        async def wait(body: bytes, call: Call) -> bytes:
            self.begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
            return body

        async def patience(body: bytes, call: Call) -> bytes:
            return b"none" if call.seconds is None else b"%.0f" % call.seconds

        async def metadata(body: bytes, call: Call) -> bytes:
            return "\n".join(f"{name}={value!r}" for name, value in call.sent).encode()

        methods = {"Count": count, "Refuse": refuse, "Fail": fail, "Exhaust": exhaust, "Wait": wait}
        return methods | {"Patience": patience, "Metadata": metadata}


def called(calls: Calls, method: str, body: bytes = b"", **options: Any) -> bytes:
    with grpc.insecure_channel(calls.target) as channel:
        return unary(channel, method, body, **options)


Begin = Callable[..., Calls]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Begins to serve some services over an application; they end with the test."""
    begun: list[Calls] = []

    def made(application: Application, *services: GrpcService) -> Calls:
        begun.append(Calls(application, tmp_path / f"calls{len(begun)}.grpc", services if services else None))
        return begun[-1]

    yield made
    for one in begun:
        one.close()


@pytest.fixture(scope="module")
def calls(deployments: Deployments, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    """All small bundles, called on a socket."""
    settings = Settings(body_bytes=BODY_BYTES)
    serving = Calls(Application(deployments, settings), tmp_path_factory.mktemp("calls") / "calls.grpc")
    yield serving
    serving.close()


@pytest.fixture(scope="module")
def client(calls: Calls) -> Iterator[InferenceServerClient]:
    """Triton's client."""
    with InferenceServerClient(calls.target) as made:
        yield made


@pytest.fixture(scope="module")
def channel(calls: Calls) -> Iterator[grpc.Channel]:
    """A plain channel, for what Triton's client does not send."""
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(calls.target, options) as made:
        yield made
