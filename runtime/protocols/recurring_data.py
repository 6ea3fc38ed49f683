"""Recurring data: where the values of a request's inputs lie, and what reads them where all else is known."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

import orjson

from lading.bundles.tensors.binary import DTYPES
from lading.runtime.model import Feeds
from lading.runtime.protocols.inputs import FrameInputs, GraphInput, GraphInputs, named_tensors, same_rows
from lading.runtime.protocols.json_bounds import DIGITS, LONG
from lading.runtime.protocols.pieces import MARK
from lading.runtime.protocols.recurring import LONGEST, Around, apart, numbers
from lading.runtime.protocols.tensors import check_list, described

Inputs = Sequence[Mapping[str, Any]]
"""The inputs of a request, in its order."""

LISTS = re.compile(rb'"data"[ \t\r\n]*+:[ \t\r\n]*+(\[[^\]]*+\])')
"""What may be the data of an input; what is around the lists says no more of the white space before them."""


class Texts(NamedTuple):
    """How the lists of a request are read, and the rows that they hold."""

    rows: int
    read: Callable[[Sequence[bytes]], Feeds | None]
    """None where the values have to be looked at."""


class Parts(NamedTuple):
    """The same of the bytes behind a request's JSON."""

    rows: int
    read: Callable[[memoryview], Feeds | None]


class RecurringData(Protocol):
    """The data of the requests to one model."""

    def apart(self, body: bytes) -> tuple[Around, Sequence[bytes]] | None:
        """What is around the lists of ``body`` that may be data, and the lists; None where that is much."""
        ...

    def joined(self, around: Around) -> tuple[bytes, list[str]]:
        """A request with texts in place of the lists, and the texts."""
        ...

    def texts(self, given: Inputs, marks: Sequence[str]) -> Texts | None:
        """What reads lists in place of ``marks`` in requests whose inputs are else those ``given``.

        None where something else than the marks is data. Raises ``MalformedRequestError``.
        """
        ...

    def parts(self, given: Inputs) -> Parts | None:
        """What reads the bytes behind requests whose inputs are those ``given``; None where these are not all bytes.

        Raises ``MalformedRequestError``.
        """
        ...


def recurring_data(inputs: FrameInputs | GraphInputs) -> RecurringData | None:
    """That of a model with these inputs; None where it is always looked at."""
    if isinstance(inputs, FrameInputs):
        return ColumnsData(inputs) if inputs.may_be_plain else None
    return None if inputs.sole is None else SoleData(inputs.sole)


class SoleData:
    """Of a model that has one input, which takes floats as they are."""

    def __init__(self, sole: GraphInput) -> None:
        self._sole, self._specs = sole, [sole.spec]

    def apart(self, body: bytes) -> tuple[Around, Sequence[bytes]] | None:
        """What is around the first list that may be the data, and the list."""
        return apart(body)

    def joined(self, around: Around) -> tuple[bytes, list[str]]:
        """A request with a text in place of the list."""
        before, after = around
        return b'%b"%b"%b' % (before, MARK.encode(), after), [MARK]

    def texts(self, given: Inputs, marks: Sequence[str]) -> Texts | None:
        """What reads a list in place of the mark."""
        tensor = self._tensor(given)
        check_list(self._sole.spec, tensor)
        rows, extents = described(self._sole.spec, tensor)
        return Texts(rows, partial(self._listed, rows, extents)) if [tensor.get("data")] == marks else None

    def parts(self, given: Inputs) -> Parts | None:
        """What reads the bytes of the input."""
        tensor = self._tensor(given)
        rows, extents = described(self._sole.spec, tensor)
        size = math.prod((rows, *extents)) * DTYPES[self._sole.spec.datatype].itemsize
        all_bytes = tensor.get("parameters") == {"binary_data_size": size} and "data" not in tensor
        return Parts(rows, partial(self._packed, rows, extents)) if all_bytes else None

    def _tensor(self, given: Inputs) -> Mapping[str, Any]:
        return named_tensors(self._specs, given)[self._sole.spec.name]

    def _listed(self, rows: int, extents: Sequence[int], lists: Sequence[bytes]) -> Feeds | None:
        values = numbers(lists[0])
        tensor = None if values is None else self._sole.from_numbers(values, rows, extents)
        return None if tensor is None else {self._sole.spec.name: tensor}

    def _packed(self, rows: int, extents: Sequence[int], data: memoryview) -> Feeds | None:
        tensor = self._sole.from_bytes(data, rows, extents)
        return None if tensor is None else {self._sole.spec.name: tensor}


class ColumnsData:
    """Of a model of a data frame, whose inputs are its fields."""

    def __init__(self, inputs: FrameInputs) -> None:
        self._inputs, self._specs = inputs, inputs.specs

    def apart(self, body: bytes) -> tuple[Around, Sequence[bytes]] | None:
        """What is around all lists that may be data, without the word before them, and the lists."""
        parts = LISTS.split(body)
        around = tuple(parts[::2])
        return None if sum(map(len, around)) > LONGEST else (around, parts[1::2])

    def joined(self, around: Around) -> tuple[bytes, list[str]]:
        """A request with a text of its own in place of each list."""
        marks = [f"{MARK} {place}" for place in range(len(around) - 1)]
        parts = [b'"data":"%b"%b' % (mark.encode(), text) for mark, text in zip(marks, around[1:], strict=True)]
        return b"".join((around[0], *parts)), marks

    def texts(self, given: Inputs, marks: Sequence[str]) -> Texts | None:
        """What reads lists in place of the marks, which are data of one input each."""
        found = named_tensors(self._specs, given)
        for spec in self._specs:
            check_list(spec, found.get(spec.name, {}))
        rows, places = self._rows(found), self._places(given)
        if [tensor.get("data") for tensor in given] != marks:
            return None
        return Texts(rows, partial(self._listed, rows, places))

    def parts(self, given: Inputs) -> Parts | None:
        """What reads the bytes of all inputs that are there."""
        rows, places = self._rows(named_tensors(self._specs, given)), self._places(given)
        sizes = [size for tensor in given if (size := _size(tensor)) is not None]
        if len(sizes) < len(given):
            return None
        ends = list(accumulate(sizes, initial=0))
        cuts = [None if place is None else slice(*ends[place : place + 2]) for place in places]
        return Parts(rows, partial(self._packed, rows, cuts, ends[-1]))

    def _listed(self, rows: int, places: Sequence[int | None], lists: Sequence[bytes]) -> Feeds | None:
        if b"".join(lists).translate(DIGITS).rfind(LONG) >= 0:  # an integer may be beyond 64 bits
            return None
        try:
            found = [orjson.loads(text) for text in lists]
        except orjson.JSONDecodeError:
            return None
        return self._inputs.plain([None if place is None else found[place] for place in places], rows)

    def _packed(self, rows: int, cuts: Sequence[slice | None], size: int, data: memoryview) -> Feeds | None:
        if len(data) != size:
            return None
        return self._inputs.from_bytes([None if cut is None else data[cut] for cut in cuts], rows)

    def _rows(self, found: Mapping[str, Mapping[str, Any]]) -> int:
        return same_rows(
            {spec.name: described(spec, found[spec.name])[0] for spec in self._specs if spec.name in found}
        )

    def _places(self, given: Inputs) -> list[int | None]:
        """Which of the request's inputs each field is."""
        names = [tensor["name"] for tensor in given]
        return [names.index(spec.name) if spec.name in names else None for spec in self._specs]


def _size(tensor: Mapping[str, Any]) -> int | None:
    """The bytes that are the data of a request's input; None where its data is no bytes."""
    parameters = tensor.get("parameters")
    size = None if parameters is None or "data" in tensor else parameters.get("binary_data_size")
    return size if type(size) is int and size >= 0 else None
