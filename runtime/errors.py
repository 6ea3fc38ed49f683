"""Errors that a request is answered with; each owns its HTTP status."""

import math
from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

from lading.core.errors import UsageError, cut

SHOWN = 100
"""Characters of what a client sent that an error repeats at most, at each place; never more than two places."""

MOST_PARTS = 8
DEEPEST = 3
"""How much of a list an error looks at."""


class RequestError(UsageError):
    """A request cannot be answered as it was sent."""

    status: ClassVar[int] = 400

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """What the reply has beside the usual headers."""
        return ()


class MalformedRequestError(RequestError):
    """The body is not what the protocol demands; ``field`` and ``row`` say where, as far as that is known."""

    def __init__(self, problem: str, field: str | None = None, row: int | None = None) -> None:
        super().__init__(problem, field, row)
        self.problem, self.field, self.row = problem, field, row

    def __str__(self) -> str:
        return self.problem


class UnknownModelError(RequestError):
    """No deployed model answers to that name, or none of that version."""

    status = 404

    def __init__(self, name: str, version: str | None, known: tuple[str, ...]) -> None:
        super().__init__(name, version, known)
        self.name, self.version, self.known = name, version, known

    def __str__(self) -> str:
        if self.version is not None:
            found = f"model {shown(self.name)} has no version {shown(self.version)} here; deployed is"
            return f"{found} {listed(self.known)}"
        return (
            f"no model {shown(self.name)} is deployed here; {_deployed(self.known)}{suggestion(self.name, self.known)}"
        )


class UnknownPathError(RequestError):
    """Nothing answers on that path."""

    status = 404

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"nothing answers on {shown(self.path)}; GET /openapi.json lists every path"


class MethodNotAllowedError(RequestError):
    """The path answers, but not to that method."""

    status = 405

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(method, allowed)
        self.method, self.allowed = method, allowed

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Which methods it answers."""
        return ((b"allow", self.allowed.encode()),)

    def __str__(self) -> str:
        return f"this path does not answer {shown(self.method)}; it answers {self.allowed}"


class NotOfferedError(RequestError):
    """The path belongs to an extension of the protocol that this server does not offer."""

    status = 501

    def __init__(self, path: str, instead: str) -> None:
        super().__init__(path, instead)
        self.path, self.instead = path, instead

    def __str__(self) -> str:
        return f"{shown(self.path)} belongs to an extension that is not offered here: {self.instead}"


class BodyTooLargeError(RequestError):
    """The request's body is larger than this server takes."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"the body is larger than {self.limit} bytes; send the rows in several requests"


class SlowBodyError(RequestError):
    """The request's body comes too slowly."""

    status = 408

    def __init__(self, rate: int) -> None:
        super().__init__(rate)
        self.rate = rate

    def __str__(self) -> str:
        return (
            f"the body comes at less than {self.rate} bytes a second; send it faster, or the rows in several requests"
        )


class CrowdedError(RequestError):
    """The replica holds as many bytes of requests as it may."""

    status = 503

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """When to come again."""
        return ((b"retry-after", b"1"),)

    def __str__(self) -> str:
        return f"the server holds {self.limit} bytes of requests already; send the request again later"


class BrokenCodingError(RequestError):
    """The request's body is not what its content-encoding says."""

    def __init__(self, coding: str) -> None:
        super().__init__(coding)
        self.coding = coding

    def __str__(self) -> str:
        return f"the body is not one whole {self.coding} stream, as its content-encoding says; send it again"


class EncodedBodyError(RequestError):
    """The request's body is compressed in a way that is not offered."""

    status = 415

    def __init__(self, encoding: str) -> None:
        super().__init__(encoding)
        self.encoding = encoding

    def __str__(self) -> str:
        return f"the body has content-encoding {shown(self.encoding)}; send it without one"


class NotInJsonError(RequestError):
    """A tensor's datatype does not travel as JSON."""

    def __init__(self, tensor: str, datatype: str) -> None:
        super().__init__(tensor, datatype)
        self.tensor, self.datatype = tensor, datatype

    def __str__(self) -> str:
        return (
            f"tensor {shown(self.tensor)} is {self.datatype}, which does not travel as JSON; send and ask for it as "
            "binary data, or POST /models/{name}/predict, which takes and gives its values as numbers"
        )


class InfiniteAnswerError(RequestError):
    """The model answered infinity, which JSON and CSV cannot hold and which must not turn into null in silence."""

    status = 422

    def __init__(self, output: str, row: int | None) -> None:
        super().__init__(output, row)
        self.output, self.row = output, row

    def __str__(self) -> str:
        where = "" if self.row is None else f" for row {self.row}"
        found = f"the model's answer {shown(self.output)}{where} is infinite, which neither JSON nor CSV can hold"
        return f"{found}; ask for it as binary tensors, by gRPC or as Arrow, or leave that row out"


class DeadlineError(RequestError):
    """The answer was not there in time, and the model was stopped."""

    status = 504

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"the model did not answer within {self.seconds:g} s; send fewer rows in one request, or allow more time"


class OverloadedError(RequestError):
    """There is more to do than can be done in time."""

    status = 503

    def __init__(self, wait: float, allowed: float) -> None:
        super().__init__(wait, allowed)
        self.wait, self.allowed = wait, allowed

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """When to come again: once less is waiting, in whole seconds."""
        return ((b"retry-after", b"%d" % max(1, math.ceil(self.wait - self.allowed))),)

    def __str__(self) -> str:
        return f"the model has more to do than {self.allowed:g} s of work; send the request again later"


class InternalError(RequestError):
    """The server failed; the log has the reason."""

    status = 500

    def __init__(self, request: str) -> None:
        super().__init__(request)
        self.request = request

    def __str__(self) -> str:
        return f"the server failed to answer; its log has the reason under request {self.request}"


class TooMuchMemoryError(RequestError):
    """The request takes more memory than is left for it."""

    status = 413

    def __str__(self) -> str:
        return "the request takes more memory than this server has left for it; send fewer rows in one request"


class UncomputableError(RequestError):
    """The model's graph cannot compute with these values: extents that do not go together, a position that is none.

    ``reason`` is what ONNX Runtime says of it, nothing where that would show how the server is made.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        why = f": {self.reason}" if self.reason else ", where extents or positions do not go together"
        return f"the model cannot compute with these values{why}; send others"


class SeveralShapesError(RequestError):
    """The model answers the rows of a request in tensors of different shapes, which cannot be one answer."""

    status = 422

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return self.problem


def shown(value: object) -> str:
    """``value`` as an error may repeat it: much like its JSON, cut short, without control characters."""
    return cut(_text(value), SHOWN)


def suggestion(name: object, known: Iterable[str]) -> str:
    """``; did you mean …?`` where a known name is close to ``name``, else nothing."""
    close = get_close_matches(name[:SHOWN], list(known), n=1) if isinstance(name, str) else []
    return f"; did you mean {shown(close[0])}?" if close else ""


def listed(names: Iterable[str]) -> str:
    """The names, the first few of them where they are many."""
    known = [shown(name) for name in names]
    return ", ".join(known[:10]) + (", …" if len(known) > 10 else "")


def _text(value: object, depth: int = 0) -> str:
    if isinstance(value, str):
        return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in value[:SHOWN]) + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        parts = [_text(part, depth + 1) if depth < DEEPEST else "…" for part in value[:MOST_PARTS]]
        return f"[{', '.join(parts)}{', …' if len(value) > MOST_PARTS else ''}]"
    return "an object" if isinstance(value, dict) else type(value).__name__


def _deployed(known: tuple[str, ...]) -> str:
    return f"deployed are: {listed(known)}" if known else "none is deployed"
