"""The traces: each prediction as a span of OpenTelemetry's, its phases as spans in it, sent to a collector.

OpenTelemetry's own variables say where to, and which: ``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_TRACES_SAMPLER``.
"""

import time
from collections.abc import Sequence
from importlib.metadata import version
from threading import Thread

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from lading.runtime.protocols.head import REQUEST_ID, TRACE_PARENT, TRACE_STATE
from lading.runtime.protocols.witness import Ended, Phase

SEND_MILLISECONDS = 1000
"""How often spans are sent; a replica that ends at once takes along those that were not."""
PATIENCE_SECONDS = 2.0
"""How long the last spans may take to be sent."""
FAILED = 500
"""From this status on it is the server that failed."""


class Traces:
    """A witness that makes spans of what it sees, in the replica of ``slot``. A thread sends them; nobody waits for it."""

    def __init__(self, slot: str) -> None:
        self._provider = TracerProvider(resource=_resource(slot), shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=SEND_MILLISECONDS)
        )
        self._tracer = self._provider.get_tracer("lading", version("lading"))
        self._propagator = TraceContextTextMapPropagator()

    def saw(self, ended: Ended) -> None:
        """Make the spans of a request, in the trace that its ``traceparent`` names."""
        began = time.time_ns() - (time.perf_counter_ns() - ended.started)
        carrier = {name.decode(): ended.head[name].decode("latin-1") for name in _CARRIED if name in ended.head}
        context = self._propagator.extract(carrier)
        span = self._tracer.start_span(
            f"predict {ended.model.name}", context, SpanKind.SERVER, _attributes(ended), start_time=began
        )
        if span.is_recording():
            if ended.answered is not None:
                self._add_phases(span, began, ended.answered.phases)
            if ended.status >= FAILED:
                span.set_status(StatusCode.ERROR)
        span.end(began + ended.ended - ended.started)

    def close(self) -> None:
        """Send what waits, as far as that goes quickly, and no more."""
        closing = Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(PATIENCE_SECONDS)

    def _add_phases(self, span: Span, began: int, phases: Sequence[Phase]) -> None:
        context = set_span_in_context(span)
        for name, nanoseconds in phases:
            phase = self._tracer.start_span(name, context, start_time=began)
            began += nanoseconds
            phase.end(began)


_CARRIED = (TRACE_PARENT, TRACE_STATE)


def _resource(slot: str) -> Resource:
    """Who sends: by the name in ``OTEL_SERVICE_NAME``, or as ``lading``."""
    found = Resource.create({SERVICE_INSTANCE_ID: slot})
    named = not str(found.attributes[SERVICE_NAME]).startswith("unknown_service")
    return found if named else found.merge(Resource({SERVICE_NAME: "lading"}))


def _attributes(ended: Ended) -> dict[str, str | int]:
    model = ended.model
    found: dict[str, str | int] = {
        "lading.deployment": model.name,
        "lading.version": model.version,
        "lading.digest": model.digest,
        "lading.request": ended.head.get(REQUEST_ID, b"").decode("latin-1"),
        "http.response.status_code": ended.status,
    }
    return found if ended.answered is None else found | {"lading.rows": ended.answered.question.rows}
