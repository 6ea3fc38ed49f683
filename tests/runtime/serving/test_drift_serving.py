"""Drift of a real server: its replicas' counts are summed, whichever is asked, and told as metrics."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.runtime.serving.conftest import Serving, free_port
from tests.runtime.visits import frame, rows_of

SECONDS = 30


def lines(serving: Serving) -> Iterator[int]:
    """The rows that each replica has counted."""
    for path in serving.folder.glob("lading-*/slot*.drift"):
        yield from (line["rows"] for line in orjson.loads(path.read_bytes()))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def metrics(port: int) -> dict[tuple[str, str], float]:
    """The metrics of drift, by their name and their field."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    families = text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples if sample.name.startswith("lading_drift_")]
    assert {(sample.labels["deployment"], sample.labels["version"]) for sample in samples} <= {("visits", "1.0.0")}
    return {(sample.name, sample.labels.get("field", "")): sample.value for sample in samples}


def test_the_counts_of_two_replicas_are_one(start: Callable[..., Serving], trained_bundles: dict[str, Path]) -> None:
    port = free_port()
    serving = start([trained_bundles["visits"]], "--replicas", "2", LADING_METRICS_PORT=str(port))
    serving.ready()
    assert metrics(port) == {}
    address = f"http://127.0.0.1:{serving.port}"
    given = rows_of(frame(240, seed=5, shift=1))
    for row in given:  # each over a connection of its own, so that both replicas are asked
        assert httpx.post(f"{address}/models/visits/predict", json=row).status_code == 200
    until(lambda: sum(lines(serving)) == len(given))
    assert min(lines(serving)) > 0
    assert len(list(lines(serving))) == 2
    for _ in range(6):
        told = httpx.get(f"{address}/models/visits/drift").json()
        assert (told["rows"], told["verdict"]) == (len(given), "shifted")
    until(lambda: metrics(port).get(("lading_drift_rows", "")) == len(given))
    found, fields = metrics(port), {field["name"]: field for field in told["fields"]}
    for name, field in fields.items():
        assert found["lading_drift_psi", name] == pytest.approx(field["psi"])
        assert found["lading_drift_missing_ratio", name] == field["missing"]["live"]
    assert found["lading_drift_distance", "age"] == pytest.approx(fields["age"]["distance"])
    assert found["lading_drift_outside_ratio", "age"] == fields["age"]["outside"]
    assert found["lading_drift_unseen_ratio", "city"] == fields["city"]["unseen"] == 0
    serving.signal(signal.SIGTERM)
    assert serving.ends() == 0
