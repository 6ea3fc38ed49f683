"""The dialect: how one protocol asks a model rows, and reads what it answers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import orjson

from lading.loadtests.payloads.checking import AnswerError, AnswerReader
from lading.loadtests.payloads.request import MALFORMED, NOT_JSON, Answer
from lading.loadtests.payloads.rows import Row

JSON = {"content-type": "application/json"}


class Message(NamedTuple):
    """What goes over the wire."""

    body: bytes
    headers: Mapping[str, str] = JSON


class Dialect(AnswerReader, Protocol):
    """One protocol for one model."""

    title: str
    """What it is called where requests are counted."""
    path: str
    in_json: bool
    """Whether it can say no infinities."""

    def ask(self, rows: Sequence[Row]) -> Message:
        """The request for ``rows``."""
        ...

    def spoil(self, rows: Sequence[Row], generator: np.random.Generator) -> Message:
        """A request for ``rows`` that a server must refuse, in one of the ways of the protocol."""
        ...


def parsed(answer: Answer, end: int | None = None) -> dict[str, object]:
    """The JSON object that an answer is, or begins with. Raises ``AnswerError``."""
    document = parsed_any(answer.body[:end])
    if not isinstance(document, dict):
        raise AnswerError(MALFORMED)
    return document


def parsed_any(body: bytes) -> object:
    """The JSON in ``body``. Raises ``AnswerError``."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise AnswerError(NOT_JSON) from error
