"""The shortcut: a prediction that is quickly made is answered as it is read, without a task and ASGI's messages.

It holds to the private parts of uvicorn's protocol, which is why ``pyproject.toml`` bounds uvicorn's version.
"""

from functools import lru_cache
from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from lading.runtime.app import Application
from lading.runtime.protocols.endpoint import Prompt
from lading.runtime.protocols.replies import Answer, Header
from lading.runtime.serving.refusing import RefusingProtocol, head_of


class ShortcutProtocol(RefusingProtocol):
    """Uvicorn's HTTP for an ``Application``, with a shortcut for what a ``Prompt`` endpoint can answer at once.

    A request takes it when it is a plain ``POST`` over HTTP/1.1 that arrived in one piece, on a connection that stays
    and has nothing else to do. It gets the bytes that it would get the long way, in one write. Any other request, and
    any that the endpoint does not answer, is uvicorn's: it is told then what the parser said. No access log is written;
    ``limit_concurrency`` and ``root_path`` are not looked at.
    """

    _prompt: Prompt | None = None
    """The endpoint of the request that is being read."""
    _body = b""

    def on_headers_complete(self) -> None:
        """Look for a shortcut; uvicorn starts the request where there is none."""
        self._prompt = self._find()
        self._body = b""
        if self._prompt is None:
            super().on_headers_complete()
        else:
            self.headers = []  # the request's own stay in its scope, and trailers find no place there

    def on_body(self, body: bytes) -> None:
        """Keep the body; one in several pieces is uvicorn's."""
        if self._prompt is not None and self._body:
            self._go_the_long_way()
        if self._prompt is None:
            super().on_body(body)
        else:
            self._body = body

    def on_message_complete(self) -> None:
        """Answer, or have uvicorn do it."""
        prompt = self._prompt
        if prompt is None:
            super().on_message_complete()
            return
        answer = prompt.at_once(self.scope["headers"], self._body, cast(Application, self.app).settings.body_bytes)
        if answer is None:
            self._go_the_long_way()
            super().on_message_complete()
        else:
            self._prompt = None
            self.transport.write(_reply(self.server_state.default_headers, answer))
            self.on_response_complete()

    def data_received(self, data: bytes) -> None:
        """Read; a request that is not whole by now is uvicorn's, which knows how to wait for the rest."""
        super().data_received(data)
        if self._prompt is not None:
            self._go_the_long_way()

    def _find(self) -> Prompt | None:
        prompt, parser = cast(Application, self.app).prompt.get(self.url), self.parser
        plain = (
            prompt is not None
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.expect_100_continue
        )
        idle = (self.cycle is None or self.cycle.response_complete) and not self.flow.write_paused
        return prompt if plain and idle else None

    def _go_the_long_way(self) -> None:
        """Tell uvicorn what it has not heard of the request."""
        self._prompt = None
        super().on_headers_complete()
        super().on_body(self._body)


def _reply(defaults: list[Header], answer: Answer) -> bytes:
    """An answer as uvicorn writes it."""
    body, headers, status = answer
    return b"%b%b%bcontent-length: %d\r\n\r\n%b" % (
        STATUS_LINE[status],
        head_of(defaults),
        _lines(headers),
        len(body),
        body,
    )


_lines = lru_cache(256)(head_of)
"""The same few headers go out with most answers."""
