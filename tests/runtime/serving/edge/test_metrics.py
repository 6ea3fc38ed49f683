"""Metrics: what was asked, by whom, and how the replicas are; on a port of its own and nowhere else."""

import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lading.runtime.serving.edge_metrics import ANSWER_SECONDS, metrics_sections
from lading.runtime.serving.keys import Key, key_digest
from tests.runtime.serving.conftest import free_port

if TYPE_CHECKING:
    from tests.authority import Authority
    from tests.runtime.serving.edge.conftest import EdgeAlone

    Begin = Callable[..., EdgeAlone]

Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
def port() -> int:
    """Where metrics are."""
    return free_port()


def metrics(port: int) -> dict[Sample, float]:
    """Every sample that is not zero, by its name and labels."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples if sample.value}


def of(name: str, **labels: str) -> Sample:
    return name, frozenset(labels.items())


def test_requests_are_counted_by_key_and_status_and_refusals_by_reason(begin: "Begin", port: int, folder: Path) -> None:
    keys = folder / "keys.txt"
    keys.write_text(f"{Key('alice', key_digest('secret-a'))}\n{Key('bob', key_digest('secret-b'), 1)}\n")
    edge = begin(metrics_port=port, keys_file=keys)
    with httpx.Client(base_url=f"http://127.0.0.1:{edge.port}") as client:
        for path in ("/v2", "/v2", "/nothing"):
            client.get(path, headers={"x-api-key": "secret-a"})
        client.get("/v2", headers={"x-api-key": "secret-c"})
        client.get("/v2")
        client.get("/v2", headers=[("x-api-key", "secret-a"), ("x-api-key", "secret-a")])
        client.get("/ping")
        client.request("BREW", "/v2", headers={"x-api-key": "secret-a"})
        while client.get("/v2", headers={"x-api-key": "secret-b"}).status_code != 429:
            continue
    found = metrics(port)
    answered = {key: value for key, value in found.items() if key[0] == "lading_requests_total"}
    bobs = answered.pop(of("lading_requests_total", key="bob", status="2xx"))
    assert bobs >= 1
    assert answered == {
        of("lading_requests_total", key="alice", status="2xx"): 2,
        of("lading_requests_total", key="alice", status="4xx"): 1,
        of("lading_requests_total", key="alice", status="5xx"): 1,
        of("lading_requests_total", key="-", status="2xx"): 1,
        of("lading_requests_total", key="-", status="4xx"): 3,
        of("lading_requests_total", key="bob", status="4xx"): 1,
    }
    assert {key: value for key, value in found.items() if key[0] == "lading_requests_refused_total"} == {
        of("lading_requests_refused_total", key="-", reason="no key"): 1,
        of("lading_requests_refused_total", key="-", reason="unknown key"): 1,
        of("lading_requests_refused_total", key="-", reason="several keys"): 1,
        of("lading_requests_refused_total", key="bob", reason="rate"): 1,
    }


def test_without_keys_requests_are_counted_all_the_same(begin: "Begin", port: int) -> None:
    edge = begin(metrics_port=port)
    for _ in range(3):
        httpx.get(f"http://127.0.0.1:{edge.port}/v2")
    assert metrics(port)[of("lading_requests_total", key="-", status="2xx")] == 3


def test_requests_that_are_turned_away_are_counted_by_the_reason(begin: "Begin", port: int) -> None:
    edge = begin(metrics_port=port, body_bytes=1000, request_seconds=0.5, queue_seconds=0.5)
    with httpx.Client(base_url=f"http://127.0.0.1:{edge.port}") as client:
        assert client.post("/v2", content=b"x" * 2000).status_code == 413
        assert client.get("/slow").status_code == 504
        edge.do(edge.release())
        edge.stop_replica()
        edge.until(lambda: of("lading_replicas_up") not in metrics(port))
        assert {client.get("/v2").status_code for _ in range(2)} == {503}
    found = {key: value for key, value in metrics(port).items() if key[0] == "lading_requests_refused_total"}
    assert found == {
        of("lading_requests_refused_total", key="-", reason="too large"): 1,
        of("lading_requests_refused_total", key="-", reason="deadline"): 1,
        of("lading_requests_refused_total", key="-", reason="overloaded"): 2,
    }


def test_replicas_requests_and_connections_of_now_are_told(begin: "Begin", port: int) -> None:
    edge = begin(metrics_port=port)
    with socket.create_connection(("127.0.0.1", edge.port)) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n")
        edge.until(lambda: len(edge.heads) == 1)
        found = metrics(port)
        edge.do(edge.release())
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    assert found[of("lading_requests_in_flight")] == 1
    assert found[of("lading_connections")] == 1
    assert found[of("lading_replicas")] == found[of("lading_replicas_up")] == 1
    assert found[of("lading_replica_up", slot="slot0")] == 1
    edge.until(lambda: of("lading_requests_in_flight") not in metrics(port))
    edge.stop_replica()
    edge.until(lambda: of("lading_replicas_up") not in metrics(port))
    assert of("lading_replica_up", slot="slot0") not in metrics(port)


def test_the_end_of_the_certificate_is_told(begin: "Begin", port: int, authority: Callable[[str], "Authority"]) -> None:
    certificate, key = authority("ca").vouch("server")
    begin(metrics_port=port, tls_certificate=certificate, tls_key=key)
    ends = metrics(port)[of("lading_certificate_ends_seconds")]
    assert abs(ends - certificate.stat().st_mtime - 30 * 86400) < 60


def test_every_metric_is_documented(begin: "Begin", port: int, authority: Callable[[str], "Authority"]) -> None:
    certificate, key = authority("ca").vouch("server")
    begin(metrics_port=port, tls_certificate=certificate, tls_key=key)
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    page = (Path(__file__).parents[4] / "docs" / "metrics.md").read_text()
    names = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(names) > 8
    assert [name for name in names if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/metrics", 405), ("GET", "/", 404), ("GET", "/v2/models", 404)],
)
def test_nothing_else_is_on_that_port(begin: "Begin", port: int, method: str, path: str, status: int) -> None:
    edge = begin(metrics_port=port)
    assert httpx.request(method, f"http://127.0.0.1:{port}{path}").status_code == status
    assert edge.heads == []


def test_metrics_are_not_on_the_port_for_predictions(begin: "Begin", port: int) -> None:
    edge = begin(metrics_port=port)
    assert b"lading_" not in httpx.get(f"http://127.0.0.1:{edge.port}/metrics").content
    assert len(edge.heads) == 1, "the path is the replicas' there, and they have none"


def test_metrics_have_a_time_of_their_own_however_short_requests_are(begin: "Begin", port: int) -> None:
    edge = begin(metrics_port=port, request_seconds=0.1)
    edge.hold_up(1.5)
    assert metrics(port)[of("lading_replicas")] == 1
    _, backend = metrics_sections(9, Path("/run/metrics.sock"))
    assert f"timeout server {ANSWER_SECONDS * 1000:.0f}ms" in backend


def test_a_slow_client_does_not_hold_metrics_for_ever(begin: "Begin", port: int) -> None:
    begin(metrics_port=port, header_seconds=0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(b"GET /metrics HT")
        assert client.recv(100) == b""
