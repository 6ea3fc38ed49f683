"""Predict, version 1: the requests of KServe and TensorFlow Serving for one model, and their answers."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lading.runtime.errors import MalformedRequestError, listed, shown
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.answers import PredictionWriter, TensorWriter
from lading.runtime.protocols.body import parse, refuse_repeated
from lading.runtime.protocols.head import Head
from lading.runtime.protocols.instances import InstanceReader, count_names
from lading.runtime.protocols.replies import Answer

FORMS = ("instances", "inputs")
SIGNATURE, DEFAULT = "signature_name", "serving_default"
BASE64 = "b64"


class Prediction(NamedTuple):
    """A request that was read."""

    feeds: Feeds
    rows: int
    form: str
    """``instances`` or ``inputs``."""
    timeout: float | None = None


class PredictDialect:
    """Reads requests for one model; ``style`` says whose answers are given, as ``LADING_V1_ANSWERS`` does."""

    def __init__(self, model: Model, style: str = "kserve") -> None:
        self._instances = InstanceReader(model)
        self._has_b64 = any(field.name == BASE64 for field in model.signature.fields)
        kserve, tensors = PredictionWriter(model.signature), TensorWriter(model.signature)
        self._said: Callable[[Prediction, Feeds], bytes] = (
            _as_tensorflow(tensors) if style == "tensorflow" else lambda _, outputs: _predictions(kserve.rows(outputs))
        )

    def read(self, body: bytes, head: Head) -> Prediction:
        """The rows in ``body``. Raises ``MalformedRequestError`` and ``FieldError``."""
        document = parse(body)
        if type(document) is not dict:
            raise MalformedRequestError(f"the body is {shown(document)}; send an object with one of {listed(FORMS)}")
        refuse_repeated(body, document, count_names(document))
        form = _form(document)
        given = document[form]
        if form == "instances" and type(given) is not list:
            raise MalformedRequestError(f"instances is {shown(given)}; send a list of rows")
        if b'"b64"' in body:
            given = self._decoded(given)
        feeds, rows = self._instances.read(given, form)
        return Prediction(feeds, rows, form)

    def write(self, question: Prediction, outputs: Feeds) -> Answer:
        """The answer. Raises ``InfiniteAnswerError``."""
        return Answer(self._said(question, outputs))

    def _decoded(self, given: Any) -> Any:
        """``given`` with text in place of what is written as base64; a row that has a field of that name stays one."""
        if self._has_b64 and isinstance(given, list):
            return [
                {name: _text(value) for name, value in row.items()} if isinstance(row, dict) else _text(row)
                for row in given
            ]
        return _text(given)


def _form(document: Mapping[str, Any]) -> str:
    """The one form in which rows are given; raises ``MalformedRequestError`` for none, both, and all else."""
    if document.get(SIGNATURE, DEFAULT) != DEFAULT:
        found = shown(document[SIGNATURE])
        raise MalformedRequestError(f"there is no signature {found}; the only one is {shown(DEFAULT)}")
    given = [name for name in document if name != SIGNATURE]
    if len(given) != 1 or given[0] not in FORMS:
        found = listed(given) if given else "nothing"
        raise MalformedRequestError(f"the body has {found}; send an object with just one of {listed(FORMS)}")
    return given[0]


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {BASE64} and isinstance(value[BASE64], str):
        try:
            return base64.b64decode(value[BASE64], validate=True).decode()
        except (binascii.Error, ValueError):
            raise MalformedRequestError(f"{shown(value[BASE64])} is not text in UTF-8, written as base64") from None
    return {name: _text(part) for name, part in value.items()}


def _as_tensorflow(writer: TensorWriter) -> Callable[[Prediction, Feeds], bytes]:
    def said(question: Prediction, outputs: Feeds) -> bytes:
        if question.form == "inputs":
            return b'{"outputs":%b}' % writer.columns(outputs)
        return _predictions(writer.rows(outputs))

    return said


def _predictions(rows: list[bytes]) -> bytes:
    return b'{"predictions":[%b]}' % b",".join(rows)
