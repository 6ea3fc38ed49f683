"""Inference: a V2 request as the tensors of one model, and the model's tensors as a V2 response."""

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from lading.bundles.tensors.feeds import FieldError
from lading.runtime.drift.warning import warnings_json
from lading.runtime.errors import MalformedRequestError, RequestError, shown
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.binary_body import cut, hand_out, raw_request
from lading.runtime.protocols.body import parse, refuse_repeated
from lading.runtime.protocols.head import BINARY_LENGTH, Head
from lading.runtime.protocols.inputs import FrameInputs, GraphInputs
from lading.runtime.protocols.pieces import LARGE_BYTES, numbers_apart, put_back
from lading.runtime.protocols.recurring import LONGEST, Around, Recurring
from lading.runtime.protocols.recurring_data import recurring_data
from lading.runtime.protocols.replies import BINARY_HEADERS, Answer
from lading.runtime.protocols.selection import Selector, truth
from lading.runtime.protocols.tensors import OutputWriter

OBJECT = frozenset({dict})

_START = os.urandom(6).hex().encode()
_COUNT = itertools.count(1)


class Inference(NamedTuple):
    """A request that was read."""

    feeds: Feeds
    rows: int
    id: bytes
    """As JSON."""
    outputs: tuple[OutputWriter, ...]
    timeout: float | None = None
    binary: frozenset[str] = frozenset()
    """The names of the outputs that go out as bytes."""
    warned: bool = False
    """Whether the response tells what is not like the training data."""


class _Known(NamedTuple):
    """What a request asks, but for the values of its inputs."""

    id: bytes | None
    rows: int
    read: Callable[[Any], Feeds | None]
    """What makes feeds of its values: of lists, or of the bytes behind it."""
    outputs: tuple[OutputWriter, ...]
    timeout: float | None
    binary: frozenset[str]
    warned: bool

    def of(self, values: Sequence[bytes] | memoryview) -> Inference | None:
        """The request with these ``values``; None where they have to be looked at."""
        feeds = self.read(values)
        if feeds is None:
            return None
        id_ = _id(None) if self.id is None else self.id
        return Inference(feeds, self.rows, id_, self.outputs, self.timeout, self.binary, self.warned)


class InferenceDialect:
    """Reads V2 requests for one model, and writes V2 responses."""

    def __init__(self, model: Model) -> None:
        self.inputs: FrameInputs | GraphInputs = (
            FrameInputs(model) if model.signature.form == "frame" else GraphInputs(model)
        )
        self._selector = Selector(model.signature)
        self.outputs = self._selector.outputs
        named = orjson.dumps(model.name), orjson.dumps(model.version)
        self._columns = model.observed.columns
        self._start = b'{"model_name":%b,"model_version":%b,"id":' % named
        self._data = recurring_data(self.inputs)
        self._texts: Recurring[Around, _Known] = Recurring(self._around_lists)
        self._heads: Recurring[bytes, _Known] = Recurring(self._before_bytes)

    def read(self, body: bytes, head: Head) -> Inference:
        """The request in ``body``. Raises ``MalformedRequestError`` and ``FieldError``."""
        length, data = head.get(BINARY_LENGTH), None
        if length is not None:
            text, data = cut(body, length)
            if not text:
                return self.question(raw_request(self.inputs.specs, body))
            if (question := self._with_bytes(text, data)) is not None:
                return question
            body = text
        elif (question := self._in_pieces(body) if len(body) >= LARGE_BYTES else self._with_lists(body)) is not None:
            return question
        document, given, wanted = _parsed(body)
        if data is not None:
            hand_out(data, given)
        return self._question(document, given, wanted)

    def _with_lists(self, body: bytes) -> Inference | None:
        """The request in ``body``, where all but the lists of its values is known."""
        if self._data is None or (parts := self._data.apart(body)) is None:
            return None
        around, lists = parts
        known = self._texts.known(around)
        return None if known is None else known.of(lists)

    def _with_bytes(self, text: bytes, data: memoryview) -> Inference | None:
        """The request of ``text`` and ``data``, where its text is known."""
        if self._data is None or len(text) > LONGEST or (known := self._heads.known(text)) is None:
            return None
        return known.of(data)

    def _around_lists(self, around: Around) -> _Known | None:
        """What requests ask that have lists in this text; other texts in their place show what they are."""
        if self._data is None:
            return None
        text, marks = self._data.joined(around)
        document, given, wanted = _parsed(text)
        texts = self._data.texts(given, marks)
        return None if texts is None else self._known(document, wanted, *texts)

    def _before_bytes(self, text: bytes) -> _Known | None:
        """What requests ask that have this text before the bytes of their inputs."""
        if self._data is None:
            return None
        document, given, wanted = _parsed(text)
        parts = self._data.parts(given)
        return None if parts is None else self._known(document, wanted, *parts)

    def _known(
        self,
        document: Mapping[str, Any],
        wanted: Sequence[Mapping[str, Any]],
        rows: int,
        read: Callable[[Any], Feeds | None],
    ) -> _Known:
        empty = self._asked(document, wanted, {}, rows)
        id_ = None if document.get("id") is None else empty.id
        return _Known(id_, rows, read, empty.outputs, empty.timeout, empty.binary, empty.warned)

    def _in_pieces(self, body: bytes) -> Inference | None:
        """The request in a large ``body``; None where there are no long lists of numbers, or anything is wrong."""
        text, numbers = numbers_apart(body)
        if not numbers:
            return None
        try:
            document, given, wanted = _parsed(text)
            return self._question(document, given, wanted) if put_back(given, numbers) else None
        except (RequestError, FieldError):  # it is found, and told, where the body is read whole
            return None

    def question(self, document: Mapping[str, Any]) -> Inference:
        """What ``document``, which is like a request's JSON, asks; its tensors' data may also be bytes and arrays.

        Raises ``MalformedRequestError`` and ``FieldError``.
        """
        return self._question(document, document["inputs"], document.get("outputs", ()))

    def write(self, question: Inference, outputs: Feeds) -> Answer:
        """The response, with the outputs that were asked for in the order in which they were."""
        if question.binary:
            return self._write_binary(question, outputs)
        parts = b",".join([writer.write(outputs[writer.name]) for writer in question.outputs])
        return Answer(self._json(question, parts))

    def _write_binary(self, question: Inference, outputs: Feeds) -> Answer:
        parts, data = [], []
        for writer in question.outputs:
            values = outputs[writer.name]
            if writer.name in question.binary:
                part, packed = writer.write_binary(values)
                data.append(packed)
            else:
                part = writer.write(values)
            parts.append(part)
        text = self._json(question, b",".join(parts))
        return Answer(b"".join((text, *data)), (*BINARY_HEADERS, (BINARY_LENGTH, b"%d" % len(text))))

    def _json(self, question: Inference, parts: bytes) -> bytes:
        told = b"" if not question.warned else b',"parameters":{"warnings":%b}' % orjson.dumps(self.warnings(question))
        return b'%b%b%b,"outputs":[%b]}' % (self._start, question.id, told, parts)

    def warnings(self, question: Inference) -> str:
        """What in the request is not like the training data, as JSON."""
        return warnings_json(self._columns, question.feeds)

    def _question(
        self, document: Mapping[str, Any], given: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]
    ) -> Inference:
        return self._asked(document, wanted, *self.inputs.read(given))

    def _asked(
        self, document: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]], feeds: Feeds, rows: int
    ) -> Inference:
        parameters = document.get("parameters")
        outputs, binary = self._selector.select(wanted, parameters)
        warned = parameters is not None and truth(parameters, "warnings", False, "the request")
        return Inference(feeds, rows, _id(document.get("id")), outputs, _timeout(parameters), binary, warned)


def _parsed(body: bytes) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """The request in ``body``, its inputs and its outputs. Raises ``MalformedRequestError``."""
    document = parse(body)
    if type(document) is not dict:
        raise MalformedRequestError(f"the body is {shown(document)}, expected an object with inputs")
    given = _objects(document, "inputs")
    wanted = _objects(document, "outputs") if document.get("outputs") is not None else []
    refuse_repeated(body, document, _names(document, given, wanted))
    return document, given, wanted


def _objects(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = document.get(key)
    if type(found) is not list or not OBJECT.issuperset(map(type, found)):
        problem = f"has {shown(found)} for its {key}" if key in document else f"has no {key}"
        raise MalformedRequestError(f"the request {problem}, expected a list of objects")
    return found


def _names(document: Mapping[str, Any], *parts: Sequence[Mapping[str, Any]]) -> int:
    """How many names all objects of a request say, where parameters are one level deep.

    Raises ``MalformedRequestError`` for parameters that are no object.
    """
    count = _names_in(document)
    for part in parts:
        for item in part:
            count += _names_in(item)
    return count


def _names_in(item: Mapping[str, Any]) -> int:
    parameters = item.get("parameters")
    if parameters is None:
        return len(item)
    if type(parameters) is not dict:
        raise MalformedRequestError(f"the request has {shown(parameters)} for parameters, expected an object")
    return len(item) + len(parameters)


def _timeout(parameters: Mapping[str, Any] | None) -> float | None:
    """The seconds of the parameter ``timeout``, which counts microseconds; as in Triton, 0 is as if it were not there."""
    given = None if parameters is None else parameters.get("timeout")
    if given is None:
        return None
    if type(given) is not int or given < 0:
        raise MalformedRequestError(f"the parameter timeout is {shown(given)}, expected microseconds as an integer")
    return given / 1e6 if given else None


def _id(given: object) -> bytes:
    if given is None:
        return b'"%b-%d"' % (_START, next(_COUNT))
    if type(given) is not str:
        raise MalformedRequestError(f"the request has {shown(given)} for its id, expected text")
    return orjson.dumps(given)
