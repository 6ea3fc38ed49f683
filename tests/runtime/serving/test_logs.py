"""The logs of a real server: lines of JSON on standard error, and requests in a file of each replica."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.runtime.serving.conftest import Start

ROW = {"x0": 1, "x1": 2, "x2": 3, "x3": 4}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.slow
def test_every_line_is_json_and_requests_are_kept_by_the_id_that_their_answer_had(
    start: "Start", bundles: Mapping[str, Path], tmp_path: Path
) -> None:
    serving = start(
        [bundles["cells"]],
        "--replicas", "2",
        LADING_LOG_FORMAT="json",
        LADING_ACCESS_LOG="on",
        LADING_REQUEST_LOG=str(tmp_path / "requests.jsonl"),
        LADING_REQUEST_LOG_REDACT='["x0"]',
    )  # fmt: skip
    serving.ready()
    with httpx.Client(base_url=f"http://127.0.0.1:{serving.port}") as client:
        answers = [client.post("/models/cells/predict", json=ROW) for _ in range(20)]
    serving.process.terminate()
    assert serving.ends() == 0
    ids = [answer.headers["x-request-id"] for answer in answers]
    said = lines(serving.said())
    assert [line["id"] for line in said if line.get("path") == "/models/cells/predict"] == ids
    assert "checking the bundles" in [line.get("message") for line in said]
    files = sorted(tmp_path.glob("requests.slot*.jsonl"))
    kept = [line for file in files for line in lines(file.read_text())]
    assert sorted(line["request"] for line in kept) == sorted(ids)
    assert all(line["rows"] == [ROW | {"x0": "[redacted]"}] for line in kept)
    assert all(line["answers"] == [answers[0].json()] for line in kept)
