"""The body of a request as strict JSON: no name said twice, no integer beyond 64 bits, nothing too deep."""

import json
import math
from typing import Any, TypeVar

import numpy as np
import orjson

from lading.core.errors import cut
from lading.runtime.errors import SHOWN, MalformedRequestError, shown
from lading.runtime.protocols.json_bounds import DEPTH, DIGITS, LONG, fits, too_deep, wide_integer

EXPLAINED_BYTES = 1 << 20
"""Up to this size a body that is not JSON is read a second time, to say where it goes wrong."""

COUNTED_BYTES = 4096
"""From this size on NumPy counts faster than bytes do."""

KNOWN_DEPTH = 8
"""Objects that a protocol knows, and whose names it counts, are never that deep in one another."""

Path = tuple[str | int, ...]


class _Token:
    """Where a lenient reading found what strict JSON does not know: a literal, or a name said twice."""

    def __init__(self, text: str) -> None:
        self.text = text


class _Literal(_Token):
    """``NaN``, ``Infinity`` or ``-Infinity``."""

    problem = "is not JSON; send null for a missing value"


class _Huge(_Literal):
    """A number beyond the largest double."""

    problem = "is larger than a number can be, about 1.8e308"


class _Wide(_Literal):
    """An integer that does not fit into 64 bits."""

    problem = "is an integer beyond 64 bits; send it with a fraction or an exponent where a number will do"


class _Repeated(_Token):
    """An object that says the name ``text`` twice."""


Kind = TypeVar("Kind", bound=_Token)


def parse(body: bytes) -> Any:
    """The body as JSON by RFC 8259, its integers of 64 bits; raises ``MalformedRequestError``, which says what is wrong."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _not_json(body, error) from None
    # From the right, since bytes.find is slow where what it looks for begins and ends like much of what there is.
    if body.translate(DIGITS).rfind(LONG) >= 0:
        _refuse_wide(body)
    return document


def refuse_repeated(body: bytes, document: object, names: int) -> None:
    """Raise ``MalformedRequestError`` when an object in ``body`` says a name twice, or when something nests too deep.

    ``document`` is the parsed body and ``names`` counts the names in all of its objects. Outside of texts every
    colon of JSON follows a name, so equal counts prove that no name was dropped; only otherwise is a look due.
    They also prove that there are no other objects with names than those, so that only arrays could be deep.
    """
    if len(body) < COUNTED_BYTES:
        colons = body.count(b":")
        arrays = body.count(b"[") if body.find(b"[") >= 0 else 0  # to look is faster than to count
    else:
        colons, arrays = _count(body, b":"), _count(body, b"[")
    if colons != names or arrays > DEPTH - KNOWN_DEPTH:
        _refuse_deep(body)
        _refuse_twice(body, document, colons, names)


def _refuse_wide(body: bytes) -> None:
    integer = wide_integer(body)
    if integer is not None:
        raise _misplaced(body) or MalformedRequestError(f"{cut(integer, SHOWN)} {_Wide.problem}")


def _refuse_deep(body: bytes) -> None:
    if too_deep(body):
        raise MalformedRequestError(f"arrays and objects nest deeper than {DEPTH}; send something flatter")


def _refuse_twice(body: bytes, document: object, colons: int, names: int) -> None:
    if colons == names:
        return
    # An escaped colon would count in the document but not in the body, and could hide a dropped name.
    if b"\\u003" not in body and colons == _colons(document):
        return
    found = _find(_leniently(body), _Repeated)
    if found is not None:
        path, token = found
        raise MalformedRequestError(
            f"{shown(token.text)} is given twice{_at(path)}; give it once", token.text, _row(path)
        )


def _not_json(body: bytes, error: orjson.JSONDecodeError) -> MalformedRequestError:
    if not body:
        return MalformedRequestError("the body is empty; send JSON")
    if b"NaN" in body or b"Infinity" in body or "infinity" in error.msg:
        misplaced = _misplaced(body)
        if misplaced is not None:
            return misplaced
    return MalformedRequestError(f"the body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})")


def _misplaced(body: bytes) -> MalformedRequestError | None:
    """What is said of the first token in ``body`` that strict JSON does not know, with its place."""
    found = _find(_leniently(body), _Literal) if len(body) <= EXPLAINED_BYTES else None
    if found is None:
        return None
    path, token = found
    field = path[-1] if path and isinstance(path[-1], str) else None
    return MalformedRequestError(f"{token.text}{_at(path)} {token.problem}", field, _row(path))


def _leniently(body: bytes) -> object:
    """The body with tokens where it is not strict JSON; nothing where even a lenient reading fails."""
    try:
        return json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_Literal, parse_int=_integer, parse_float=_number
        )
    except (ValueError, RecursionError):
        return None


def _number(text: str) -> float | _Huge:
    value = float(text)
    return _Huge(cut(text, SHOWN)) if math.isinf(value) else value


def _integer(text: str) -> int | _Wide:
    return int(text) if fits(text) else _Wide(cut(text, SHOWN))


def _object(pairs: list[tuple[str, object]]) -> object:
    made: dict[str, object] = {}
    for name, value in pairs:
        if name in made:
            return _Repeated(name)
        made[name] = value
    return made


def _find(document: object, kind: type[Kind]) -> tuple[Path, Kind] | None:
    """The first token of that kind and the path to it."""
    left: list[tuple[Path, object]] = [((), document)]
    while left:
        path, value = left.pop()
        if isinstance(value, kind):
            return path, value
        if isinstance(value, dict):
            left.extend(((*path, name), part) for name, part in reversed(value.items()))
        elif isinstance(value, list):
            left.extend(((*path, index), value[index]) for index in range(len(value) - 1, -1, -1))
    return None


def _count(body: bytes, byte: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == ord(byte)))


def _colons(document: object) -> int:
    """Names in all objects of ``document``, and colons in all of its texts."""
    count, left = 0, [document]
    while left:
        value = left.pop()
        if isinstance(value, str):
            count += value.count(":")
        elif isinstance(value, dict):
            count += len(value) + sum(name.count(":") for name in value)
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    return count


def _row(path: Path) -> int | None:
    return path[0] if path and isinstance(path[0], int) else None


def _at(path: Path) -> str:
    parts = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path[:8])
    return f" at {shown(parts.removeprefix('.'))}" if parts else ""
