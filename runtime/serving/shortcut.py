"""The shortcut: a prediction that is quickly made is answered as it is read, without a parser, a task and ASGI's messages.

It holds to the private parts of uvicorn's protocol, which is why ``pyproject.toml`` bounds uvicorn's version.
"""

from functools import lru_cache
from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from lading.runtime.app import Application
from lading.runtime.protocols.endpoint import CHOSEN
from lading.runtime.protocols.replies import Answer, Header
from lading.runtime.serving.plain_request import plain_request
from lading.runtime.serving.refusing import RefusingProtocol, head_of


class ShortcutProtocol(RefusingProtocol):
    """Uvicorn's HTTP for an ``Application``, with a shortcut for what a ``Prompt`` endpoint can answer at once.

    A ``PlainRequest`` takes it that arrived in one piece, on a connection that has nothing else to do. It gets the bytes
    that it would get the long way, in one write. Any other request, and any that the endpoint does not answer, is
    uvicorn's. No access log is written; ``limit_concurrency`` and ``root_path`` are not looked at, and a connection on
    which nothing went the long way is not closed for being idle.
    """

    _amid = False
    """Whether uvicorn has begun to read a request, and not ended."""
    _chosen: object = None
    """Who is to answer the request that is read next, if that was decided."""

    def data_received(self, data: bytes) -> None:
        """Answer, or have uvicorn read it."""
        if self._amid or not self._is_free() or not self._answered(data):
            super().data_received(data)
            self._chosen = None

    def on_message_begin(self) -> None:
        """Note that a request is being read."""
        super().on_message_begin()
        self._amid = True
        if self._chosen is not None:
            self.scope[CHOSEN] = self._chosen  # type: ignore[literal-required]

    def on_message_complete(self) -> None:
        """Note that it is read."""
        self._amid = False
        super().on_message_complete()

    def _is_free(self) -> bool:
        return (self.cycle is None or self.cycle.response_complete) and not self.flow.write_paused

    def _answered(self, data: bytes) -> bool:
        """Whether ``data`` is a request that was answered at once."""
        request = plain_request(data)
        if request is None:
            return False
        application = cast(Application, self.app)
        prompt = application.prompt.get(request.path)
        if prompt is None:
            return False
        said = prompt.at_once(request.head, request.body, application.settings.body_bytes)
        if type(said) is not Answer:
            self._chosen = said
            return False
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self.transport.write(_reply(self.server_state.default_headers, said))
        return True


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
