"""The metrics of a real server: what its replicas answered, whichever did, on both ports; and the replicas that died."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.runtime.serving.conftest import Serving, free_port

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Start

ROW = {"x0": 1, "x1": 2, "x2": 3, "x3": 4}
WAIT_SECONDS = 30


def samples(text: str, name: str, *labels: str) -> dict[tuple[str, ...], float]:
    """The values of one metric, by those of the labels."""
    families = text_string_to_metric_families(text)
    found = [sample for family in families for sample in family.samples if sample.name == name]
    return {tuple(sample.labels[label] for label in labels): sample.value for sample in found}


def until(true: Callable[[], bool], serving: Serving) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline, serving.said()
        time.sleep(0.1)


@pytest.mark.slow
def test_predictions_of_all_replicas_are_told_and_replicas_that_die_are_counted(
    start: "Start", bundles: Mapping[str, Path], base: Path
) -> None:
    port, state = free_port(), base / "state"
    serving = start(
        [bundles["cells"]], "--replicas", "2", LADING_METRICS_PORT=str(port), LADING_STATE_FOLDER=str(state)
    )
    digest = str(serving.ready()["models"][0]["digest"])  # type: ignore[index]
    model = ("cells", "1.0.0", digest.removeprefix("sha256:")[:12])
    labels = ("deployment", "version", "digest")

    def metrics() -> str:
        return httpx.get(f"http://127.0.0.1:{port}/metrics").text

    with httpx.Client(base_url=f"http://127.0.0.1:{serving.port}") as client:
        for _ in range(40):
            assert client.post("/models/cells/predict", json=[ROW, ROW]).status_code == 200
        assert client.post("/models/cells/predict", json={"x0": "one"}).status_code == 400
        # Each replica writes its counts by itself: the failure may be told after all predictions are.
        refused = {(*model, "bad request"): 1}
        until(lambda: samples(metrics(), "lading_prediction_failures_total", *labels, "reason") == refused, serving)
        until(lambda: samples(metrics(), "lading_predictions_total", *labels) == {model: 40}, serving)
        told = metrics()
        assert samples(told, "lading_prediction_failures_total", *labels, "reason") == refused
        counts = samples(told, "lading_prediction_seconds_count", *labels, "phase")
        assert counts == {(*model, phase): 40 for phase in ("queue", "decode", "compute", "encode")}
        assert samples(told, "lading_prediction_rows_sum", *labels) == {model: 80}
        assert samples(told, "lading_replica_restarts_total") == {(): 0}

        transport = httpx.HTTPTransport(uds=str(state / "admin.sock"))
        with httpx.Client(transport=transport, base_url="http://localhost") as administration:
            again = administration.get("/metrics")
        assert again.headers["content-type"].startswith("text/plain; version=")
        assert samples(again.text, "lading_predictions_total", *labels) == {model: 40}

        os.kill(min(serving.pids("ray::ServeReplica")), signal.SIGKILL)
        until(lambda: samples(metrics(), "lading_replica_restarts_total") == {(): 1}, serving)
        serving.until_said("2 replicas answer again")
        assert client.post("/models/cells/predict", json=ROW).status_code == 200
        until(lambda: samples(metrics(), "lading_predictions_total", *labels) == {model: 41}, serving)
        assert samples(metrics(), "lading_replica_restarts_total") == {(): 1}
