"""Metrics: how the server is doing, as text for Prometheus."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from lading.runtime.serving.drift_metrics import drift_families
from lading.runtime.serving.edge import Edge
from lading.runtime.serving.edge_configuration import BACKEND
from lading.runtime.serving.edge_counts import Counts, edge_counts
from lading.runtime.serving.losses import Losses
from lading.runtime.serving.prediction_metrics import prediction_metrics
from lading.runtime.serving.shadow_metrics import shadow_metrics
from lading.runtime.serving.standing import read_shadows
from lading.runtime.serving.tally_files import read_ledgers
from lading.runtime.tallies import totals

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"


class Metrics:
    """The metrics of a server: of its ``edge``, and of the replicas in its run folder ``run``.

    ``replicas`` is how many there should be, ``certificate`` the file of the one that the edge shows, ``losses`` knows
    of replicas that died, ``lost`` counts the lines of the log that found no room.
    """

    media_type = CONTENT_TYPE_LATEST

    def __init__(
        self,
        run: Path,
        edge: Edge,
        replicas: int,
        certificate: Path | None,
        losses: Losses,
        lost: Callable[[], int],
    ) -> None:
        self._run, self._edge, self._replicas = run, edge, replicas
        self._certificate, self._losses, self._lost = certificate, losses, lost

    async def text(self) -> bytes:
        """The metrics in Prometheus' own format; raises ``OSError`` while the edge is being started again."""
        counts = await edge_counts(self._edge.control, BACKEND)
        models = await asyncio.to_thread(self._models, counts)
        return generate_latest(_Snapshot([*self._families(counts), *models]))

    async def up(self) -> int:
        """How many replicas requests are sent to; none while the edge is being started again."""
        try:
            return await self._edge.replicas()
        except OSError:
            return 0

    def _models(self, counts: Counts) -> Sequence[Metric]:
        """The metrics of the models; what is under way, and drift, are of the replicas that requests are sent to."""
        ledgers = read_ledgers(self._run)
        up = [slot for slot, found in counts.up.items() if found]
        running = [ledgers[slot] for slot in up if slot in ledgers]
        predictions = prediction_metrics(totals(ledgers.values()), totals(running))
        return [*predictions, *shadow_metrics(read_shadows(self._run)), *drift_families(self._run, up)]

    def _families(self, counts: Counts) -> Iterator[Metric]:
        yield from _edge_metrics(counts)
        yield _gauge("lading_replicas", "Replicas that there should be.", self._replicas)
        yield _counter(
            "lading_replica_restarts",
            "Replicas that died, each of which a fresh one replaced.",
            (),
            [((), self._losses.count)],
        )
        yield _counter(
            "lading_log_lines_dropped",
            "Lines of the server's and the replicas' log that found no room.",
            (),
            [((), self._lost())],
        )
        if self._certificate is not None:
            from lading.runtime.serving.certificates import certificate_ends  # loads cryptography

            ends = certificate_ends(self._certificate)
            yield _gauge("lading_certificate_ends_seconds", "When the server's certificate ends, in Unix time.", ends)


@asynccontextmanager
async def serve_metrics(metrics: Metrics, socket: Path) -> AsyncIterator[None]:
    """Answer with ``metrics`` what the edge passes on to ``socket``, which is nothing but what asks for them."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.LimitOverrunError):
            await reader.readuntil(b"\r\n\r\n")
            body = await metrics.text()
            writer.write(HEAD % (metrics.media_type.encode(), len(body)) + body)
            await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(answer, socket):
        yield


class _Snapshot(Collector):
    """Metrics as they were found, once."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _edge_metrics(counts: Counts) -> Iterator[Metric]:
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
    yield _gauge("lading_replicas_up", "Replicas that requests are sent to.", sum(counts.up.values()))
    up = GaugeMetricFamily(
        "lading_replica_up", "Whether a slot has a replica that requests are sent to.", labels=["slot"]
    )
    for slot, found in counts.up.items():
        up.add_metric([slot], found)
    yield up


def _counter(name: str, words: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], int]]) -> Metric:
    family = CounterMetricFamily(name, words, labels=labels)
    for found, value in values:
        family.add_metric(found, value)
    return family


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)
