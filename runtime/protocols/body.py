"""The body of a request as strict JSON that says no name twice."""

import json
import math
from typing import Any, TypeVar

import numpy as np
import orjson

from lading.runtime.errors import SHOWN, MalformedRequestError, shown

EXPLAINED_BYTES = 1 << 20
"""Up to this size a body that is not JSON is read a second time, to say where it goes wrong."""

COLON = ord(":")
COUNTED_BYTES = 4096
"""From this size on NumPy counts faster than bytes do."""

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


class _Repeated(_Token):
    """An object that says the name ``text`` twice."""


Kind = TypeVar("Kind", bound=_Token)


def parse(body: bytes) -> Any:
    """The body as JSON by RFC 8259; raises ``MalformedRequestError`` that says what is wrong where."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _not_json(body, error) from None


def refuse_repeated(body: bytes, document: object, names: int) -> None:
    """Raise ``MalformedRequestError`` when an object in ``body`` says a name twice.

    ``document`` is the parsed body and ``names`` counts the names in all of its objects. Outside of texts every
    colon of JSON follows a name, so equal counts prove that no name was dropped; only otherwise is a look due.
    """
    colons = _count_colons(body)
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
    if len(body) <= EXPLAINED_BYTES and (b"NaN" in body or b"Infinity" in body or "infinity" in error.msg):
        found = _find(_leniently(body), _Literal)
        if found is not None:
            path, token = found
            field = path[-1] if path and isinstance(path[-1], str) else None
            return MalformedRequestError(f"{token.text}{_at(path)} {token.problem}", field, _row(path))
    return MalformedRequestError(f"the body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})")


def _leniently(body: bytes) -> object:
    """The body with tokens where it is not strict JSON; nothing where even a lenient reading fails."""
    try:
        return json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_Literal, parse_int=_number, parse_float=_number
        )
    except (ValueError, RecursionError):
        return None


def _number(text: str) -> float | _Huge:
    value = float(text)
    return _Huge(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…") if math.isinf(value) else value


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


def _count_colons(body: bytes) -> int:
    if len(body) < COUNTED_BYTES:
        return body.count(b":")
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == COLON))


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
