"""Refusing: what uvicorn's parser takes for no request is answered in JSON, as every other error is.

It holds to the private parts of uvicorn's protocol, which is why ``pyproject.toml`` bounds uvicorn's version.
"""

import asyncio
import json
from collections.abc import Iterable, Sized

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from lading.runtime.protocols.replies import JSON_HEADERS, Header

NO_REQUEST = "this is no HTTP request; check its method, its target and its headers"


LINGER_SECONDS = 10.0
"""How long the rest of a body that was answered before its end is taken and thrown away: who sends quickly hears the
answer, who does not is cut off."""


class RefusingProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP, whose own refusals would be plain text.

    It would also take trailers for headers, wait for ever for the rest of a body that nobody reads, and read on for
    each answer while requests that it has read still wait.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; from here on, what waits is answered before more is read."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)

    def on_headers_complete(self) -> None:
        """Start the request; no header of it comes after its body."""
        super().on_headers_complete()
        self.headers = []

    def on_message_complete(self) -> None:
        """Note that the body is whole, which uvicorn does not where the answer came first."""
        super().on_message_complete()
        self.cycle.more_body = False

    def on_response_complete(self) -> None:
        """Go on to the next request; the rest of this one is waited for, but not long."""
        cycle = self.cycle
        super().on_response_complete()
        if cycle is not None and cycle.more_body:
            self.loop.call_later(LINGER_SECONDS, self._cut_off, cycle)

    def _cut_off(self, cycle: RequestResponseCycle) -> None:
        if cycle.response_complete and cycle.more_body:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, and close the connection."""
        body = json.dumps({"error": NO_REQUEST}).encode()
        head = head_of((*self.server_state.default_headers, *JSON_HEADERS, (b"connection", b"close")))
        self.transport.write(b"%b%bcontent-length: %d\r\n\r\n%b" % (STATUS_LINE[400], head, len(body), body))
        self.transport.close()


class _Flow(FlowControl):
    """Uvicorn's, which reads no more of a connection while requests of it wait in ``pipeline``."""

    def __init__(self, transport: asyncio.Transport, pipeline: Sized) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        """Read on, where nothing waits."""
        if self.read_paused and not self._pipeline:
            super().resume_reading()


def head_of(headers: Iterable[Header]) -> bytes:
    """The headers as uvicorn writes them."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])
