"""Named fields: predictions asked with the fields by name, a row as an object, and answered by meaning."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import JsonValue
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from lading.bundles.tensors.feeds import FieldError
from lading.core.errors import cut
from lading.core.settings import Settings
from lading.runtime.deployments import Deployments
from lading.runtime.errors import SHOWN, InfiniteAnswerError, MalformedRequestError, RequestError, shown
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.answers import AnswerWriter
from lading.runtime.protocols.body import parse, refuse_repeated
from lading.runtime.protocols.endpoint import Endpoint
from lading.runtime.protocols.examples import example, golden_rows
from lading.runtime.protocols.head import ACCEPT, TYPE, Head
from lading.runtime.protocols.media import (
    FORMATS,
    JSON,
    JSON_ANSWERS,
    JSON_BODIES,
    UnknownTypeError,
    sent_as,
    tables_are_read,
    wanted_as,
)
from lading.runtime.protocols.operations import ANY_ERROR, FIELD_ERROR, PREDICTING, answered, prediction, refusals
from lading.runtime.protocols.pieces import LARGE_BYTES, joined, rows_in_pieces
from lading.runtime.protocols.replies import Answer, Header, JsonReply, Refusal, refused, words
from lading.runtime.protocols.rows import RowReader
from lading.runtime.protocols.schemas import BYTES, Schema, answer_schema, row_schema
from lading.runtime.protocols.tables import LIMIT, Tables

PATH = "/models/{name}/predict"

TAKEN = (JSON, *FORMATS)
"""The media types of bodies."""

CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})


class Rows(NamedTuple):
    """Rows that were asked for."""

    feeds: Feeds
    rows: int
    single: bool
    """Whether one row came as an object, and one answer goes back as an object."""
    form: str = JSON
    """The media type of the answer."""
    timeout: float | None = None


class NamedFieldsDialect:
    """Reads rows of named fields for one model, as JSON or as a table, and writes answers by meaning.

    ``limit`` is how many bytes a table may take once it is decoded.
    """

    def __init__(self, model: Model, limit: int = LIMIT) -> None:
        self._reader = RowReader(model.signature, model.encoder)
        self._writer = AnswerWriter(model.signature)
        self._tables = Tables(model, limit)

    def read(self, body: bytes, head: Head) -> Rows:
        """The rows in ``body``: an object, a list of objects, or a table."""
        form = JSON if head.get(ACCEPT) in JSON_ANSWERS else wanted_as(head, offered())
        if head.get(TYPE) in JSON_BODIES:
            return self._objects(body, form)
        media, parameters = sent_as(head)
        if parameters.get("charset", "utf-8") not in CHARSETS or parameters.get("header") == "absent":
            raise UnknownTypeError(head[TYPE].decode("latin-1"), TAKEN)
        if media in FORMATS:
            feeds = self._tables.read(body, media)
            return Rows(feeds, len(next(iter(feeds.values()))), False, form)
        if media.encode() in JSON_BODIES:
            return self._objects(body, form)
        raise UnknownTypeError(head[TYPE].decode("latin-1"), TAKEN)

    def _objects(self, body: bytes, form: str) -> Rows:
        if len(body) >= LARGE_BYTES and (read := self._in_pieces(body)) is not None:
            return Rows(*read, False, form)
        rows, single = _parsed(body)
        try:
            return Rows(self._reader.read(rows), len(rows), single, form)
        except FieldError as error:
            raise FieldError(error.field, None if single else error.row, error.problem) from None

    def _in_pieces(self, body: bytes) -> tuple[Feeds, int] | None:
        """The rows of a large list, and how many there are; None where anything is wrong, or it is none."""
        feeds, count = list[Feeds](), 0
        try:
            for piece in rows_in_pieces(body):
                rows, _ = _parsed(piece)
                if not rows:
                    return None
                feeds.append(self._reader.read(rows))
                count += len(rows)
            return (joined(feeds), count) if feeds else None
        except (RequestError, FieldError, ValueError):  # it is found, and told, where the body is read whole
            return None

    def write(self, question: Rows, outputs: Feeds) -> Answer:
        """An answer for each row, in their order; an object for an object, a list for a list, or a table."""
        if question.form != JSON:
            return self._tables.write(outputs, question.form)
        try:
            rows = self._writer.rows(outputs)
        except InfiniteAnswerError as error:
            raise InfiniteAnswerError(error.output, None if question.single else error.row) from None
        return Answer(rows[0] if question.single else b"[" + b",".join(rows) + b"]")


class NamedFields:
    """``POST /models/{name}/predict``."""

    name = "named_fields"

    def __init__(self, settings: Settings) -> None:
        self._limit = settings.body_bytes

    def hot(self, deployments: Deployments) -> Mapping[str, ASGIApp]:
        """An endpoint for each model."""
        return {
            PATH.format(name=model.name): Endpoint(model, NamedFieldsDialect(model, self._limit), placed_refusal)
            for model in deployments
        }

    def routes(self, deployments: Deployments) -> Sequence[BaseRoute]:
        """What is left is a model that nobody deployed."""

        async def unknown(request: Request) -> Any:
            deployments.get(request.path_params["name"])

        return [Route(PATH, unknown, methods=["POST"])]

    def paths(self, deployments: Deployments) -> Mapping[str, JsonValue]:
        """One path for each model, with its true fields."""
        return {PATH.format(name=model.name): {"post": _operation(model)} for model in deployments}


def offered() -> tuple[str, ...]:
    """The media types of answers."""
    return TAKEN if tables_are_read() else (JSON,)


def placed_refusal(error: Refusal, headers: Iterable[Header] = ()) -> JsonReply:
    """The reply to a request that was refused, with ``field`` and ``row`` where they are known."""
    field, row = getattr(error, "field", None), getattr(error, "row", None)
    place = {"field": None if field is None else cut(field, SHOWN), "row": row}
    known = {name: value for name, value in place.items() if value is not None}
    return refused(error, {"error": words(error), **known}, headers)


def _operation(model: Model) -> Schema:
    """What OpenAPI says of one model's predictions."""
    row, answer = row_schema(model.name, model.signature), answer_schema(model.name, model.signature)
    rows, dialect = golden_rows(model), NamedFieldsDialect(model)
    found = {"one row": example(model, dialect, rows[0]) if rows else None, "rows": example(model, dialect, list(rows))}
    examples = {name: made for name, made in found.items() if made is not None}
    requests: Schema = {name: {"value": made.request} for name, made in examples.items()}
    answers: Schema = {name: {"value": made.answer} for name, made in examples.items()}
    made = prediction(
        f"predict_{model.name}",
        model.name,
        f"Predict with {model.manifest.deployment}, the fields by name",
        {JSON: {"schema": _one_or_many(row), "examples": requests}, **_tables()},
        answered(
            "The answer to each row, in their order.",
            {JSON: {"schema": _one_or_many(answer), "examples": answers}, **_tables()},
        ),
        refusals(FIELD_ERROR, 400, 406, 415, 422, digest=True) | refusals(ANY_ERROR, *PREDICTING, digest=True),
    )
    description = (
        "One row as an object gets one answer; a list of rows gets a list of answers. Tables have a column for each "
        "field, by its name, and get a row for each row."
    )
    return made | {"description": description}


def _tables() -> Schema:
    """The tables that are read and written, none of which JSON Schema can describe."""
    return {media: {"schema": BYTES} for media in offered() if media != JSON}


def _one_or_many(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


def _parsed(body: bytes) -> tuple[list[dict[str, Any]], bool]:
    """The rows in ``body``, and whether it is one as an object. Raises ``MalformedRequestError``."""
    document = parse(body)
    single = type(document) is dict
    rows = [document] if single else _listed(document)
    refuse_repeated(body, document, sum(map(len, rows)))
    return rows, single


def _listed(document: object) -> list[dict[str, object]]:
    if not isinstance(document, list):
        raise MalformedRequestError(f"the body is {shown(document)}; send one row as an object, or rows as a list")
    for number, row in enumerate(document):
        if type(row) is not dict:
            raise MalformedRequestError(f"row {number} is {shown(row)}; send each row as an object", row=number)
    return document
