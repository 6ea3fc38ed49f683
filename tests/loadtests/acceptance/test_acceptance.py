"""What a load test must find on real servers: stalls, regressions, the capacity, and the figures that wrk finds."""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

import psutil
import pytest

from lading.bundles.bundle import open_bundle
from lading.core.settings import Settings
from lading.loadtests.conducting.load_test import run
from lading.loadtests.conducting.own import OwnServer
from lading.loadtests.conducting.task import Task
from lading.loadtests.judging.grammar import compared, parse_objective
from lading.loadtests.payloads.pool import draw_requests
from lading.loadtests.payloads.request import Request
from lading.loadtests.plan import Plan, Traffic
from lading.loadtests.result import LoadTest
from lading.runtime.pool import THREADS
from tests.loadtests.silent import Silent

pytestmark = [pytest.mark.loadtests, pytest.mark.timeout(900)]

Served = Callable[[Path], OwnServer]
STALL_SECONDS, STALL_EVERY = 0.1, 5.0


def outcome_of(bundle: Path, server: OwnServer, plan: Plan, **others: object) -> LoadTest:
    task = Task.model_validate(
        {"bundle": bundle, "url": server.endpoint.url, "metrics": server.metrics, "plan": plan, **others}
    )
    return run(task, Settings(), Silent(), lambda _: None)


@pytest.fixture(scope="module")
def pair(served: Served, quick: Path, slow: Path) -> dict[str, OwnServer]:
    """The candidate that is slower, its baseline, and the baseline once more."""
    return {"slow": served(slow), "quick": served(quick), "again": served(quick)}


@contextmanager
def stalling(server: OwnServer) -> Iterator[None]:
    """Have the server's replicas do nothing for a tenth of a second, every five seconds."""
    over = threading.Event()
    replicas = [one for one in psutil.Process(server.pid).children(recursive=True) if "ServeReplica" in one.name()]
    assert replicas

    def stall() -> None:
        while not over.wait(STALL_EVERY - STALL_SECONDS):
            for one in replicas:
                one.send_signal(signal.SIGSTOP)
            time.sleep(STALL_SECONDS)
            for one in replicas:
                one.send_signal(signal.SIGCONT)

    thread = threading.Thread(target=stall)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_stall_shows_in_p99(pair: dict[str, OwnServer], quick: Path) -> None:
    """Requests that were due while the server stood still are two in a hundred, and waited for 50 ms on average.

    A client that waits for each answer before it asks again sees one slow answer in each stall.
    """
    plan = Plan(rate=15, seconds=30, warm_up=2, traffic=Traffic(invalid=0))
    with stalling(pair["quick"]):
        result = outcome_of(quick, pair["quick"], plan)
    [step] = [one for one in result.steps if one.purpose == "load"]
    p98, p50 = step.latencies.quantile(0.985), step.latencies.quantile(0.5)
    assert p98 is not None
    assert p50 is not None
    assert p98 > STALL_SECONDS / 3
    assert p50 < STALL_SECONDS / 2


@pytest.mark.parametrize("seed", [1, 2])
def test_a_planted_regression_is_found(pair: dict[str, OwnServer], quick: Path, slow: Path, seed: int) -> None:
    judged = comparison(pair, slow, "slow", quick, "quick", seed)
    assert judged["p50"] == "missed"


@pytest.mark.parametrize("seed", [1, 2])
def test_no_regression_is_claimed_of_the_same_bundle(pair: dict[str, OwnServer], quick: Path, seed: int) -> None:
    judged = comparison(pair, quick, "again", quick, "quick", seed)
    assert "missed" not in judged.values()


def comparison(
    pair: dict[str, OwnServer], bundle: Path, candidate: str, before: Path, baseline: str, seed: int
) -> dict[str, str]:
    plan = Plan(
        rate=20,
        seconds=10,
        round_seconds=1,
        warm_up=1,
        most_seconds=400,
        traffic=Traffic(seed=seed, invalid=0),
        objectives=compared(0.1, ["p50"]),
    )
    result = outcome_of(bundle, pair[candidate], plan, baseline=before, baseline_url=pair[baseline].endpoint.url)
    assert result.complete
    return {one.objective.measure: one.outcome for one in result.judged if one.objective.relative}


def test_the_capacity_is_what_arithmetic_gives(pair: dict[str, OwnServer], quick: Path) -> None:
    """A replica whose threads each take a known while answers as many requests in each such while."""
    objectives = (parse_objective("p99=400ms"),)
    plan = Plan(shape="capacity", rate=20, seconds=6, warm_up=2, traffic=Traffic(invalid=0), objectives=objectives)
    result = outcome_of(quick, pair["quick"], plan)
    assert result.capacity is not None
    asked = [one for one in result.steps if one.phases is not None and one.rate >= result.capacity.rate * 0.9]
    computed = [one.phases.compute / one.phases.requests for one in asked if one.phases is not None]
    arithmetic = THREADS / median(computed)
    assert result.capacity.rate == pytest.approx(arithmetic, rel=0.1)


def test_the_figures_are_those_of_wrk(pair: dict[str, OwnServer], quick: Path, tmp_path: Path) -> None:
    """In turns: wrk asks by one connection, one request after the other; the load test as often as that."""
    if shutil.which("wrk") is None:
        pytest.fail("wrk is not on the PATH; on Debian and Ubuntu: apt-get install wrk")
    server, ratios = pair["quick"], []
    with open_bundle(quick) as bundle:
        request = draw_requests(bundle, server.endpoint.deployment, Traffic(golden=1, invalid=0))[0]
    for _ in range(3):
        rate, latency = wrk(server, request, tmp_path)
        plan = Plan(rate=rate / 2, seconds=5, warm_up=0, traffic=Traffic(invalid=0))
        [step] = outcome_of(quick, server, plan).steps
        found = step.latencies.quantile(0.5)
        assert found is not None
        assert step.throughput == pytest.approx(rate / 2, rel=0.1)
        ratios.append(found / latency)
    assert median(ratios) == pytest.approx(1, rel=0.1)


def wrk(server: OwnServer, request: Request, folder: Path) -> tuple[float, float]:
    """Requests a second, and the median latency in seconds."""
    script = folder / "ask.lua"
    headers = "".join(f"wrk.headers['{name}'] = '{value}'\n" for name, value in request.headers.items())
    script.write_text(f"wrk.method = '{request.method}'\nwrk.body = '{request.body.decode()}'\n{headers}")
    ran = subprocess.run(
        ["wrk", "-t1", "-c1", "-d5s", "--latency", "-s", str(script), server.endpoint.url + request.path],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "Non-2xx" not in ran.stdout, ran.stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", ran.stdout)
    middle = re.search(r"50%\s+([\d.]+)(us|ms|s)", ran.stdout)
    assert rate is not None
    assert middle is not None
    return float(rate[1]), float(middle[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[middle[2]]


def test_a_server_that_dies_under_load_has_failed(served: Served, quick: Path) -> None:
    server = served(quick)
    plan = Plan(rate=20, seconds=60, warm_up=0, traffic=Traffic(timeout=5))
    killing = threading.Timer(3.0, os.kill, (server.pid, signal.SIGKILL))
    killing.start()
    result = outcome_of(quick, server, plan)
    killing.join()
    assert result.verdict == "failed"
    assert not result.complete
    with suppress(psutil.Error):
        assert not psutil.Process(server.pid).is_running() or server.ended() is not None
