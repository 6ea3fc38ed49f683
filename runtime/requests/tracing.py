"""Tracing: whether predictions become spans of OpenTelemetry's, and whether they can."""

from collections.abc import Mapping
from importlib.util import find_spec

from lading.core.errors import UsageError
from lading.core.settings import Settings

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""OpenTelemetry's own variables for where traces go."""
NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


class NoTracesError(UsageError):
    """Traces were asked for, and OpenTelemetry is not installed."""

    def __str__(self) -> str:
        return "LADING_TRACES asks for OpenTelemetry, which is not installed; pip install 'lading[traces]'"


def is_traced(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Whether there are to be traces: as ``settings`` say, else where ``environment`` names a place for them.

    Raises ``NoTracesError`` where the settings ask for what is not installed; a place alone asks for nothing.
    """
    if settings.traces is None:
        return any(name in environment for name in ENDPOINTS) and _installed()
    if settings.traces and not _installed():
        raise NoTracesError
    return settings.traces


def _installed() -> bool:
    try:
        return all(find_spec(name) is not None for name in NEEDED)
    except ModuleNotFoundError:  # of what is around it
        return False
