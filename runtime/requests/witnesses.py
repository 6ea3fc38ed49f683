"""The witnesses of a replica: the request log and the traces, where they are asked for."""

from collections.abc import Mapping
from typing import Protocol

from lading.core.settings import Settings
from lading.runtime.protocols.witness import Witness
from lading.runtime.requests.tracing import is_traced


class Closing(Witness, Protocol):
    """A witness that is told when there is nothing more to see."""

    def close(self) -> None:
        """Bring what was seen to its end, as far as that goes quickly."""
        ...


def witnesses(settings: Settings, environment: Mapping[str, str], slot: str) -> tuple[Closing, ...]:
    """Those that ``settings`` and OpenTelemetry's variables in ``environment`` ask for, in the replica of ``slot``."""
    found: list[Closing] = []
    if settings.request_log is not None:
        from lading.runtime.requests.request_log import RequestLog

        found.append(RequestLog.of(settings, settings.request_log, slot))
    if is_traced(settings, environment):
        from lading.runtime.requests.traces import Traces  # loads OpenTelemetry

        found.append(Traces(slot))
    return tuple(found)
