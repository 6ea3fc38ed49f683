"""Batching: it is used where it is the same and pays, and then every answer is what it would be alone."""

import asyncio
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import helper

from lading.bundles.bundle import open_bundle
from lading.bundles.draft import write_bundle
from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.batching import AT_ONCE, OTHERWISE, Batcher, tried
from lading.runtime.deployments import Deployments
from lading.runtime.errors import UncomputableError
from lading.runtime.model import Feeds, Model
from lading.runtime.pool import THREADS, Pool
from lading.runtime.watch import Run, Watch
from tests.runtime.drafting import draft, graph

WIDE = 6000  # 144 MB of weights: more than the caches of any processor that this is likely to run on
ROWS = 16


def vectors(name: str) -> Signature:
    """Eight numbers in, one out."""
    fields = tuple(
        Field(name=f"x{at}", type="number", dtype="float32", feed=Feed(input="X", column=at)) for at in range(8)
    )
    return Signature(
        form="array",
        fields=fields,
        inputs=(Tensor(name="X", dtype="float32", shape=("N", 8)),),
        outputs=(Output(tensor=Tensor(name=name, dtype="float32", shape=("N", 1)), meaning="value"),),
    )


def loaded(folder: Path, *, centred: bool) -> Model:
    """A network that takes some milliseconds; when ``centred``, each answer has the mean of the batch taken off."""
    chance = np.random.default_rng(0)
    sizes = (8, WIDE, WIDE, 1)
    weights = {
        f"W{at}": (chance.normal(size=size) / size[0] ** 0.5).astype(np.float32)
        for at, size in enumerate(pairwise(sizes))
    }
    nodes = [
        helper.make_node("MatMul", ["X", "W0"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "W1"], ["c"]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("MatMul", ["d", "W2"], ["e" if centred else "y"]),
    ]
    if centred:
        nodes += [
            helper.make_node("ReduceMean", ["e", "axes"], ["mean"], keepdims=1),
            helper.make_node("Mul", ["mean", "little"], ["part"]),
            helper.make_node("Sub", ["e", "part"], ["y"]),
        ]
        weights |= {"axes": np.array([0]), "little": np.array([0.01], np.float32)}
    signature = vectors("y")
    columns = {f"x{at}": chance.normal(size=ROWS).astype(np.float32) for at in range(8)}
    path = folder / f"net-{centred}.lading"
    made = draft("net", signature, graph(nodes, signature, weights), columns)
    write_bundle(made, path)
    with open_bundle(path) as bundle:
        return Model.load(bundle)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """One for which it pays."""
    return loaded(tmp_path_factory.mktemp("net"), centred=False)


def test_a_network_that_is_read_from_memory_for_each_row_is_batched(network: Model) -> None:
    assert network.batching.used, network.batching.reason


def rows_of(count: int) -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(size=(count, 8)).astype(np.float32)


async def all_asked(app: Application, rows: NDArray[np.float32]) -> list[bytes]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:

        async def one(row: NDArray[np.float32]) -> bytes:
            tensor = {"name": "X", "datatype": "FP32", "shape": [1, 8], "data": row.tolist()}
            answer = await client.post("/v2/models/net/infer", json={"id": "one", "inputs": [tensor]})
            assert answer.status_code == 200, answer.text
            return answer.content

        return list(await asyncio.gather(*(one(row) for row in rows)))


def test_answers_under_load_are_to_the_byte_those_of_one_request_at_a_time(network: Model) -> None:
    app, rows = Application(Deployments([network]), Settings()), rows_of(60)
    alone = [asyncio.run(all_asked(app, rows[at : at + 1]))[0] for at in range(len(rows))]
    requests, runs = network._batcher.requests, network._batcher.runs
    together = asyncio.run(all_asked(app, rows))
    assert together == alone
    assert network._batcher.requests - requests == 60
    assert network._batcher.runs - runs < 30, "they waited for one another, and were answered together"


def test_a_model_that_answers_otherwise_in_a_batch_is_found_out(tmp_path: Path) -> None:
    assert loaded(tmp_path, centred=True).batching == OTHERWISE


def test_what_differs_in_the_last_bit_is_found_out_too() -> None:
    def run(feeds: Feeds) -> Feeds:
        values = feeds["X"]
        return {"y": values if len(values) == 1 else np.nextafter(values, np.float32(np.inf))}

    assert tried(run, {"X": rows_of(8)}, quick=False) == OTHERWISE


@pytest.mark.parametrize("size", [2, 8, 13, 32])
def test_a_quick_model_is_tried_with_batches_of_every_size(size: int) -> None:
    def run(feeds: Feeds) -> Feeds:
        time.sleep(0.0001)
        values = feeds["X"]
        return {"y": np.nextafter(values, np.float32(np.inf)) if len(values) == size else values}

    assert tried(run, {"X": rows_of(8)}, quick=True) == OTHERWISE


def test_what_is_hardly_quicker_together_is_answered_by_itself() -> None:
    def run(feeds: Feeds) -> Feeds:
        return {"y": feeds["X"]}

    assert tried(run, {"X": rows_of(8)}, quick=True) == AT_ONCE


class Held:
    """Work that waits until it is let go, and a batcher over it."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.begun = threading.Semaphore(0)
        """Released by each run that begins."""
        self.sizes: list[int] = []
        self._watch = Watch()
        self.batcher = Batcher(Pool("held"), self.work, self.begin)

    def begin(self) -> Run:
        """A run that has a minute."""
        return self._watch.begin(60)

    def work(self, feeds: Feeds, _run: Run | None) -> Feeds:
        """The double of each, and no answer at all for a negative one."""
        self.begun.release()
        self.free.wait(20)
        values: NDArray[Any] = feeds["X"]
        self.sizes.append(len(values))
        if (values < 0).any():
            raise UncomputableError("negative")
        return {"y": values * 2}

    def blocked(self) -> "list[asyncio.Future[Feeds]]":
        """A request for each thread, in its hands: had both been waiting, one thread would have taken them together."""
        blocking = []
        for _ in range(THREADS):
            blocking.append(self.batcher.submit({"X": np.ones((1, 1))}, 1, self.begin()))
            assert self.begun.acquire(timeout=20)
        return blocking

    async def asked(self, parts: list[NDArray[Any]]) -> list[Any]:
        """What comes of all of them, asked while both threads are busy."""
        blocking = self.blocked()
        jobs = [self.batcher.submit({"X": part}, len(part), self.begin()) for part in parts]
        await asyncio.sleep(0.05)
        self.free.set()
        await asyncio.gather(*blocking)
        return await asyncio.gather(*jobs, return_exceptions=True)


def test_one_that_cannot_be_computed_does_no_harm_to_others() -> None:
    held = Held()
    found = asyncio.run(held.asked([np.array([[number]]) for number in (1.0, -1.0, 3.0)]))
    assert isinstance(found[1], UncomputableError)
    assert [one["y"].tolist() for one in (found[0], found[2])] == [[[2.0]], [[6.0]]]


def test_each_gets_its_own_rows_and_a_batch_has_so_many_at_most() -> None:
    held = Held()
    parts = [np.full((number % 7 + 1, 1), float(number)) for number in range(40)]
    found = asyncio.run(held.asked(parts))
    for part, one in zip(parts, found, strict=True):
        assert one["y"].tolist() == (part * 2).tolist()
    assert max(held.sizes) <= 32
    assert len(held.sizes) < len(parts) / 2


def test_what_does_not_go_together_is_not_put_together() -> None:
    held = Held()
    found = asyncio.run(held.asked([np.ones((1, 1)), np.ones((1, 2)), np.ones((1, 1), np.float32)]))
    assert [one["y"].shape for one in found] == [(1, 1), (1, 2), (1, 1)]
    assert found[2]["y"].dtype == np.float32


def test_nothing_is_computed_for_those_who_gave_up_waiting() -> None:
    held = Held()

    async def ask() -> None:
        blocking = held.blocked()
        job = held.batcher.submit({"X": np.full((1, 1), 9.0)}, 1, held.begin())
        job.cancel()
        await asyncio.sleep(0.01)  # the loop tells the thread's side of it
        held.free.set()
        await asyncio.gather(*blocking)
        await asyncio.sleep(0.1)

    asyncio.run(ask())
    assert held.sizes == [1, 1]
