"""The selection: which outputs a request asks for, and in what form each is to be answered."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lading.bundles.signature import Signature
from lading.runtime.errors import MalformedRequestError, listed, shown, suggestion
from lading.runtime.protocols.classification import ClassWriter
from lading.runtime.protocols.tensors import OutputWriter


class Selection(NamedTuple):
    """What writes the outputs, in the order in which they are asked for."""

    outputs: tuple[OutputWriter, ...]
    binary: frozenset[str] = frozenset()
    """The names of those that go out as bytes."""


class Selector:
    """Reads what requests want of one model's outputs."""

    def __init__(self, signature: Signature) -> None:
        self.outputs = tuple(OutputWriter(signature, output) for output in signature.outputs)
        self._signature = signature
        self._by_name = {writer.name: writer for writer in self.outputs}
        self._described = {output.tensor.name: output for output in signature.outputs}
        self._in_json = Selection(self.outputs)
        self._in_bytes = Selection(self.outputs, frozenset(self._by_name))

    def select(self, wanted: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None) -> Selection:
        """The outputs that are ``wanted``, all where none is named; ``parameters`` are those of the whole request.

        Raises ``MalformedRequestError``.
        """
        binary = parameters is not None and truth(parameters, "binary_data_output", False, "the request")
        if not wanted:
            return self._in_bytes if binary else self._in_json
        outputs = tuple(self._writer(output) for output in wanted)
        names = [writer.name for writer in outputs]
        if len(set(names)) < len(names):
            twice = next(name for position, name in enumerate(names) if name in names[:position])
            raise MalformedRequestError(f"output {shown(twice)} is asked for twice; ask once")
        in_bytes = (name for name, output in zip(names, wanted, strict=True) if _is_binary(output, binary))
        return Selection(outputs, frozenset(in_bytes))

    def _writer(self, wanted: Mapping[str, Any]) -> OutputWriter:
        name, parameters = wanted.get("name"), wanted.get("parameters")
        if type(name) is not str or name not in self._by_name:
            close = suggestion(name, self._by_name)
            problem = f"there is no output {shown(name)}; outputs are {listed(self._by_name)}{close}"
            raise MalformedRequestError(problem)
        if parameters and "classification" in parameters:
            return ClassWriter(self._signature, self._described[name], parameters["classification"])
        return self._by_name[name]


def _is_binary(wanted: Mapping[str, Any], otherwise: bool) -> bool:
    parameters = wanted.get("parameters")
    if not parameters:
        return otherwise
    return truth(parameters, "binary_data", otherwise, f"output {shown(wanted['name'])}")


def truth(parameters: Mapping[str, Any], key: str, otherwise: bool, whose: str) -> bool:
    """The parameter ``key``, which is true or false. Raises ``MalformedRequestError``."""
    given = parameters.get(key, otherwise)
    if type(given) is not bool:
        raise MalformedRequestError(f"{whose} has {shown(given)} for its {key}, expected true or false")
    return given
