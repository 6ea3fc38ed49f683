"""A server that is called over gRPC, started as a user starts it: what it answers, and what it loses under load."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from lading.runtime.deployments import Deployments
from lading.runtime.serving.edge_answers import REFUSALS
from tests.runtime.grpc.conftest import INFER, infer, told
from tests.runtime.grpc.test_deadlines import ENDLESS, QUICK, loops
from tests.runtime.grpc.test_inference import cells
from tests.runtime.serving.conftest import Serving, free_port
from tests.runtime.serving.test_faults import until

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Start

RATE = 100
LEAVING = 2
"""Calls whose answers leave a replica at a time, at that rate: they take a fraction of a millisecond each."""
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE.name


class Served:
    """A server, and where it is called."""

    def __init__(self, serving: Serving, target: str) -> None:
        self.serving, self.target = serving, target

    def channel(self) -> grpc.Channel:
        """A connection of its own."""
        return grpc.insecure_channel(self.target, [("grpc.use_local_subchannel_pool", 1)])


class Load:
    """Calls at a steady rate over one connection: the next is made when it is due, come what may."""

    def __init__(self, served: Served) -> None:
        self.statuses = Counter[str]()
        self._calls = list[Any]()
        self._served, self._stop = served, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> Mapping[str, int]:
        """Make no more, wait for the answers, and count them by status and words."""
        self._stop.set()
        self._thread.join()
        return self.statuses

    @property
    def ended(self) -> int:
        """Calls that have ended so far."""
        return sum(call.done() for call in tuple(self._calls))

    def _run(self) -> None:
        body, calls = cells().SerializeToString(), self._calls
        with self._served.channel() as channel:
            call: Any = channel.unary_unary(INFER)
            begun = time.monotonic()
            while not self._stop.is_set():
                time.sleep(max(0.0, begun + len(calls) / RATE - time.monotonic()))
                calls.append(call.future(body, timeout=20))
            for made in calls:
                code = made.code()
                self.statuses[code.name if code is grpc.StatusCode.OK else f"{code.name}: {made.details()}"] += 1


@pytest.fixture(scope="module")
def served(
    bundles: Mapping[str, Path], loops_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A server with two replicas, shared by the module's tests."""
    target = f"127.0.0.1:{free_port()}"
    options = ("--replicas", "2", "--host", "0.0.0.0", "--grpc-port", target.split(":")[1])
    serving = Serving([bundles["cells"], bundles["penguins"], loops_bundle], *options, LADING_REQUEST_SECONDS="3")
    try:
        assert serving.ready()["grpc"] == target
        yield Served(serving, target)
    finally:
        serving.close()


@pytest.fixture
def load(served: Served) -> Iterator[Callable[[], Load]]:
    """Begins a steady load."""
    begun: list[Load] = []

    def begin() -> Load:
        begun.append(Load(served))
        return begun[-1]

    yield begin
    for one in begun:
        one.stop()


def test_triton_s_client_is_answered(served: Served, bundles: Mapping[str, Path]) -> None:
    values = np.arange(8, dtype=np.float32).reshape(2, 4)
    tensor = InferInput("X", [2, 4], "FP32")
    tensor.set_data_from_numpy(values)
    with InferenceServerClient(served.target) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("penguins", "1.0.0")
        assert [model.name for model in client.get_model_repository_index().models] == ["cells", "loops", "penguins"]
        answer = client.infer("cells", [tensor])
        expected = Deployments.load([bundles["cells"]]).get("cells").run({"X": values})["variable"]
        assert answer.as_numpy("variable").tobytes() == expected.tobytes()
        with pytest.raises(InferenceServerException, match='no model "cell" is deployed here') as refused:
            client.infer("cell", [tensor])
        assert refused.value.status() == "StatusCode.NOT_FOUND"


def test_its_health_is_told(served: Served) -> None:
    with served.channel() as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        status = stub.Check(health_pb2.HealthCheckRequest(), timeout=20).status
    assert status == health_pb2.HealthCheckResponse.SERVING


def test_a_call_ends_at_the_server_s_deadline_or_at_the_client_s(served: Served) -> None:
    with served.channel() as channel:
        for timeout in (20, 0.5):
            with pytest.raises(grpc.RpcError) as refused:
                infer(channel, loops(ENDLESS), timeout=timeout)
            assert told(refused).code() is grpc.StatusCode.DEADLINE_EXCEEDED
            if timeout == 20:  # else the client may be the first to say so
                # The replica is the first to say it, or the edge where both processors are busy.
                assert told(refused).details().startswith(("the model did not answer within 3 s", REFUSALS[504]))
            assert infer(channel, loops(QUICK)).model_name == "loops"


def test_a_killed_replica_loses_no_call_but_one_whose_answer_was_leaving(
    served: Served, load: Callable[[], Load]
) -> None:
    before = set(served.serving.pids("ray::ServeReplica"))
    begun = load()
    until(lambda: begun.ended >= RATE, served.serving)
    os.kill(min(before), signal.SIGKILL)
    until(lambda: len(set(served.serving.pids("ray::ServeReplica")) - before) == 1, served.serving)
    served.serving.until_said("2 replicas answer again")
    answers = begun.stop()
    lost = {words: count for words, count in answers.items() if words != "OK"}
    assert all("RST_STREAM" in words for words in lost), "what has begun to leave cannot be asked elsewhere"
    assert sum(lost.values()) <= LEAVING, answers


def test_replacing_all_replicas_loses_no_call(served: Served, load: Callable[[], Load]) -> None:
    before = set(served.serving.pids("ray::ServeReplica"))
    begun = load()
    served.serving.signal(signal.SIGHUP)
    until(lambda: not before & set(served.serving.pids("ray::ServeReplica")), served.serving)
    assert set(begun.stop()) == {"OK"}


def test_a_killed_edge_is_started_again_with_both_ports(served: Served) -> None:
    (edge,) = served.serving.pids("haproxy")
    os.kill(edge, signal.SIGKILL)
    served.serving.until_said("is started again")
    with served.channel() as channel:
        assert infer(channel, cells(), wait_for_ready=True).model_name == "cells"


def test_sigterm_answers_every_call_that_was_accepted(start: "Start", bundles: Mapping[str, Path]) -> None:
    target = f"127.0.0.1:{free_port()}"
    serving = start([bundles["cells"]], "--replicas", "1", "--grpc-port", target.split(":")[1])
    serving.ready()
    begun = Load(Served(serving, target))
    until(lambda: begun.ended >= RATE, serving)
    serving.signal(signal.SIGTERM)
    try:
        assert serving.ends() == 0
    finally:
        answers = begun.stop()
    assert answers["OK"] >= RATE
    lost = {words for words in answers if words != "OK" and "Connection refused" not in words}
    assert lost == set(), answers
