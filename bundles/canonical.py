"""Canonical JSON: one value, one sequence of bytes, as RFC 8785 lays it down."""

from collections.abc import Mapping
from typing import cast

import rfc8785
from pydantic import JsonValue

from lading.bundles.records import SAFE_INTEGER, Record


class NotCanonicalError(ValueError):
    """The value has no canonical form: it holds NaN, an infinity, a lone surrogate or too large an integer."""


def canonical_json(value: Record | JsonValue) -> bytes:
    """The canonical bytes of a record or of a JSON value.

    A record's absent fields are left out, whatever their default. RFC 8785 knows no numbers but doubles, so an
    integer beyond 2^53 is written only when a double equals it or is itself written with its digits.
    Raises ``NotCanonicalError`` where RFC 8785 has no form for the value.

    >>> canonical_json({"b": [1.0, 1e21], "a": None})
    b'{"a":null,"b":[1,1e+21]}'
    """
    plain = value.model_dump(mode="json", exclude_none=True) if isinstance(value, Record) else value
    try:
        return _dumps(plain)
    except rfc8785.IntegerDomainError:
        return _dumps(_doubled(plain))


def _dumps(value: object) -> bytes:
    try:
        encoded: bytes = rfc8785.dumps(cast(JsonValue, value))
    except rfc8785.IntegerDomainError:
        raise
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise NotCanonicalError(str(error)) from error
    return encoded


def _doubled(value: object) -> object:
    """The same value with every integer beyond 2^53 as the double that equals it."""
    if isinstance(value, Mapping):
        return {key: _doubled(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_doubled(member) for member in value]
    if isinstance(value, int) and abs(value) > SAFE_INTEGER:
        return _double(value)
    return value


def _double(value: int) -> float:
    try:
        double = float(value)
    except OverflowError as error:
        raise NotCanonicalError("an integer is beyond the range of doubles") from error
    if double != value and _dumps(double) != str(value).encode():
        raise NotCanonicalError(f"the integer {value} has more digits than a double holds")
    return double
