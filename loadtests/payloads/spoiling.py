"""Spoiling: rows that a model does not take, each with one thing wrong, made from the signature."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lading.bundles.records import Scalar
from lading.bundles.signature import Field, Signature
from lading.loadtests.payloads.rows import Row

Spoil = Callable[[list[Row], int], None]
"""Makes one row wrong."""

STRANGER = "a field that no model has"
ODD = {"neither": "a value", "nor": "a list"}
"""What no field takes."""


def wrong_rows(signature: Signature) -> list[Spoil]:
    """Every way in which rows can be wrong as objects."""
    ways: list[Spoil] = [_with_stranger]
    for field in signature.fields:
        ways.append(_with(field.name, ODD))
        if not signature.optional(field):
            ways.append(_without(field.name))
    return ways + wrong_values(signature)


def wrong_values(signature: Signature) -> list[Spoil]:
    """Every way in which rows can hold a value that is of the right type, and that its field refuses."""
    return [_with(field.name, _unknown(field)) for field in signature.fields if _refuses(field)]


def spoilt(rows: Sequence[Row], ways: Sequence[Spoil], generator: np.random.Generator) -> list[Row]:
    """The rows, one of them wrong in one of the ways."""
    made = copy.deepcopy(list(rows))
    ways[int(generator.integers(len(ways)))](made, int(generator.integers(len(made))))
    return made


def cut_short(body: bytes) -> bytes:
    """What a client sends that loses the end of its request; no document is whole without it."""
    return body[:-1]


def _with_stranger(rows: list[Row], number: int) -> None:
    rows[number][STRANGER] = 1


def _with(name: str, value: Any) -> Spoil:
    def spoil(rows: list[Row], number: int) -> None:
        rows[number][name] = value

    return spoil


def _without(name: str) -> Spoil:
    def spoil(rows: list[Row], number: int) -> None:
        del rows[number][name]

    return spoil


def _refuses(field: Field) -> bool:
    return field.unknown == "refuse" and bool(field.categories) and not field.shape and field.category_type != "boolean"


def _unknown(field: Field) -> Scalar:
    """A value that is none of the categories."""
    known = field.categories if field.categories is not None else ()
    if field.category_type in ("integer", "number"):
        return max(float(value) for value in known) + 1
    return "none of " + ", ".join(map(str, known))[:40]
