"""The shortcut: a prediction that is quickly made is answered as it is read, without a parser, a task and ASGI's messages.

It holds to the private parts of uvicorn's protocol, which is why ``pyproject.toml`` bounds uvicorn's version.
"""

import asyncio
from functools import lru_cache
from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from lading.runtime.app import Application
from lading.runtime.protocols.endpoint import CHOSEN, INLINE_BYTES
from lading.runtime.protocols.replies import Answer, Header
from lading.runtime.protocols.turn import Coming, Said
from lading.runtime.serving.plain_request import plain_request
from lading.runtime.serving.refusing import RefusingProtocol, head_of

HOLD_SECONDS = 0.5
"""How long the rest of a short body may take, which the edge cuts in two where it does not fit into its buffer."""


class ShortcutProtocol(RefusingProtocol):
    """Uvicorn's HTTP for an ``Application``, with a shortcut for what a ``Prompt`` endpoint can answer at once.

    A ``PlainRequest`` takes it that arrived with its whole head, and with its body soon, on a connection that has
    nothing else to do. It gets the bytes that it would get the long way, in one write. Any other request, and any that
    the endpoint does not answer, is uvicorn's. No access log is written; ``limit_concurrency`` and ``root_path`` are
    not looked at, and a connection on which nothing went the long way is not closed for being idle.
    """

    _held = b""
    """What came of a request whose body is not whole."""
    _holding: asyncio.TimerHandle | None = None
    """Lets go of what is held in the end."""
    _amid = False
    """Whether uvicorn has begun to read a request, and not ended."""
    _chosen: object = None
    """Who is to answer the request that is read next, if that was decided."""
    _asked = b""
    """The request whose answer comes at the end of the event loop's turn."""
    _after = b""
    """What came behind it."""
    _leaving = False
    """Whether to leave once it is answered."""

    def data_received(self, data: bytes) -> None:
        """Answer, or have uvicorn read it."""
        if self._asked:
            self._after += data
            return
        if self._held:
            data, self._held = self._held + data, b""
        if self._amid or not self._is_free() or not self._answered(data):
            self._go_the_long_way(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what is held."""
        self._stop_holding()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Leave, once what was begun is answered."""
        if self._asked:
            self._leaving = True
            return
        self._let_go()
        super().shutdown()

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
        """Whether ``data`` is a request that was answered at once, or is held until it is whole."""
        request = plain_request(data)
        if request is None:
            return False
        application = cast(Application, self.app)
        prompt = application.prompt.get(request.path)
        if prompt is None:
            return False
        if request.missing:
            return self._hold(data) if request.missing + len(request.body) <= INLINE_BYTES else False
        said = prompt.at_once(request.head, request.body, application.settings.body_bytes)
        if type(said) is Coming:
            self._asked, said.say = data, self._say
        elif type(said) is Answer:
            self._reply(said)
        else:
            self._chosen = said
            return False
        if self._holding is not None:
            self._stop_holding()
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        return True

    def _reply(self, answer: Answer) -> None:
        self.transport.write(_bytes_of(self.server_state.default_headers, answer))

    def _say(self, said: Said) -> None:
        """Answer the request that was asked, and go on with what came behind it."""
        asked, after, self._asked, self._after = self._asked, self._after, b"", b""
        if self.transport.is_closing():
            return
        if type(said) is Answer:
            self._reply(said)
        else:
            self._chosen = said
            self._go_the_long_way(asked)
        if after:
            self.data_received(after)
        if self._leaving:
            self.shutdown()

    def _hold(self, data: bytes) -> bool:
        self._held = data
        if self._holding is None:
            self._holding = self.loop.call_later(HOLD_SECONDS, self._let_go)
        return True

    def _let_go(self) -> None:
        """Have uvicorn wait for the rest."""
        if self._held:
            self._go_the_long_way(self._held)

    def _stop_holding(self) -> None:
        self._held = b""
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None

    def _go_the_long_way(self, data: bytes) -> None:
        self._stop_holding()
        super().data_received(data)
        self._chosen = None


def _bytes_of(defaults: list[Header], answer: Answer) -> bytes:
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
