"""Parameters: what an estimator was made with, nested and all, as JSON that is the same on every run."""

import datetime
import decimal
import enum
import fractions
import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Set
from pathlib import PurePath
from typing import Any

import numpy as np
from pydantic import JsonValue

from lading.bundles.canonical import canonical_json
from lading.bundles.capturing.credentials import MASK, is_secret, without_credentials
from lading.bundles.digest import digest_of
from lading.bundles.records import SAFE_INTEGER

LONGEST_LIST = 100
"""Longer lists and arrays are shortened to their first elements, their length and a digest."""
LONGEST_TEXT = 2000
"""Characters; longer texts are shortened likewise."""
DEEPEST = 24
"""Levels of nesting; what lies deeper is its type's name."""
_FIRST = 10
_LONGEST_INTEGER = 10_000
"""Bits from which on Python refuses to write an integer in decimal."""


def json_safe(value: object) -> JsonValue:
    """``value`` as JSON: equal values give equal JSON, on every run and every machine.

    An estimator becomes its class and parameters, an array its elements or, when it is long, its first ones with a
    digest; a function its qualified name; a random state the digest of its state. NaN and infinities are the texts
    ``NaN``, ``Infinity``, ``-Infinity``, integers beyond 2^53 their digits. What JSON cannot hold is its type's name.
    The values of parameters named like secrets are masked, and URLs in texts lose their credentials.
    """
    return _Writer().write(value)


def qualified_name(thing: object) -> str:
    """The name by which a class or a function can be imported.

    >>> qualified_name(fractions.Fraction)
    'fractions.Fraction'
    """
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None) or type(thing).__qualname__
    module = getattr(thing, "__module__", None) or type(thing).__module__
    return str(name) if module == "builtins" else f"{module}.{name}"


class _Writer:
    """Writes values that lie ``within`` others, known by identity, so that a loop ends."""

    def __init__(self, within: tuple[int, ...] = ()) -> None:
        self._within = within

    def write(self, value: object) -> JsonValue:
        if value is None or isinstance(value, bool):
            return value
        if id(value) in self._within or len(self._within) >= DEEPEST:
            return qualified_name(type(value))
        inner = _Writer((*self._within, id(value)))
        for kind, written in _KINDS:
            if isinstance(value, kind):
                return written(inner, value)
        return inner.thing(value)

    def sequence(self, values: Iterable[object]) -> JsonValue:
        return _shortened([self.write(value) for value in values])

    def members(self, values: Set[object]) -> JsonValue:
        return _shortened(sorted((self.write(value) for value in values), key=canonical_json))

    def mapping(self, values: Mapping[object, object]) -> JsonValue:
        written: dict[str, JsonValue] = {}
        for key, value in values.items():
            name = key if isinstance(key, str) else str(self.write(key))
            written[_text(name)] = MASK if is_secret(name) and value is not None else self.write(value)
        return written

    def array(self, value: np.ndarray) -> JsonValue:
        if value.size <= LONGEST_LIST:
            return self.write(value.tolist())
        first = self.write(value.ravel()[:_FIRST].tolist())
        return {"dtype": str(value.dtype), "shape": list(value.shape), "first": first, "digest": self._digest(value)}

    def _digest(self, value: np.ndarray) -> str:
        if value.dtype.hasobject:
            return digest_of(canonical_json([self.write(element) for element in value.ravel().tolist()]))
        return digest_of(np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<")).tobytes())

    def partial(self, value: functools.partial[object]) -> JsonValue:
        given = {"arguments": self.write(value.args), "keywords": self.write(value.keywords)}
        return {"partial": self.write(value.func), **given}

    def random(self, value: np.random.RandomState | np.random.Generator | np.random.BitGenerator) -> JsonValue:
        if isinstance(value, np.random.RandomState):
            state: object = value.get_state(legacy=False)
        else:
            state = (value if isinstance(value, np.random.BitGenerator) else value.bit_generator).state
        return {"type": qualified_name(type(value)), "state": digest_of(canonical_json(_Writer().write(state)))}

    def thing(self, value: object) -> JsonValue:
        """What is of none of the known types: told by what it can do."""
        if isinstance(value, type):
            return qualified_name(value)
        if hasattr(value, "na_value"):  # the data types of pandas
            return str(value)
        if type(value).__name__ == "NAType":  # the missing value of pandas
            return None
        if callable(getattr(value, "get_params", None)):
            return self._estimator(value)
        if callable(getattr(value, "to_numpy", None)) and hasattr(value, "__len__"):
            values = np.asarray(value.to_numpy())  # type: ignore[attr-defined]
            return {"type": qualified_name(type(value)), "values": self.array(values)}
        if isinstance(shape := getattr(value, "shape", None), tuple):
            return {"type": qualified_name(type(value)), "shape": self.write(shape)}
        return qualified_name(value if callable(value) and hasattr(value, "__name__") else type(value))

    def _estimator(self, value: object) -> JsonValue:
        name = qualified_name(type(value))
        try:
            parameters = value.get_params(deep=False)  # type: ignore[attr-defined]
        except (AttributeError, TypeError, ValueError, RuntimeError):  # an estimator that breaks its own contract
            return name
        return {"estimator": name, "parameters": self.mapping(parameters)}


def _text(value: str) -> str:
    clean = without_credentials(value).encode("utf-8", "replace").decode()
    if len(clean) <= LONGEST_TEXT:
        return clean
    return f"{clean[:LONGEST_TEXT]}… ({len(clean)} characters, {digest_of(clean.encode())})"


def _integer(value: int) -> JsonValue:
    if abs(value) <= SAFE_INTEGER:
        return value
    return str(value) if value.bit_length() < _LONGEST_INTEGER else hex(value)


def _number(value: float) -> JsonValue:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _shortened(values: list[JsonValue]) -> JsonValue:
    if len(values) <= LONGEST_LIST:
        return values
    return {"length": len(values), "first": values[:_FIRST], "digest": digest_of(canonical_json(values))}


_KINDS: tuple[tuple[type | tuple[type, ...], Callable[[_Writer, Any], JsonValue]], ...] = (
    (enum.Enum, lambda writer, value: writer.write(value.value)),
    (int, lambda _, value: _integer(int(value))),
    (float, lambda _, value: _number(float(value))),
    (str, lambda _, value: _text(str(value))),
    (bytes, lambda _, value: {"length": len(value), "digest": digest_of(value)}),
    (np.generic, lambda writer, value: writer.write(value.item() if value.dtype.kind in "biufcOSU" else str(value))),
    (np.dtype, lambda _, value: str(value)),
    (np.ufunc, lambda _, value: f"numpy.{value.__name__}"),
    (np.ndarray, _Writer.array),
    ((np.random.RandomState, np.random.Generator, np.random.BitGenerator), _Writer.random),
    (functools.partial, _Writer.partial),
    (Mapping, _Writer.mapping),
    (Set, _Writer.members),
    ((list, tuple, range), _Writer.sequence),
    (slice, lambda writer, value: {"slice": writer.write([value.start, value.stop, value.step])}),
    (PurePath, lambda _, value: _text(value.name if value.is_absolute() else value.as_posix())),
    (re.Pattern, lambda writer, value: writer.write(value.pattern)),
    (
        (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, fractions.Fraction, complex),
        lambda _, v: str(v),
    ),
)
"""How each kind of value is written; the first that fits."""
