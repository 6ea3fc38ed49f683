"""Metrics: how the server is doing, as text for Prometheus."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from lading.runtime.serving.drift_metrics import drift_families
from lading.runtime.serving.edge import Edge
from lading.runtime.serving.edge_configuration import BACKEND
from lading.runtime.serving.edge_counts import Counts, edge_counts

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"


@asynccontextmanager
async def serve_metrics(edge: Edge, replicas: int, certificate: Path | None) -> AsyncIterator[None]:
    """Answer what the edge passes on of its port for metrics, which is nothing but what asks for them.

    ``replicas`` is how many there should be, ``certificate`` the file of the one that the edge shows.
    """
    folder = edge.metrics_socket.parent

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.LimitOverrunError):
            await reader.readuntil(b"\r\n\r\n")
            body = metrics_text(await edge_counts(edge.control, BACKEND), replicas, certificate, folder)
            writer.write(HEAD % (CONTENT_TYPE_LATEST.encode(), len(body)) + body)
            await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(answer, edge.metrics_socket):
        yield


def metrics_text(counts: Counts, replicas: int, certificate: Path | None, folder: Path) -> bytes:
    """The metrics in Prometheus' own format; ``folder`` is the one of the replicas' slots."""
    up = [slot for slot, found in counts.up.items() if found]
    return generate_latest(_Snapshot([*_families(counts, replicas, certificate), *drift_families(folder, up)]))


class _Snapshot(Collector):
    """Metrics as they were found, once."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(counts: Counts, replicas: int, certificate: Path | None) -> Iterator[Metric]:
    yield _counter(
        "lading_requests",
        "Requests that were answered, by the name of the API key and the class of the status.",
        ("key", "status"),
        [((key, f"{hundreds}xx"), value) for (key, hundreds), value in counts.answered.items()],
    )
    yield _counter(
        "lading_requests_refused",
        "Requests that were refused, by the name of the API key and the reason.",
        ("key", "reason"),
        counts.refused.items(),
    )
    yield _counter(
        "lading_access_log_lines_dropped", "Lines of the access log that found no room.", (), [((), counts.dropped)]
    )
    yield _gauge("lading_connections", "Connections of clients that are open.", counts.connections)
    yield _gauge("lading_requests_in_flight", "Requests that a replica has, or that wait for one.", counts.in_flight)
    yield _gauge("lading_requests_queued", "Requests that wait for a replica.", counts.queued)
    yield _gauge("lading_replicas", "Replicas that there should be.", replicas)
    yield _gauge("lading_replicas_up", "Replicas that requests are sent to.", sum(counts.up.values()))
    up = GaugeMetricFamily(
        "lading_replica_up", "Whether a slot has a replica that requests are sent to.", labels=["slot"]
    )
    for slot, found in counts.up.items():
        up.add_metric([slot], found)
    yield up
    if certificate is not None:
        from lading.runtime.serving.certificates import certificate_ends  # loads cryptography

        ends = certificate_ends(certificate)
        yield _gauge("lading_certificate_ends_seconds", "When the server's certificate ends, in Unix time.", ends)


def _counter(name: str, words: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], int]]) -> Metric:
    family = CounterMetricFamily(name, words, labels=labels)
    for found, value in values:
        family.add_metric(found, value)
    return family


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)
