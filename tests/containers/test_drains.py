"""Replicas that are killed and containers that are told to stop, again and again, under load."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import pytest

from tests.containers.conftest import Run, laid_out, mounted
from tests.containers.running import HARDENED, PORT, Running
from tests.runtime.serving.conftest import QUICK, Load
from tests.runtime.serving.faults.open_loop import closed_loop, request
from tests.runtime.serving.faults.taking import PATH, body_that_takes

KILLS = 10
STOPS = 6
"""The same server is told to stop twenty times without a container (``tests/runtime/serving/faults/test_kills.py``)."""
TOGETHER = 2
"""One is asked and stops while the next one starts; Ray gives up a start that takes thirty seconds, so one at a time."""
WORK_SECONDS = 0.1
RECOVERY_SECONDS = 60
STOP_SECONDS = 40


@pytest.fixture(scope="module")
def slow_shelf(bundles: Mapping[str, Path], loops_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a quick model, and one that takes as long as it is told."""
    return laid_out(tmp_path_factory.mktemp("shelf"), bundles["cells"], loops_bundle)


@pytest.fixture(scope="module")
def server(run: Run, slow_shelf: Path) -> Running:
    """A hardened container of two replicas."""
    running = run(volumes=mounted(slow_shelf), environment={"LADING_REPLICAS": "2"}, **HARDENED)
    running.ready()
    return running


@pytest.fixture(scope="module")
def body(server: Running) -> bytes:
    """A request that takes a while."""
    return body_that_takes(server.url(""), WORK_SECONDS)


@pytest.fixture(scope="module")
def capacity(server: Running, body: bytes) -> float:
    """How many of them a container answers a second: C."""
    return asyncio.run(closed_loop(PORT, request(PATH, body), 4, 5, server.address))


@pytest.fixture(scope="module")
def answer(server: Running, body: bytes) -> bytes:
    """What is answered to it."""
    return server.ask(PATH, content=body).content


def test_ten_kills_in_a_row_cost_at_most_what_was_under_way(
    server: Running, body: bytes, capacity: float, answer: bytes
) -> None:
    slow, quick = Load(PORT, PATH, body, server.address), Load(PORT, QUICK[0], QUICK[1], server.address)
    slow.start(capacity / 2)
    quick.start(50)
    recoveries = [_killed(server) for _ in range(KILLS)]
    answers = slow.stop(), quick.stop()
    print(
        f"C {capacity:.1f}/s; {KILLS} kills at 0.5 C: {dict(answers[0])}, and of quick ones beside them "
        f"{dict(answers[1])}; two replicas again after {max(recoveries):.1f} s at most"
    )
    # While a replica starts there may be less than half of C, on a busy machine: then some are refused.
    assert set(answers[0]) <= {"200", "502", "503"}, answers
    assert answers[0]["200"] > slow.sent / 2
    assert slow.answers["502"] <= KILLS, "what a replica had is done by the other one, but for a rare accident"
    assert set(answers[1]) == {"200"}, answers
    assert slow.bodies == {answer}
    assert len(quick.bodies) == 1
    assert server.state()["Running"]


def test_containers_that_are_told_to_stop_answer_all_that_they_accepted_and_exit_0(
    run: Run, server: Running, slow_shelf: Path, body: bytes, capacity: float, answer: bytes
) -> None:
    server.container.stop(timeout=STOP_SECONDS)
    rate, starting = 0.8 * capacity, Lock()

    def stop_one(_: int) -> tuple[Mapping[str, int], float]:
        with starting:
            running = run(volumes=mounted(slow_shelf), environment={"LADING_REPLICAS": "1"}, **HARDENED)
            running.answers()
        slow = Load(PORT, PATH, body, running.address)
        slow.start(rate)
        while slow.sent < rate:
            time.sleep(0.02)
        begun = time.monotonic()
        running.container.stop(timeout=STOP_SECONDS)
        ended, answers = time.monotonic() - begun, slow.stop()
        assert running.state()["ExitCode"] == 0, running.said()
        assert set(answers) <= {"200", "503", "not accepted"}, answers
        assert slow.bodies == {answer}
        return answers, ended

    with ThreadPoolExecutor(TOGETHER) as pool:
        stops = list(pool.map(stop_one, range(STOPS)))
    answers = sum((Counter(one) for one, _ in stops), Counter[str]())
    print(
        f"C {capacity:.1f}/s; {STOPS} stops at 0.8 C: {dict(answers)}; "
        f"ended after {max(ended for _, ended in stops):.1f} s at most"
    )


def _killed(server: Running) -> float:
    """Kill a replica of two; the seconds until both answer again."""
    begun, before = time.monotonic(), server.said().count("2 replicas answer again")
    server.kill("ray::ServeReplica")
    while server.said().count("2 replicas answer again") == before:
        assert time.monotonic() < begun + RECOVERY_SECONDS, server.said()
        time.sleep(0.1)
    return time.monotonic() - begun
