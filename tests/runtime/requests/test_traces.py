"""A prediction is a span with its phases in it, in the trace of who asked; and nothing of the kind unless asked for."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from lading.core.settings import Settings
from lading.runtime.app import Application
from lading.runtime.deployments import Deployments
from lading.runtime.protocols.endpoint import INLINE_BYTES
from lading.runtime.requests import tracing
from lading.runtime.requests.tracing import NoTracesError, is_traced
from lading.runtime.requests.witnesses import witnesses
from tests.runtime.requests.collector import Collector, attributes, collecting

ROW = {"x0": 1, "x1": 2, "x2": 3, "x3": 4}
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
Ask = Callable[..., list[Span]]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A real collector, which OpenTelemetry's variable names."""
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        yield collector


@pytest.fixture
def deployments(bundles: dict[str, Path]) -> Deployments:
    return Deployments.load([bundles["cells"]])


@pytest.fixture
def ask(collector: Collector, deployments: Deployments) -> Ask:
    """Asks once, and returns the spans that the collector got of it."""

    def asked(body: object, path: str = "/models/cells/predict", **headers: str) -> list[Span]:
        found = witnesses(Settings(traces=True), {}, "slot7")
        app = Application(deployments, Settings(), witnesses=found)

        async def post() -> None:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                await client.post(path, json=body, headers=named)

        asyncio.run(post())
        for witness in found:
            witness.close()
        return collector.spans

    return asked


def test_a_prediction_is_a_span_whose_phases_follow_one_another(ask: Ask, deployments: Deployments) -> None:
    begun = time.time_ns()
    spans = {span.name: span for span in ask([ROW, ROW], x_request_id="r-1")}
    ended = time.time_ns()
    whole = spans.pop("predict cells")
    assert attributes(whole) == {
        "lading.deployment": "cells",
        "lading.version": "1.0.0",
        "lading.digest": deployments.get("cells").digest,
        "lading.request": "r-1",
        "lading.rows": 2,
        "http.response.status_code": 200,
    }
    assert whole.kind == Span.SPAN_KIND_SERVER
    assert begun <= whole.start_time_unix_nano <= whole.end_time_unix_nano <= ended
    phases = sorted(spans.values(), key=lambda span: span.start_time_unix_nano)
    assert [span.name for span in phases] == ["decode", "queue", "compute", "encode"]
    assert {(span.trace_id, span.parent_span_id) for span in phases} == {(whole.trace_id, whole.span_id)}
    places = [whole.start_time_unix_nano, *(span.end_time_unix_nano for span in phases)]
    assert [span.start_time_unix_nano for span in phases] == places[:-1]
    assert places[-1] == whole.end_time_unix_nano


def test_a_large_request_waits_before_it_is_read(ask: Ask) -> None:
    rows = [ROW] * (INLINE_BYTES // 20)
    phases = sorted((span for span in ask(rows) if span.parent_span_id), key=lambda span: span.start_time_unix_nano)
    assert [span.name for span in phases] == ["queue", "decode", "compute", "encode"]


def test_the_span_belongs_to_the_trace_of_who_asked(ask: Ask) -> None:
    spans = ask(ROW, traceparent=f"00-{TRACE}-{PARENT}-01", tracestate="vendor=1")
    (whole,) = (span for span in spans if span.name == "predict cells")
    assert (whole.trace_id.hex(), whole.parent_span_id.hex()) == (TRACE, PARENT)
    assert whole.trace_state == "vendor=1"


def test_what_the_asker_does_not_record_is_not_recorded(ask: Ask) -> None:
    assert ask(ROW, traceparent=f"00-{TRACE}-{PARENT}-00") == []


def test_a_traceparent_that_is_none_begins_a_trace(ask: Ask) -> None:
    (whole,) = (span for span in ask(ROW, traceparent="00-nonsense") if span.name == "predict cells")
    assert len(whole.trace_id) == 16
    assert whole.parent_span_id == b""


def test_what_is_refused_is_a_span_without_phases(ask: Ask) -> None:
    (whole,) = ask({"x0": "one"})
    assert attributes(whole)["http.response.status_code"] == 400
    assert whole.status.code == 0, "it is the client's mistake"


def test_the_service_is_lading_unless_it_has_another_name(
    ask: Ask, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(ROW)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "scoring")
    ask(ROW)
    found = [(resource["service.name"], resource["service.instance.id"]) for resource in collector.resources]
    assert found == [("lading", "slot7"), ("scoring", "slot7")]


def test_a_collector_that_is_not_there_costs_no_request(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    found = witnesses(Settings(traces=True), {}, "slot0")
    app = Application(deployments, Settings(), witnesses=found)

    async def post() -> set[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lading") as client:
            return {(await client.post("/models/cells/predict", json=ROW)).status_code for _ in range(50)}

    assert asyncio.run(post()) == {200}
    begun = time.monotonic()
    for witness in found:
        witness.close()
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    ("setting", "environment", "traced"),
    [
        (None, {}, False),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://here"}, True),
        (None, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://here"}, True),
        (True, {}, True),
        (False, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://here"}, False),
    ],
)
def test_traces_are_made_where_they_are_asked_for(
    setting: bool | None, environment: dict[str, str], traced: bool
) -> None:
    assert is_traced(Settings(traces=setting), environment) is traced
    assert len(witnesses(Settings(traces=setting), environment, "slot0")) == traced


def test_without_opentelemetry_traces_are_refused_where_they_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "NEEDED", ("opentelemetry.nothing_such",))
    with pytest.raises(NoTracesError, match=r"pip install 'lading\[traces\]'"):
        is_traced(Settings(traces=True), {})
    assert not is_traced(Settings(), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://here"})


def test_what_sends_traces_is_not_loaded_where_nobody_asks_for_traces() -> None:
    code = (
        "import sys, lading.runtime.serving.replica; print('opentelemetry.exporter' in sys.modules)"  # Ray has others
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "False"
