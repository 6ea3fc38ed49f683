"""Replicas that are killed and servers that are told to stop, again and again, under load."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from lading.runtime.serving.ledger import WRITE_SECONDS
from lading.runtime.serving.warden import session_members
from tests.runtime.serving.conftest import Serving

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Load, Start

pytestmark = pytest.mark.faults

KILLS = 10
STOPS = 20
RECOVERY_SECONDS = 30


@pytest.fixture(scope="module")
def server(bundles: Mapping[str, Path]) -> Iterator[Serving]:
    """A server with two replicas."""
    serving = Serving([bundles["cells"]], "--replicas", "2")
    try:
        serving.ready()
        yield serving
    finally:
        serving.close()


def counted(client: httpx.Client, serving: Serving) -> int:
    """The predictions that all replicas together say they made."""
    answer = client.get(f"http://127.0.0.1:{serving.port}/v2/models/cells/stats")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["model_stats"][0]["inference_stats"]["success"]["count"])


def test_a_kill_takes_nothing_from_the_statistics_of_all(server: Serving) -> None:
    url, row = f"http://127.0.0.1:{server.port}/models/cells/predict", {"x0": 1, "x1": 2, "x2": 3, "x3": 4}
    with httpx.Client() as client:
        before = counted(client, server)
        for _ in range(100):
            assert client.post(url, json=row).status_code == 200
        time.sleep(WRITE_SECONDS + 1)
        victim = min(server.pids("ray::ServeReplica"))
        again = server.said().count("2 replicas answer again")
        os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + RECOVERY_SECONDS
        while server.said().count("2 replicas answer again") == again:
            assert time.monotonic() < deadline, server.said()
            assert counted(client, server) == before + 100
        for _ in range(100):
            assert client.post(url, json=row).status_code == 200
        time.sleep(WRITE_SECONDS + 1)
        assert {counted(client, server) for _ in range(20)} == {before + 200}


@pytest.mark.timeout(600)
def test_ten_kills_in_a_row_lose_no_request(server: Serving, load: Callable[[Serving], "Load"]) -> None:
    steady, before = load(server), server.said().count("2 replicas answer again")
    for number in range(before + 1, before + KILLS + 1):
        victim = min(server.pids("ray::ServeReplica"))
        os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + RECOVERY_SECONDS
        while server.said().count("2 replicas answer again") < number:
            assert time.monotonic() < deadline, server.said()
            time.sleep(0.1)
        assert len(set(server.pids("ray::ServeReplica")) - {victim}) == 2
    answers = steady.stop()
    print(f"{KILLS} kills: {dict(answers)}")
    assert set(answers) == {"200"}, answers


@pytest.mark.timeout(900)
def test_twenty_servers_that_are_told_to_stop_answer_all_that_they_accepted(
    start: "Start", bundles: Mapping[str, Path], load: Callable[[Serving], "Load"]
) -> None:
    accepted = 0
    for _ in range(STOPS):
        serving = start([bundles["cells"]], "--replicas", "2")
        serving.ready()
        sessions, steady = serving.sessions(), load(serving)
        while steady.sent < 200:
            time.sleep(0.02)
        serving.signal(signal.SIGTERM)
        assert serving.ends() == 0
        answers = steady.stop()
        assert set(answers) <= {"200", "not accepted"}, answers
        accepted += answers["200"]
        assert session_members(sessions) == []
    print(f"{STOPS} stops: {accepted} accepted, all answered")


def test_while_it_stops_it_is_not_ready(loops_bundle: Path, start: "Start") -> None:
    serving = start([loops_bundle], "--replicas", "1", "--deadline", "4")
    serving.ready()
    url = f"http://127.0.0.1:{serving.port}"
    with httpx.Client() as kept:
        assert kept.get(f"{url}/v2/health/ready").status_code == 200
        serving.signal(signal.SIGTERM)
        time.sleep(0.2)
        refused = kept.get(f"{url}/v2/health/ready")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
    assert serving.ends() == 0
