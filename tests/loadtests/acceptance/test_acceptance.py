"""What a load test must find on real servers: stalls, regressions, the capacity, and the figures that wrk finds."""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

import psutil
import pytest

from lading.bundles.bundle import open_bundle
from lading.core.settings import Settings
from lading.loadtests.conducting.conductor import Board
from lading.loadtests.conducting.load_test import run
from lading.loadtests.conducting.own import OwnServer
from lading.loadtests.conducting.task import Task
from lading.loadtests.judging.grammar import compared, parse_objective
from lading.loadtests.measuring.step import Window
from lading.loadtests.payloads.pool import draw_requests
from lading.loadtests.payloads.request import Request
from lading.loadtests.plan import Plan, Traffic
from lading.loadtests.result import LoadTest
from tests.loadtests.lines import line, long_line, narrow_line
from tests.loadtests.replicas import replicas
from tests.loadtests.silent import Silent

pytestmark = [pytest.mark.loadtests, pytest.mark.timeout(900)]

Served = Callable[[Path], OwnServer]
STALL_SECONDS, STALL_EVERY = 0.1, 5.0


def outcome_of(bundle: Path, server: OwnServer, plan: Plan, board: Board | None = None, **others: object) -> LoadTest:
    task = Task.model_validate(
        {"bundle": bundle, "url": server.endpoint.url, "metrics": server.metrics, "plan": plan, **others}
    )
    return run(task, Settings(), Silent() if board is None else board, lambda _: None)


@pytest.fixture(scope="module")
def pair(served: Served, quick: Path, slow: Path) -> dict[str, OwnServer]:
    """The candidate that is slower, its baseline, and the baseline once more."""
    return {"slow": served(slow), "quick": served(quick), "again": served(quick)}


@pytest.fixture(scope="module")
def prompt_server(served: Served, prompt: Path) -> OwnServer:
    """What is measured of it does not hang on how fast the machine is."""
    return served(prompt)


@contextmanager
def stalling(server: OwnServer) -> Iterator[None]:
    """Have the server's replicas do nothing for a tenth of a second, every five seconds."""
    over, stalled = threading.Event(), replicas(server)
    assert stalled

    def stall() -> None:
        while not over.wait(STALL_EVERY - STALL_SECONDS):
            for one in stalled:
                one.send_signal(signal.SIGSTOP)
            time.sleep(STALL_SECONDS)
            for one in stalled:
                one.send_signal(signal.SIGCONT)

    thread = threading.Thread(target=stall)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_stall_shows_in_p99(prompt_server: OwnServer, prompt: Path) -> None:
    """Requests that were due while the server stood still are two in a hundred, and waited for 50 ms on average.

    All of them take 20 ms by the line.

    A client that waits for each answer before it asks again sees one slow answer in each stall, one in a thousand.
    """
    plan = Plan(rate=200, seconds=30, warm_up=2, traffic=Traffic(invalid=0))
    with line(prompt_server.endpoint.url, lambda came: came + 0.02) as far, stalling(prompt_server):
        result = outcome_of(prompt, prompt_server, plan, url=far)
    [step] = [one for one in result.steps if one.purpose == "load"]
    p50, before, p99 = (step.latencies.quantile(share) for share in (0.5, 0.985, 0.99))
    assert p50 is not None
    assert before is not None
    assert p99 is not None
    assert p50 < STALL_SECONDS / 2
    assert before > STALL_SECONDS / 3
    assert p99 > STALL_SECONDS * 0.4


def test_a_planted_regression_is_found(pair: dict[str, OwnServer], quick: Path, slow: Path) -> None:
    """``python -m benchmarks.regressions`` does it again and again, and docs/loadtests.md has what came of it."""
    judged = comparison(pair, slow, "slow", quick, "quick")
    assert judged["p50"] == "missed"


def test_no_regression_is_claimed_of_the_same_bundle(pair: dict[str, OwnServer], quick: Path) -> None:
    judged = comparison(pair, quick, "again", quick, "quick")
    assert "missed" not in judged.values()


def comparison(pair: dict[str, OwnServer], bundle: Path, candidate: str, before: Path, baseline: str) -> dict[str, str]:
    plan = Plan(
        rate=20,
        seconds=10,
        round_seconds=1,
        warm_up=1,
        most_seconds=400,
        traffic=Traffic(invalid=0),
        objectives=compared(0.1, ["p50"]),
    )
    result = outcome_of(bundle, pair[candidate], plan, baseline=before, baseline_url=pair[baseline].endpoint.url)
    assert result.complete
    return {one.objective.measure: one.outcome for one in result.judged if one.objective.relative}


def test_the_capacity_is_what_arithmetic_gives(prompt_server: OwnServer, prompt: Path) -> None:
    """By a line that takes 20 ms for each answer: ``python -m benchmarks.capacities`` has a model compute that long.

    The same computation takes 20 to 35 ms of a processor that is shared with other machines.
    """
    objectives = (parse_objective("p90=500ms"),)
    plan = Plan(shape="capacity", rate=20, seconds=8, warm_up=2, traffic=Traffic(invalid=0), objectives=objectives)
    with line(prompt_server.endpoint.url, narrow_line(0.02)) as narrow:
        result = outcome_of(prompt, prompt_server, plan, url=narrow)
    assert result.capacity is not None
    assert result.capacity.confirmed
    assert result.capacity.rate == pytest.approx(1 / 0.02, rel=0.1)


def test_the_figures_are_those_of_wrk(prompt_server: OwnServer, prompt: Path, tmp_path: Path) -> None:
    """In turns, by a long line: what either sees hangs on it then, and not on how fast the machine is just now."""
    if shutil.which("wrk") is None:
        pytest.fail("wrk is not on the PATH; on Debian and Ubuntu: apt-get install wrk")
    with open_bundle(prompt) as bundle:
        request = draw_requests(bundle, prompt_server.endpoint.deployment, Traffic(golden=1, invalid=0))[0]
    ratios = []
    with line(prompt_server.endpoint.url, long_line()) as far:
        for _ in range(3):
            rate, theirs = wrk(far, request, tmp_path)
            plan = Plan(rate=rate, seconds=5, warm_up=0, traffic=Traffic(invalid=0))
            [step] = outcome_of(prompt, prompt_server, plan, url=far).steps
            ours = {share: step.latencies.quantile(share) or 0 for share in theirs}
            assert step.throughput == pytest.approx(rate, rel=0.1)
            ratios.append({share: ours[share] / theirs[share] for share in theirs})
    for share in ratios[0]:
        assert median(ratio[share] for ratio in ratios) == pytest.approx(1, rel=0.1), (share, ratios)


def wrk(url: str, request: Request, folder: Path) -> tuple[float, dict[float, float]]:
    """Requests a second, and quantiles of the latency in seconds."""
    script = folder / "ask.lua"
    headers = "".join(f"wrk.headers['{name}'] = '{value}'\n" for name, value in request.headers.items())
    script.write_text(f"wrk.method = '{request.method}'\nwrk.body = '{request.body.decode()}'\n{headers}")
    ran = subprocess.run(
        ["wrk", "-t1", "-c8", "-d5s", "--latency", "-s", str(script), url + request.path],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "Non-2xx" not in ran.stdout, ran.stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", ran.stdout)
    assert rate is not None
    shares = re.findall(r"(\d\d)%\s+([\d.]+)(us|ms|s)\n", ran.stdout)
    assert [share for share, _, _ in shares] == ["50", "75", "90", "99"]
    units = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
    return float(rate[1]), {int(share) / 100: float(value) * units[unit] for share, value, unit in shares}


class Killing(Silent):
    """Kills a server when it has been asked for three seconds."""

    def __init__(self, pid: int) -> None:
        self._pid, self._seconds = pid, 0

    def show(self, windows: Sequence[Window]) -> None:
        """About a second has passed."""
        self._seconds += bool(windows)
        if self._seconds == 3:
            os.kill(self._pid, signal.SIGKILL)


def test_a_server_that_dies_under_load_has_failed(served: Served, prompt: Path) -> None:
    server = served(prompt)
    plan = Plan(rate=20, seconds=60, warm_up=0, traffic=Traffic(timeout=5))
    result = outcome_of(prompt, server, plan, board=Killing(server.pid))
    assert result.verdict == "failed"
    assert not result.complete
    with suppress(psutil.Error):
        assert not psutil.Process(server.pid).is_running() or server.ended() is not None
