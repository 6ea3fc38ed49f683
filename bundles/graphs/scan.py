"""The scan: what an ONNX file would have a runtime do, read off its structure before anything loads it.

It knows every field of every message and refuses what it does not know, so that nothing is overlooked; it reads the
file from front to back, holds a window of it, and builds nothing.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lading.bundles.graphs.operators import may_be_used
from lading.bundles.graphs.schema import SCHEMA, TRAINING, Field
from lading.bundles.graphs.wire import LENGTH, VARINT, WIDTHS, Wire, WireError

DEEPEST = 100
"""Messages within one another; protobuf itself takes no more."""
MOST_FIELDS = 2_000_000
"""Fields that are looked at one by one; lists of numbers and of short texts count as one."""
MOST_NODES = 5_000_000
"""Nodes of the graph once every function stands where it is called."""
LONGEST_TEXT = 1024
"""Bytes of a text that is looked at."""
MOST_NAMES = 10_000
"""Functions that a model defines, and operators that it, or one of its functions, uses."""
EXTERNAL = 1
"""The data location of a tensor that lies in a file of its own."""
EXTERNAL_KEYS = {b"location", b"offset", b"length", b"checksum"}

DIGITS = re.compile(rb"[0-9]{1,19}")
GRAPH = 7
"""The field of a model that holds its graph."""

Operator = tuple[bytes, bytes, bytes]
"""Domain, name and overload."""


class ScanError(ValueError):
    """The graph may not be loaded; its text says why, after the word *it*."""


def scan(pieces: Iterator[bytes], size: int, beside: Mapping[str, int]) -> frozenset[str]:
    """Read the ONNX file that comes in ``pieces``, ``size`` bytes in all, and return which files it has data in.

    ``beside`` gives the sizes of the files that it may have external data in, by the locations that it calls them.
    Raises ``ScanError``.
    """
    scanner = _Scanner(Wire(pieces, size), beside)
    try:
        scanner.message("Model", size, 0)
    except WireError as error:
        raise ScanError(f"{error}, which is no ONNX") from error
    scanner.end()
    return frozenset(scanner.used)


class _Scanner:
    """What was seen so far."""

    def __init__(self, wire: Wire, beside: Mapping[str, int]) -> None:
        self._wire, self._beside = wire, beside
        self.used: set[str] = set()
        self._left = MOST_FIELDS
        self._strangers: set[Operator] = set()
        self._functions: dict[Operator, Counter[Operator]] = {}
        self._calls: list[Counter[Operator]] = [Counter()]
        """How often each operator is used in the model's own graphs, and in the function that is being read."""

    def message(self, kind: str, end: int, depth: int, within: str = "") -> dict[int, Any]:
        """Read a message up to position ``end``, and return the values of the fields that are kept."""
        if depth > DEEPEST:
            raise ScanError(f"nests more than {DEEPEST} levels deep")
        schema, wire, seen = SCHEMA[kind], self._wire, dict[int, Any]()
        if kind == "Function":
            self._calls.append(Counter())
        while wire.position < end:
            number, wire_type = wire.tag()
            field = schema.get(number)
            if field is None:
                raise ScanError(_unknown(kind, number))
            value = self._value(field, number, wire_type, end, depth, kind)
            if field.many and field.kept:
                seen.setdefault(number, []).append(value)
                if len(seen[number]) > len(EXTERNAL_KEYS):
                    raise ScanError("says more of data in another file than there is to say")
            elif number in seen and not field.many:
                raise ScanError(f"says field {number} of a {kind.lower()} twice")
            else:
                seen[number] = value
        if wire.position != end:
            raise ScanError(f"holds a {kind.lower()} that is longer than what holds it")
        self._judge(kind, seen, within)
        return seen

    def end(self) -> None:
        """What can be said only when all was read."""
        if unknown := self._strangers - self._functions.keys():
            domain, operator, _ = min(unknown)
            raise ScanError(
                f"uses the operator {_shown(operator)} of the domain {_shown(domain)}, which is not allowed"
            )
        self._check_size()

    def _check_size(self) -> None:
        """That functions which call one another are not a small file for an endless graph."""
        sizes: dict[Operator, int] = {}
        begun: set[Operator] = set()
        waiting = list(self._functions)
        while waiting:
            name = waiting[-1]
            inner = [] if name in sizes else [one for one in self._functions[name] if one in self._functions]
            unknown = [one for one in inner if one not in sizes]
            if not unknown:
                sizes[name] = _size(self._functions[name], sizes)
                waiting.pop()
            elif name in begun:
                raise ScanError(f"defines the function {_shown(name[1])} by itself")
            else:
                begun.add(name)
                waiting.extend(unknown)
        _size(self._calls[0], sizes)

    def _value(self, field: Field, number: int, wire_type: int, end: int, depth: int, within: str) -> Any:
        """Read one value of ``field``, and all that follow of a list; what is not kept is passed over."""
        self._left -= 1
        if not self._left:
            raise ScanError(f"has more than {MOST_FIELDS} fields")
        if wire_type != field.wire_type and not (field.packed and wire_type == LENGTH):
            raise ScanError(f"says field {number} of a {within.lower()} in a way that ONNX does not")
        wire = self._wire
        value: Any = None
        if wire_type == VARINT:
            value = wire.varint()
        elif wire_type == LENGTH:
            value = self._of_length(field, end, depth, within)
        else:
            wire.skip(WIDTHS[wire_type])
        if field.many and field.message is None:
            wire.skip_run(_tag(number, wire_type), wire_type, end)
        return value

    def _of_length(self, field: Field, end: int, depth: int, within: str) -> Any:
        wire = self._wire
        length = wire.varint()
        if length > end - wire.position:
            raise ScanError(f"holds something in a {within.lower()} that is longer than it")
        if field.message is not None:
            return self.message(field.message, wire.position + length, depth + 1, within)
        if not field.kept:
            wire.skip(length)
            return None
        if length > LONGEST_TEXT:
            raise ScanError(f"holds a name of {length} bytes in a {within.lower()}; at most {LONGEST_TEXT} may be")
        return wire.take(length)

    def _judge(self, kind: str, seen: Mapping[int, Any], within: str) -> None:
        """Raise what speaks against a message that was read, or remember what only the end can tell."""
        if kind == "Model" and GRAPH not in seen:
            raise ScanError("holds no graph")
        if kind == "Node":
            self._note(seen.get(7, b""), seen.get(4, b""), seen.get(8, b""))
        elif kind == "Function":
            self._functions[seen.get(10, b""), seen.get(1, b""), seen.get(13, b"")] = self._calls.pop()
            if len(self._functions) > MOST_NAMES:
                raise ScanError(f"defines more than {MOST_NAMES} functions")
        elif kind == "Tensor" and (13 in seen or seen.get(14) == EXTERNAL):
            self._check_external(_pairs(seen.get(13, ())), within)

    def _note(self, domain: bytes, operator: bytes, overload: bytes) -> None:
        self._calls[-1][domain, operator, overload] += 1
        if len(self._calls[-1]) > MOST_NAMES:
            raise ScanError(f"uses more than {MOST_NAMES} operators")
        if not may_be_used(domain, operator):
            self._strangers.add((domain, operator, overload))

    def _check_external(self, entries: Mapping[bytes, bytes], within: str) -> None:
        """That a tensor's data lies in a file of the bundle, and inside of it."""
        if within != "Graph":
            raise ScanError("keeps data in another file that is not one of its weights")
        if unknown := entries.keys() - EXTERNAL_KEYS:
            raise ScanError(f"says of data in another file what is not known here: {_shown(min(unknown))}")
        location = entries.get(b"location", b"").decode("latin-1")
        if location not in self._beside:
            raise ScanError(f"keeps data in {location[:256]!r}, which is no file of the bundle beside it")
        size = self._beside[location]
        offset = _number(entries.get(b"offset", b"0"))
        if offset + _number(entries.get(b"length", b"0")) > size:
            raise ScanError(f"keeps data in {location!r} beyond its end at {size} bytes")
        self.used.add(location)


def _size(calls: Counter[Operator], sizes: Mapping[Operator, int]) -> int:
    """How many nodes these calls are, where those of functions are as many as ``sizes`` says."""
    size = sum(count * (1 + sizes.get(name, 0)) for name, count in calls.items())
    if size > MOST_NODES:
        raise ScanError(f"has more than {MOST_NODES} nodes when its functions are put where they are called")
    return size


def _pairs(entries: Sequence[Mapping[int, bytes]]) -> Mapping[bytes, bytes]:
    pairs = {entry.get(1, b""): entry.get(2, b"") for entry in entries}
    if len(pairs) != len(entries):
        raise ScanError("says twice where the data of a tensor is")
    return pairs


def _number(text: bytes) -> int:
    if not DIGITS.fullmatch(text):
        raise ScanError(f"says {_shown(text)} for a number of bytes")
    return int(text)


def _shown(text: bytes) -> str:
    return repr(text[:256].decode("utf-8", "backslashreplace"))


def _unknown(kind: str, number: int) -> str:
    if kind == "Model" and number == TRAINING:
        return "holds graphs that train it; export it for inference"
    return f"has field {number} in a {kind.lower()}, which ONNX does not know; if it is of a newer ONNX, update lading"


def _tag(number: int, wire_type: int) -> bytes:
    """The tag in its shortest form."""
    tag = number << 3 | wire_type
    return bytes([tag]) if tag < 0x80 else bytes([tag & 0x7F | 0x80, tag >> 7])
