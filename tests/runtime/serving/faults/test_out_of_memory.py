"""A model that takes more memory than there is, in a container of two gibibytes: its request fails, and nothing else."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from lading.bundles.draft import write_bundle
from lading.core.settings import MEBIBYTE
from tests.runtime.drafts import hoards
from tests.runtime.serving.conftest import Load, Serving
from tests.runtime.serving.faults.memory_group import MemoryGroup, memory_group

pytestmark = pytest.mark.faults

LIMIT = 2048 * MEBIBYTE
MODEST, TOO_MUCH = 100, 4000
"""Mebibytes that a replica has, and that it has not."""


@pytest.fixture(scope="module")
def group() -> Iterator[MemoryGroup]:
    """What bounds the memory, as a container's does."""
    with memory_group(LIMIT) as made:
        yield made


@pytest.fixture(scope="module")
def server(
    group: MemoryGroup, bundles: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    """A server with two replicas, all of whose processes are in the group."""
    path = tmp_path_factory.mktemp("hoards") / "hoards.lading"
    write_bundle(hoards(), path)
    serving = Serving([bundles["cells"], path], "--replicas", "2")
    group.take(serving.process.pid)
    try:
        serving.ready()
        yield serving
    finally:
        serving.close()


def hoard(serving: Serving, mebibytes: int) -> httpx.Response:
    url = f"http://127.0.0.1:{serving.port}/models/hoards/predict"
    return httpx.post(url, json={"mebibytes": mebibytes}, timeout=60)


def test_what_takes_too_much_memory_is_refused_and_all_else_goes_on(
    server: Serving, group: MemoryGroup, load: Callable[[Serving], Load]
) -> None:
    replicas = set(server.pids("ray::ServeReplica"))
    assert hoard(server, MODEST).json() == {"value": MODEST / 2}
    beside = load(server)
    begun = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        refused = list(pool.map(lambda _: hoard(server, TOO_MUCH), range(40)))
    taken = time.monotonic() - begun
    for response in refused:
        assert response.status_code == 413, response.text
        assert "more memory than this server has left" in response.json()["error"]
    assert hoard(server, MODEST).json() == {"value": MODEST / 2}
    answers = beside.stop()
    print(f"\n40 requests for {TOO_MUCH} MiB each, refused in {taken:.1f} s; beside them {dict(answers)}")
    assert set(answers) == {"200"}
    assert set(server.pids("ray::ServeReplica")) == replicas
    assert group.kills() == 0


def test_what_replicas_take_at_a_time_stays_within_what_there_is(server: Serving, group: MemoryGroup) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = [answer.status_code for answer in pool.map(lambda _: hoard(server, 2 * MODEST), range(40))]
    print(f"\n40 requests for {2 * MODEST} MiB each, eight at a time: {statuses.count(200)} answered, the rest refused")
    assert set(statuses) <= {200, 413}
    assert 200 in statuses
    assert group.kills() == 0
    assert hoard(server, MODEST).json() == {"value": MODEST / 2}
