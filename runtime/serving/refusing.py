"""Refusing: what uvicorn's parser takes for no request is answered in JSON, as every other error is."""

import json
from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from lading.runtime.protocols.replies import JSON_HEADERS, Header

NO_REQUEST = "this is no HTTP request; check its method, its target and its headers"


class RefusingProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP, whose own refusals would be plain text, and which would take trailers for headers."""

    def on_headers_complete(self) -> None:
        """Start the request; no header of it comes after its body."""
        super().on_headers_complete()
        self.headers = []

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, and close the connection."""
        body = json.dumps({"error": NO_REQUEST}).encode()
        head = head_of((*self.server_state.default_headers, *JSON_HEADERS, (b"connection", b"close")))
        self.transport.write(b"%b%bcontent-length: %d\r\n\r\n%b" % (STATUS_LINE[400], head, len(body), body))
        self.transport.close()


def head_of(headers: Iterable[Header]) -> bytes:
    """The headers as uvicorn writes them."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])
