"""Examples: golden rows as requests, with the answers that this server gives to them."""

from typing import NamedTuple, cast

import orjson
from pydantic import JsonValue

from lading.bundles.tensors.feeds import FieldError
from lading.runtime.errors import RequestError
from lading.runtime.model import Model
from lading.runtime.protocols.endpoint import Asked, Dialect
from lading.runtime.protocols.head import Head

MOST_ROWS = 2


class Example(NamedTuple):
    """A request and its answer."""

    request: JsonValue
    answer: JsonValue


def golden_rows(model: Model) -> list[dict[str, JsonValue]]:
    """A few golden rows as JSON objects."""
    return cast("list[dict[str, JsonValue]]", model.golden.records(model.signature)[:MOST_ROWS])


NOTHING: Head = {}


def example(model: Model, dialect: Dialect[Asked], request: JsonValue, head: Head = NOTHING) -> Example | None:
    """The request, sent with ``head``, with its answer; none where JSON cannot hold one of them."""
    try:
        question = dialect.read(orjson.dumps(request), head)
        return Example(request, orjson.loads(dialect.write(question, model.run(question.feeds)).body))
    except (RequestError, FieldError):
        return None
