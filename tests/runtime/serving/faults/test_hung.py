"""Inferences that never end: one that ONNX Runtime can stop, and one that it cannot."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from onnx import helper

from lading.bundles.draft import Draft, write_bundle
from tests.runtime.drafting import draft, graph, one_number
from tests.runtime.serving.conftest import Serving

pytestmark = pytest.mark.faults

DEADLINE_SECONDS = 2
LATE_SECONDS = 20
"""Well before the usual deadline. What was measured is printed: other work on the machine would fail a closer test."""
IN_TIME = f"within {DEADLINE_SECONDS} s", "in time"
"""How a replica says that it was too late, and how the edge does, which may come first where the replica is held up."""
DEAF = 7_000.0
"""Two matrices of this extent take some twenty seconds to multiply, in one node, within which nothing is stopped."""


def deaf() -> Draft:
    """Multiplies two square matrices whose extent is what is asked for: one node, which no flag stops."""
    signature = one_number("extent", "sum")
    nodes = [
        helper.make_node("ReduceMax", ["X"], ["most"], keepdims=0),
        helper.make_node("Cast", ["most"], ["n"], to=7),
        helper.make_node("Unsqueeze", ["n", "first"], ["one"]),
        helper.make_node("Concat", ["one", "one"], ["shape"], axis=0),
        helper.make_node("Expand", ["half", "shape"], ["square"]),
        helper.make_node("MatMul", ["square", "square"], ["product"]),
        helper.make_node("ReduceMean", ["product"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["X", "mean"], ["sum"]),
    ]
    constants = {"first": np.array([0]), "half": np.array(0.5)}
    return draft("deaf", signature, graph(nodes, signature, constants), {"extent": np.array([1.0, 2.0])})


@pytest.fixture(scope="module")
def server(
    bundles: Mapping[str, Path], loops_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    """A server with two replicas, of two models whose requests may take two seconds and of one with the usual deadline."""
    path = tmp_path_factory.mktemp("deaf") / "deaf.lading"
    write_bundle(deaf(), path)
    own = ("--deadline", f"loops={DEADLINE_SECONDS}", "--deadline", f"deaf={DEADLINE_SECONDS}")
    serving = Serving([bundles["cells"], loops_bundle, path], "--replicas", "2", *own)
    try:
        serving.ready()
        yield serving
    finally:
        serving.close()


def hang(serving: Serving, model: str, row: dict[str, float]) -> httpx.Response:
    return httpx.post(f"http://127.0.0.1:{serving.port}/models/{model}/predict", json=row, timeout=60)


def neighbours(serving: Serving) -> set[int]:
    """The statuses of a hundred predictions of another model."""
    row = {"x0": 1, "x1": 2, "x2": 3, "x3": 4}
    with httpx.Client(timeout=30) as client:
        url = f"http://127.0.0.1:{serving.port}/models/cells/predict"
        return {client.post(url, json=row).status_code for _ in range(100)}


def test_an_endless_inference_is_stopped_and_its_neighbours_answer(server: Serving) -> None:
    replicas = set(server.pids("ray::ServeReplica"))
    with ThreadPoolExecutor(4) as pool:
        begun = time.monotonic()
        hanging = [pool.submit(hang, server, "loops", {"rounds": 1e15}) for _ in range(4)]
        assert neighbours(server) == {200}
        late = [one.result() for one in hanging]
    taken = time.monotonic() - begun
    assert {one.status_code for one in late} == {504}
    assert all(any(words in one.json()["error"] for words in IN_TIME) for one in late)
    assert DEADLINE_SECONDS <= taken < LATE_SECONDS
    time.sleep(1)
    busy = [psutil.Process(pid).cpu_percent(1.0) for pid in replicas]
    print(f"504 after {taken:.2f} s; the replicas then use {busy} % of a processor")
    assert max(busy) < 50
    assert set(server.pids("ray::ServeReplica")) == replicas, "nobody had to die"


@pytest.mark.timeout(200)
def test_an_inference_that_cannot_be_stopped_costs_its_replica_and_nobody_else(server: Serving) -> None:
    before = set(server.pids("ray::ServeReplica"))
    begun = time.monotonic()
    late = hang(server, "deaf", {"extent": DEAF})
    taken = time.monotonic() - begun
    assert late.status_code == 504
    assert taken < LATE_SECONDS
    assert late.json()["error"]
    assert neighbours(server) == {200}
    while len(before & set(server.pids("ray::ServeReplica"))) == 2:
        assert time.monotonic() < begun + 60, server.said()
        time.sleep(0.1)
    server.until_said("did not stop")
    while len(server.pids("ray::ServeReplica")) < 2:
        assert time.monotonic() < begun + 60, server.said()
        time.sleep(0.1)
    print(f"504 after {taken:.2f} s, two replicas again after {time.monotonic() - begun:.1f} s")
    assert neighbours(server) == {200}
