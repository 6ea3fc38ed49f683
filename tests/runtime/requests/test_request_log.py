"""What is kept of requests: who asked what of which bundle, and what it was answered; and it never costs a request."""

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import orjson
import pytest

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.model import Model
from lading.runtime.requests import request_log as module
from lading.runtime.requests.request_log import MOST_ROWS, MOST_WAITING, RequestLog
from lading.runtime.requests.rotating_file import RotatingFile
from lading.runtime.requests.witnesses import witnesses
from lading.runtime.serving.prediction_metrics import prediction_metrics
from lading.runtime.tallies import key_of

PENGUIN = {
    "bill length": None, "mass": 3750, "year": 2007, "eggs": 2, "tagged": True, "island": "Biscoe", "band": 2,
    "note": "a\"b\n", "seen": "not used",
}  # fmt: skip
ROW = {"x0": 1, "x1": 2, "x2": 3, "x3": 4}


@pytest.fixture
def deployments(bundles: dict[str, Path], loops_bundle: Path) -> Deployments:
    """Models whose counts begin here."""
    return Deployments.load([bundles["cells"], bundles["penguins"], loops_bundle])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where requests are to be kept."""
    return tmp_path / "requests.jsonl"


class Logged:
    """An application over ``deployments`` and its request log."""

    def __init__(self, deployments: Deployments, path: Path, **settings: object) -> None:
        made = Settings.model_validate({"request_log": path, **settings})
        (log,) = witnesses(made, {}, "slot0")
        self.log, self._file = log, path.with_name("requests.slot0.jsonl")
        self._app = Application(deployments, made, witnesses=(log,))

    def ask(self, *questions: tuple[str, object], **headers: str) -> list[httpx.Response]:
        async def asked() -> list[httpx.Response]:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://lading") as client:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                return [await client.post(place, json=body, headers=named) for place, body in questions]

        return asyncio.run(asked())

    def lines(self) -> list[dict[str, Any]]:
        """What was written, once the log is closed."""
        self.log.close()
        return [json.loads(line) for line in self._file.read_bytes().splitlines()]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that is closed has the time to write all that waits, however busy this machine is."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 60)


@pytest.fixture(autouse=True)
def forgotten(deployments: Deployments) -> Iterator[None]:
    """Nobody sees what the models are asked after a test."""
    yield
    for model in deployments:
        model.witnesses = ()


def test_a_line_holds_what_was_asked_and_what_was_answered(deployments: Deployments, path: Path) -> None:
    logged = Logged(deployments, path)
    (answer,) = logged.ask(("/models/penguins/predict", [PENGUIN]), x_request_id="r-1")
    assert answer.status_code == 200, answer.text
    (line,) = logged.lines()
    model = deployments.get("penguins")
    assert line.pop("time").endswith("Z")
    assert line.pop("milliseconds") > 0
    (row,) = line.pop("rows")
    used = {name: value for name, value in PENGUIN.items() if name not in ("seen", "band")}
    assert row == used | {"moulting": None, "band": row["band"]}
    assert line.pop("answers") == answer.json()
    assert line == {
        "request": "r-1",
        "deployment": "penguins",
        "version": "1.0.0",
        "digest": model.digest,
        "status": 200,
        "count": 1,
    }


def test_every_protocol_is_kept_by_the_fields_names(deployments: Deployments, path: Path) -> None:
    logged = Logged(deployments, path)
    tensor = {"name": "X", "shape": [1, 4], "datatype": "FP32", "data": list(ROW.values())}
    answers = logged.ask(
        ("/models/cells/predict", ROW),
        ("/v2/models/cells/infer", {"inputs": [tensor]}),
        ("/v1/models/cells:predict", {"instances": [list(ROW.values())]}),
    )
    assert [answer.status_code for answer in answers] == [200] * 3
    assert [line["rows"] for line in logged.lines()] == [[ROW]] * 3


def test_what_failed_is_kept_with_its_status_and_without_what_was_not_understood(
    deployments: Deployments, path: Path
) -> None:
    logged = Logged(deployments, path)
    logged.ask(("/models/cells/predict", ROW | {"x1": "secret"}), ("/models/nobody/predict", ROW))
    logged.ask(("/models/loops/predict", {"rounds": 1e15}), lading_timeout_ms="50")
    lines = logged.lines()
    assert [(line["deployment"], line["status"]) for line in lines] == [("cells", 400), ("loops", 504)]
    assert all(line["rows"] is line["answers"] is line["count"] is None for line in lines)
    assert "secret" not in json.dumps(lines)


def test_redacted_values_are_not_written(deployments: Deployments, path: Path) -> None:
    logged = Logged(deployments, path, request_log_redact=["note", "mass"])
    logged.ask(("/models/penguins/predict", [PENGUIN]))
    ((row,),) = (line["rows"] for line in logged.lines())
    assert (row["note"], row["mass"], row["year"]) == ("[redacted]", "[redacted]", 2007)


def test_a_line_has_the_first_rows_of_many_and_says_how_many_there_were(deployments: Deployments, path: Path) -> None:
    logged = Logged(deployments, path)
    logged.ask(("/models/cells/predict", [ROW | {"x0": number} for number in range(5000)]))
    (line,) = logged.lines()
    assert line["count"] == 5000
    assert [row["x0"] for row in line["rows"]] == list(range(MOST_ROWS))
    assert len(line["answers"]) == MOST_ROWS


def test_a_line_that_would_be_too_long_goes_without_rows(
    deployments: Deployments, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINE_BYTES", 1000)
    logged = Logged(deployments, path)
    logged.ask(("/models/penguins/predict", [PENGUIN | {"note": "x" * 1000}]), ("/models/penguins/predict", [PENGUIN]))
    assert [(line["count"], line["rows"] is None) for line in logged.lines()] == [(1, True), (1, False)]


def test_a_sample_is_kept(deployments: Deployments, path: Path) -> None:
    logged = Logged(deployments, path, request_log_sample=0.2)
    logged.ask(*[("/models/cells/predict", ROW)] * 1000)
    assert 100 < len(logged.lines()) < 300
    assert deployments.get("cells").tally.unlogged == 0


def test_a_file_that_cannot_be_written_fails_no_request_and_is_told_once_and_counted(
    deployments: Deployments, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logged = Logged(deployments, path.parent / "nowhere" / "requests.jsonl")
    with caplog.at_level(logging.WARNING, "lading.runtime"):
        answers = logged.ask(*[("/models/cells/predict", ROW)] * 5)
        logged.log.close()
    assert [answer.status_code for answer in answers] == [200] * 5
    (record,) = caplog.records
    assert record.message.startswith("lines of the request log are lost")
    assert told(deployments.get("cells")) == 5


class Stuck(RotatingFile):
    """A file whose disk takes nothing until it is ``freed``."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, 1 << 20, 2)
        self.freed = Event()

    def write(self, line: bytes) -> None:
        self.freed.wait(20)
        super().write(line)


def test_a_disk_that_hangs_costs_lines_and_no_request(deployments: Deployments, path: Path) -> None:
    stuck = Stuck(path)
    log = RequestLog(stuck, 1.0, ())
    app = Application(deployments, Settings(), witnesses=(log,))

    async def asked() -> set[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            content = orjson.dumps(ROW)
            return {(await client.post("/models/cells/predict", content=content)).status_code for _ in range(1100)}

    assert asyncio.run(asked()) == {200}
    lost = 1100 - MOST_WAITING - 1  # one is in the thread's hands
    assert told(deployments.get("cells")) == lost
    stuck.freed.set()
    log.close()
    assert path.read_bytes().count(b"\n") == MOST_WAITING + 1


def told(model: Model) -> float:
    """The lines that were dropped, as Prometheus hears it."""
    metrics = {metric.name: metric for metric in prediction_metrics({key_of(model): model.tally}, {})}
    (sample,) = metrics["lading_request_log_lines_dropped"].samples
    return sample.value
