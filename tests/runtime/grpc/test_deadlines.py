"""A call ends when its time is up, whoever set it, and what nobody waits for is stopped, or never begun."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deadlines import Deadlines
from lading.runtime.deployments import Deployments
from lading.runtime.grpc.open_inference_pb2 import ModelInferRequest
from lading.runtime.pool import THREADS
from lading.runtime.watch import Watch
from tests.runtime.grpc.conftest import INFER, Calls, infer, told

ENDLESS, QUICK = 1e15, 1.0
WAIT_SECONDS = 20


def loops(rounds: float) -> ModelInferRequest:
    made = ModelInferRequest(model_name="loops", raw_input_contents=[np.array([[rounds]]).tobytes()])
    made.inputs.add(name="X", datatype="FP64", shape=[1, 1])
    return made


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def slow(loops_bundle: Path, tmp_path: Path, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Calls]:
    """A model that takes as long as it is told; the parameter is how long it may take."""
    deployments = Deployments.load([loops_bundle], watch=watch, deadlines=Deadlines(seconds=request.param))
    serving = Calls(Application(deployments, Settings()), tmp_path / "calls.grpc")
    yield serving
    serving.close()


def ends(watch: Watch) -> None:
    """Wait until no inference runs."""
    deadline = time.monotonic() + WAIT_SECONDS
    while watch.running:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("slow", [0.3], indirect=True)
def test_a_call_that_takes_too_long_is_told_so(slow: Calls, watch: Watch) -> None:
    with grpc.insecure_channel(slow.target) as channel, pytest.raises(grpc.RpcError) as refused:
        infer(channel, loops(ENDLESS))
    assert told(refused).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "the model did not answer within 0.3 s" in told(refused).details()
    ends(watch)


@pytest.mark.parametrize("slow", [60.0], indirect=True)
def test_the_parameter_of_the_protocol_lowers_it(slow: Calls, watch: Watch) -> None:
    asked = loops(ENDLESS)
    asked.parameters["timeout"].int64_param = 200_000
    with grpc.insecure_channel(slow.target) as channel, pytest.raises(grpc.RpcError) as refused:
        infer(channel, asked)
    assert told(refused).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "the model did not answer within 0.2 s" in told(refused).details()
    ends(watch)


@pytest.mark.parametrize("slow", [60.0], indirect=True)
def test_a_client_that_stops_waiting_stops_the_model(slow: Calls, watch: Watch) -> None:
    tally = slow.application.deployments.get("loops").tally
    with grpc.insecure_channel(slow.target) as channel:
        grpc.channel_ready_future(channel).result(WAIT_SECONDS)
        with pytest.raises(grpc.RpcError) as refused:
            infer(channel, loops(ENDLESS), timeout=2)
        assert told(refused).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        ends(watch)
        infer(channel, loops(QUICK))
    assert (tally.succeeded, tally.failed) == (1, 1)


@pytest.mark.parametrize("slow", [60.0], indirect=True)
def test_a_call_that_is_cancelled_in_the_queue_is_never_run(slow: Calls, watch: Watch) -> None:
    tally = slow.application.deployments.get("loops").tally
    with grpc.insecure_channel(slow.target) as channel:
        ask: Any = channel.unary_unary(INFER)
        running = [ask.future(loops(ENDLESS).SerializeToString()) for _ in range(THREADS)]
        deadline = time.monotonic() + WAIT_SECONDS
        while len(watch.running) < THREADS:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with pytest.raises(grpc.RpcError):
            infer(channel, loops(QUICK), timeout=0.3)
        for call in running:
            call.cancel()
        ends(watch)
        infer(channel, loops(QUICK))
    assert tally.succeeded == 1


@pytest.mark.parametrize("slow", [60.0], indirect=True)
def test_the_server_answers_beside_a_slow_model(slow: Calls) -> None:
    with grpc.insecure_channel(slow.target) as channel:
        ask: Any = channel.unary_unary(INFER)
        running = ask.future(loops(ENDLESS).SerializeToString())
        infer(channel, loops(QUICK))
        assert not running.done()
        running.cancel()
