"""What a real server leaves behind: lines of JSON on standard error, requests in a file of each replica, traces."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.runtime.requests.collector import attributes, collecting

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Start

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = f"00-{TRACE}-00f067aa0ba902b7-01"
WAIT_SECONDS = 20
ROW = {"x0": 1, "x1": 2, "x2": 3, "x3": 4}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def kept(folder: Path) -> list[dict[str, Any]]:
    """What the request logs of all replicas hold."""
    return [line for file in folder.glob("requests.slot*.jsonl") for line in lines(file.read_text())]


@pytest.mark.slow
def test_lines_are_json_and_requests_are_kept_and_traced_by_the_id_that_their_answer_had(
    start: "Start", bundles: Mapping[str, Path], tmp_path: Path
) -> None:
    with collecting() as collector:
        serving = start(
            [bundles["cells"]],
            "--replicas", "2",
            LADING_LOG_FORMAT="json",
            LADING_ACCESS_LOG="on",
            LADING_REQUEST_LOG=str(tmp_path / "requests.jsonl"),
            LADING_REQUEST_LOG_REDACT='["x0"]',
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
        )  # fmt: skip
        serving.ready()
        with httpx.Client(base_url=f"http://127.0.0.1:{serving.port}", headers={"traceparent": TRACED}) as client:
            answers = [client.post("/models/cells/predict", json=ROW) for _ in range(20)]
            deadline = time.monotonic() + WAIT_SECONDS
            while len(collector.spans) < 5 * len(answers) or len(kept(tmp_path)) < len(answers):
                assert time.monotonic() < deadline, serving.said()
                time.sleep(0.1)
            answers += [client.post("/models/cells/predict", json=ROW) for _ in range(5)]
        serving.process.terminate()
        assert serving.ends() == 0, "and what waits to be written, or sent, is"
    ids = [answer.headers["x-request-id"] for answer in answers]
    said = lines(serving.said())
    assert [line["id"] for line in said if line.get("path") == "/models/cells/predict"] == ids
    assert "checking the bundles" in [line.get("message") for line in said]
    requests = kept(tmp_path)
    assert sorted(line["request"] for line in requests) == sorted(ids)
    assert all(line["rows"] == [ROW | {"x0": "[redacted]"}] for line in requests)
    assert all(line["answers"] == [answers[0].json()] for line in requests)
    spans = [span for span in collector.spans if span.name == "predict cells"]
    assert sorted(str(attributes(span)["lading.request"]) for span in spans) == sorted(ids)
    assert {span.trace_id.hex() for span in spans} == {TRACE}
