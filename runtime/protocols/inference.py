"""Inference: a V2 request as the tensors of one model, and the model's tensors as a V2 response."""

import itertools
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from lading.runtime.errors import BinaryBodyError, MalformedRequestError, listed, shown, suggestion
from lading.runtime.model import Feeds, Model
from lading.runtime.protocols.body import parse, refuse_repeated
from lading.runtime.protocols.head import BINARY_LENGTH, Head
from lading.runtime.protocols.inputs import FrameInputs, GraphInputs
from lading.runtime.protocols.replies import Answer
from lading.runtime.protocols.tensors import OutputWriter

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


class InferenceDialect:
    """Reads V2 requests for one model, and writes V2 responses."""

    def __init__(self, model: Model) -> None:
        self.inputs: FrameInputs | GraphInputs = (
            FrameInputs(model) if model.signature.form == "frame" else GraphInputs(model)
        )
        self.outputs = tuple(OutputWriter(model.signature, output) for output in model.signature.outputs)
        self._by_name = {output.name: output for output in self.outputs}
        named = orjson.dumps(model.name), orjson.dumps(model.version)
        self._start = b'{"model_name":%b,"model_version":%b,"id":' % named

    def read(self, body: bytes, head: Head) -> Inference:
        """The request in ``body``. Raises ``MalformedRequestError``, ``BinaryBodyError`` and ``FieldError``."""
        if BINARY_LENGTH in head:
            raise BinaryBodyError
        document = parse(body)
        if type(document) is not dict:
            raise MalformedRequestError(f"the body is {shown(document)}, expected an object with inputs")
        given = _objects(document, "inputs")
        wanted = _objects(document, "outputs") if document.get("outputs") else []
        refuse_repeated(body, document, _names(document, given, wanted))
        feeds, rows = self.inputs.read(given)
        return Inference(feeds, rows, _id(document.get("id")), self._selected(wanted), _timeout(document))

    def write(self, question: Inference, outputs: Feeds) -> Answer:
        """The response, with the outputs that were asked for in the order in which they were."""
        parts = b",".join([writer.write(outputs[writer.name]) for writer in question.outputs])
        return Answer(b'%b%b,"outputs":[%b]}' % (self._start, question.id, parts))

    def _selected(self, wanted: Sequence[Mapping[str, Any]]) -> tuple[OutputWriter, ...]:
        if not wanted:
            return self.outputs
        found = tuple(self._output(output.get("name"), output.get("parameters")) for output in wanted)
        for position, output in enumerate(found):
            if output in found[:position]:
                raise MalformedRequestError(f"output {shown(output.name)} is asked for twice; ask once")
        return found

    def _output(self, name: object, parameters: object) -> OutputWriter:
        if type(name) is not str or name not in self._by_name:
            close = suggestion(name, self._by_name)
            problem = f"there is no output {shown(name)}; outputs are {listed(self._by_name)}{close}"
            raise MalformedRequestError(problem)
        if isinstance(parameters, dict) and "classification" in parameters:
            raise MalformedRequestError("the classification extension is not offered; ask for the output itself")
        return self._by_name[name]


def _objects(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = document.get(key)
    if type(found) is not list or any(type(item) is not dict for item in found):
        problem = f"has {shown(found)} for its {key}" if key in document else f"has no {key}"
        raise MalformedRequestError(f"the request {problem}, expected a list of objects")
    return found


def _names(document: Mapping[str, Any], *parts: Sequence[Mapping[str, Any]]) -> int:
    """How many names all objects of a request say, where parameters are one level deep."""
    objects = [document, *(item for part in parts for item in part)]
    parameters = [item["parameters"] for item in objects if type(item.get("parameters")) is dict]
    return sum(map(len, objects)) + sum(map(len, parameters))


def _timeout(document: Mapping[str, Any]) -> float | None:
    """The seconds of the parameter ``timeout``, which counts microseconds; as in Triton, 0 is as if it were not there."""
    parameters = document.get("parameters")
    given = parameters.get("timeout") if type(parameters) is dict else None
    if given is None or given == 0:
        return None
    if type(given) is not int or given < 0:
        raise MalformedRequestError(f"the parameter timeout is {shown(given)}, expected microseconds as an integer")
    return given / 1e6


def _id(given: object) -> bytes:
    if given is None:
        return b'"%b-%d"' % (_START, next(_COUNT))
    if type(given) is not str:
        raise MalformedRequestError(f"the request has {shown(given)} for its id, expected text")
    return orjson.dumps(given)
