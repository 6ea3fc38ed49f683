"""Invocations: MLflow's requests and answers for one model."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lading.runtime.errors import MalformedRequestError, RequestError, listed, shown
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.answers import PredictionWriter
from lading.runtime.protocols.body import parse, refuse_repeated
from lading.runtime.protocols.error_table import meaning
from lading.runtime.protocols.head import TYPE, Head
from lading.runtime.protocols.instances import InstanceReader, count_names
from lading.runtime.protocols.media import CSV, JSON, PARQUET, UnknownTypeError, sent_as
from lading.runtime.protocols.replies import Answer, Header, JsonReply, Refusal, refused, status_of, words
from lading.runtime.protocols.tables import LIMIT, Tables

TAKEN = (JSON, CSV, PARQUET)
FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
SPLIT = frozenset({"columns", "index", "data"})


class Invocation(NamedTuple):
    """A request that was read."""

    feeds: Feeds
    rows: int
    timeout: float | None = None


class InvocationsDialect:
    """Reads MLflow's requests for one model, and answers what the model's own ``predict`` gave.

    ``limit`` is how many bytes a table may take once it is decoded.
    """

    def __init__(self, model: Model, limit: int = LIMIT) -> None:
        self._instances = InstanceReader(model)
        self._writer = PredictionWriter(model.signature)
        self._tables = Tables(model, limit)

    def read(self, body: bytes, head: Head) -> Invocation:
        """The rows in ``body``: JSON in one of MLflow's four forms, CSV or Parquet.

        Raises ``UnknownTypeError``, ``MalformedRequestError``, ``FieldError`` and what ``Tables.read`` raises.
        """
        media, parameters = sent_as(head)
        if media not in TAKEN or parameters not in ({}, {"charset": "utf-8"}):
            raise UnknownTypeError(head.get(TYPE, b"").decode("latin-1"), TAKEN)
        if media == JSON:
            return Invocation(*self._json(body))
        feeds = self._tables.read(body, media)
        return Invocation(feeds, len(next(iter(feeds.values()))))

    def write(self, question: Invocation, outputs: Feeds) -> Answer:
        """A prediction for each row, in their order. Raises ``InfiniteAnswerError``."""
        return Answer(b'{"predictions":[%b]}' % b",".join(self._writer.rows(outputs)))

    def _json(self, body: bytes) -> tuple[Feeds, int]:
        document = parse(body)
        if type(document) is not dict:
            raise MalformedRequestError(f"the body is {shown(document)}; send an object with one of {listed(FORMS)}")
        refuse_repeated(body, document, count_names(document))
        given = _only_form(document)
        value = document[given]
        if given == "dataframe_split":
            return self._split(value)
        if given == "dataframe_records" and (type(value) is not list or not set(map(type, value)) <= {dict}):
            raise MalformedRequestError(f"dataframe_records is {shown(value)}; send a list of objects")
        if given == "instances" and type(value) is not list:
            raise MalformedRequestError(f"instances is {shown(value)}; send a list of rows")
        return self._instances.read(value, given)

    def _split(self, given: object) -> tuple[Feeds, int]:
        if type(given) is not dict or not given.keys() <= SPLIT or "data" not in given:
            raise MalformedRequestError(f"dataframe_split is {shown(given)}; send an object of columns and data")
        rows, names = given["data"], given.get("columns")
        if type(rows) is not list:
            raise MalformedRequestError(f"the data of dataframe_split is {shown(rows)}; send a list of rows")
        if names is None:
            return self._instances.rows(rows), len(rows)
        if type(names) is not list:
            raise MalformedRequestError(f"the columns of dataframe_split are {shown(names)}; send a list of names")
        return self._instances.named(names, rows), len(rows)


def _only_form(document: Mapping[str, Any]) -> str:
    """The one form in which rows are given; raises ``MalformedRequestError`` for none, several, and all else."""
    if document.get("params") not in (None, {}):
        raise MalformedRequestError(f"params is {shown(document['params'])}, and the model takes none; leave it out")
    given = [name for name in document if name != "params"]
    if len(given) != 1 or given[0] not in FORMS:
        found = listed(given) if given else "nothing"
        raise MalformedRequestError(f"the body has {found}; send an object with just one of {listed(FORMS)}")
    return given[0]


class TextReply(JsonReply):
    """JSON that says it is text: MLflow answers so to a body of a type that it does not take."""

    def __init__(self, document: object, status: int, headers: Iterable[Header]) -> None:
        super().__init__(document, status, headers)
        self.headers = ((b"content-type", b"text/plain; charset=utf-8"), *self.headers[1:])


def invocations_refusal(error: Refusal, headers: Iterable[Header] = ()) -> JsonReply:
    """The reply to a request that was refused: MLflow's ``error_code`` and ``message``, and ``error`` as all else has."""
    status = status_of(error)
    document = {"error_code": meaning(status).mlflow, "message": words(error), "error": words(error)}
    if status == 415:
        return TextReply(document, status, (*headers, *(error.headers if isinstance(error, RequestError) else ())))
    return refused(error, document, headers)
