"""The time of day jumps by an hour, forward and back, under load: nothing is refused, and nothing ends early or late."""

import asyncio
import json
import math
import os
import signal
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lading.runtime.serving.keys import Key, key_digest
from tests.runtime.serving.conftest import Serving, free_port
from tests.runtime.serving.faults.clock import Clock
from tests.runtime.serving.faults.open_loop import Asked, open_loop, request

pytestmark = pytest.mark.faults

HOUR = 3600
JUMPS = (HOUR, 0, -HOUR, 0)
"""What the clock is off by, one after the other."""
STAY_SECONDS = 4
SECONDS = (len(JUMPS) + 1) * STAY_SECONDS
LIMIT_SECONDS = 2
"""For an inference, for the headers of a request, and for its body."""
EARLY_SECONDS, LATE_SECONDS = 0.1, 30.0
"""How far off a limit may be: a jump is worth an hour. Half a second is promised, and what was measured is printed:
other work on the machine would fail a test of that."""
GREEDY, MODEST = 10, 100
"""Requests a second that two keys may send."""
MODEST_RATE = 10
"""Requests a second that the second of them does send: far fewer, since what a stall held up arrives at once."""
WAIT_SECONDS, SETTLE_SECONDS = 60, 5
TOLD = f"the clock was set back by {HOUR} s"
ROW = b'{"x0": 1, "x1": 2, "x2": 3, "x3": 4}'
LINES = ("receive_ms", "queue_ms", "answer_ms", "total_ms")


class Jumpy:
    """A server with two replicas, on a clock of its own."""

    def __init__(self, bundles: list[Path], folder: Path) -> None:
        self.clock, self.metrics_port = Clock(folder), free_port()
        keys = folder / "keys.txt"
        rates = {"free": None, "greedy": GREEDY, "modest": MODEST}
        keys.write_text("".join(f"{Key(name, key_digest(name), rate)}\n" for name, rate in rates.items()))
        self.serving = Serving(
            bundles,
            "--replicas",
            "2",
            **self.clock.environment,
            LADING_ACCESS_LOG="true",
            LADING_METRICS_PORT=str(self.metrics_port),
            LADING_KEYS_FILE=str(keys),
            LADING_DEADLINES=json.dumps({"loops": LIMIT_SECONDS}),
            LADING_HEADER_SECONDS=str(LIMIT_SECONDS),
            LADING_BODY_SECONDS=str(LIMIT_SECONDS),
        )

    async def jump(self) -> None:
        """Jump again and again."""
        for seconds in JUMPS:
            await asyncio.sleep(STAY_SECONDS)
            self.clock.set(seconds)

    async def load(self) -> tuple[Asked, ...]:
        """Ask while the clock jumps: quick ones, endless ones, ones that never become whole, and those of two keys."""
        port, cells = self.serving.port, "/models/cells/predict"
        endless = request("/models/loops/predict", orjson.dumps({"rounds": 1e15}), "x-api-key: free")
        whole = request(cells, ROW, "x-api-key: free")
        asked = await asyncio.gather(
            open_loop(port, whole, 50, SECONDS),
            open_loop(port, endless, 1 / LIMIT_SECONDS, SECONDS),
            open_loop(port, whole[: whole.index(b"content-length")], 2, SECONDS),
            open_loop(port, whole[:-1], 2, SECONDS),
            open_loop(port, request(cells, ROW, "x-api-key: modest"), MODEST_RATE, SECONDS),
            open_loop(port, request(cells, ROW, "x-api-key: greedy"), 4 * GREEDY, SECONDS),
            self.jump(),
        )
        return tuple(one for one in asked if one is not None)

    def lines(self) -> list[dict[str, Any]]:
        """The access log."""
        return [json.loads(line) for line in self.serving.said().splitlines() if line.startswith("{")]

    def durations(self, model: str) -> dict[str, int]:
        """What a model's statistics say that it took, in nanoseconds."""
        url = f"http://127.0.0.1:{self.serving.port}/v2/models/{model}/stats"
        stats = httpx.get(url, headers={"x-api-key": "free"}).json()["model_stats"][0]["inference_stats"]
        return {name: stats[name]["ns"] for name in stats}

    def metrics(self) -> list[float]:
        """The value of every metric."""
        text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics").text
        return [sample.value for family in text_string_to_metric_families(text) for sample in family.samples]


@pytest.fixture(scope="module")
def jumpy(bundles: Mapping[str, Path], loops_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jumpy]:
    """One that is ready."""
    one = Jumpy([bundles["cells"], loops_bundle], tmp_path_factory.mktemp("jumpy"))
    try:
        one.serving.ready()
        yield one
    finally:
        one.serving.close()


def off(asked: Asked) -> tuple[float, float]:
    """How many seconds the first and the last of them came after the limit."""
    seconds = [one.seconds for one in asked.outcomes]
    return min(seconds) - LIMIT_SECONDS, max(seconds) - LIMIT_SECONDS


def granted(asked: Asked) -> list[float]:
    """How many a second were answered, of those that were due between one jump and the next."""
    due = [one.ended - one.seconds - asked.begun for one in asked.of(200)]
    stays = range(0, SECONDS, STAY_SECONDS)
    return [sum(first <= one < first + STAY_SECONDS for one in due) / STAY_SECONDS for first in stays]


def test_no_request_notices_that_the_clock_jumps(jumpy: Jumpy) -> None:
    begun = time.time()
    quick, endless, headless, halved, modest, greedy = asyncio.run(jumpy.load())
    rates = granted(greedy)
    missed = {"inference": off(endless), "headers": off(headless), "body": off(halved)}
    print(
        f"{len(JUMPS)} jumps: {len(quick.outcomes)} quick, p99 {quick.quantile(0.99, 200) * 1000:.0f} ms; a limit of "
        f"{LIMIT_SECONDS} s was missed by "
        + ", ".join(f"{first * 1000:.0f} to {last * 1000:.0f} ms ({what})" for what, (first, last) in missed.items())
        + "; "
        f"a key for {GREEDY}/s got {', '.join(f'{rate:.1f}' for rate in rates)}/s"
    )
    for asked, statuses in ((quick, {200}), (modest, {200}), (endless, {504}), (headless, {0}), (halved, {408})):
        assert {one.status for one in asked.outcomes} == statuses
    assert {one.status for one in greedy.outcomes} == {200, 429}
    assert all(0 < rate <= GREEDY * 1.5 for rate in rates)
    assert all(-EARLY_SECONDS <= first <= last <= LATE_SECONDS for first, last in missed.values())
    assert "a replica ended" not in jumpy.serving.said()
    times = [datetime.fromisoformat(line["time"]).timestamp() for line in jumpy.lines()]
    assert {round((one - begun) / HOUR) for one in times} == {-1, 0, 1}, "the server did see the clock jump"


def settled(serving: Serving) -> set[int]:
    """The replicas, once they are two that have been the same for a while."""
    deadline = time.monotonic() + WAIT_SECONDS
    since, found = time.monotonic(), set[int]()
    while len(found) != 2 or time.monotonic() < since + SETTLE_SECONDS:
        assert time.monotonic() < deadline, serving.said()
        time.sleep(0.1)
        if (now := set(serving.pids("ray::ServeReplica"))) != found:
            since, found = time.monotonic(), now
    return found


def test_a_replica_that_dies_after_the_clock_was_set_back_is_replaced(jumpy: Jumpy) -> None:
    assert jumpy.serving.said().count(TOLD) == 2
    os.kill(min(settled(jumpy.serving)), signal.SIGKILL)
    jumpy.serving.until_said("2 replicas answer again")


def test_nothing_took_less_than_no_time_or_an_hour(jumpy: Jumpy) -> None:
    lines = jumpy.lines()
    late = [line for line in lines if line.get("path") == "/models/loops/predict"]
    # HAProxy's clock takes a moment in which it did not run for a jump, and leaves it out.
    assert all(0 < line["total_ms"] <= (LIMIT_SECONDS + LATE_SECONDS) * 1000 for line in late)
    taken = [line[name] for line in lines for name in LINES if name in line]
    assert -1 <= min(taken) <= max(taken) <= (LIMIT_SECONDS + LATE_SECONDS) * 1000
    time.sleep(2)  # replicas write down what they did some times a second
    for model in ("cells", "loops"):
        durations = jumpy.durations(model)
        assert 0 <= min(durations.values()) <= max(durations.values()) < HOUR * 1e9, durations
        assert durations["success" if model == "cells" else "fail"] > 0
    values = jumpy.metrics()
    assert values
    assert all(value >= 0 and math.isfinite(value) for value in values)
