"""Slots: the tensors of the graph, each filled from the fields that feed it."""

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Protocol

import numpy as np

from lading.bundles.signature import Feed, Tensor
from lading.bundles.tensors.rules import Rule
from lading.bundles.tensors.stack import Stack
from lading.bundles.tensors.values import Array, FieldError, aligned, floats, object_array, texts
from lading.core.errors import LadingError

MANY = 64
"""From so many rows on texts are looked at once for all rows that have them,"""
REPEATED = 4
"""where each is there so many times, on average."""


class FeedError(LadingError):
    """The signature's feeds do not fill one of its inputs."""

    def __init__(self, tensor: str, problem: str) -> None:
        super().__init__(tensor, problem)
        self.tensor, self.problem = tensor, problem

    def __str__(self) -> str:
        return f"input {self.tensor!r} of the graph {self.problem}; package the model again"


class Slot(Protocol):
    """One input of the graph, and how it is filled."""

    name: str

    def from_columns(self, columns: Mapping[str, Array]) -> Array:
        """The tensor for one array of values for each field."""
        ...


class Whole:
    """A tensor that is one field's values."""

    def __init__(self, tensor: Tensor, feed: Feed, rule: Rule, rank: int) -> None:
        self.name = tensor.name
        self._cast = _Cast(tensor.dtype, feed, rule)
        self._rule = rule
        self._more = (1,) * (rank - len(rule.shape))

    def from_columns(self, columns: Mapping[str, Array]) -> Array:
        """The tensor, shape ``[rows, *extents]``."""
        given = columns[self._rule.name]
        return self._cast(given).reshape(*given.shape, *self._more)


class Matrix:
    """A tensor ``[rows, columns]`` whose columns are fields."""

    def __init__(self, tensor: Tensor, fed: Sequence[tuple[Feed, Rule]]) -> None:
        self.name = tensor.name
        ordered = sorted(((feed.column, feed, rule) for feed, rule in fed if feed.column is not None), key=_position)
        if not fed or [column for column, _, _ in ordered] != list(range(len(fed))):
            raise FeedError(tensor.name, f"needs each column from one field, found {[feed.column for feed, _ in fed]}")
        self._dtype = np.dtype(object if tensor.dtype == "string" else tensor.dtype)
        self._rules = [rule for _, _, rule in ordered]
        self._casts = [_Cast(tensor.dtype, feed, rule) for _, feed, rule in ordered]
        self._stack = Stack(self._rules, self._dtype) if Stack.takes(self._rules, self._dtype) else None
        self._shape = (-1, *(1,) * (len(tensor.shape) - 2), len(ordered)) if len(tensor.shape) > 1 else (-1,)

    def from_columns(self, columns: Mapping[str, Array]) -> Array:
        """The matrix, shape ``[rows, columns]``, with what other dimensions of extent 1 the tensor has."""
        made = None if self._stack is None else self._stack.matrix([columns[rule.name] for rule in self._rules])
        return (self._one_by_one(columns) if made is None else made).reshape(self._shape)

    def _one_by_one(self, columns: Mapping[str, Array]) -> Array:
        filled = np.empty((len(columns[self._rules[0].name]), len(self._rules)), dtype=self._dtype)
        for position, (rule, cast) in enumerate(zip(self._rules, self._casts, strict=True)):
            filled[:, position] = cast(columns[rule.name])
        return filled


class _Cast:
    """Checked values in a tensor's element type."""

    def __init__(self, dtype: str, feed: Feed, rule: Rule) -> None:
        self._rule = rule
        self._text = dtype == "string"
        self._dtype = np.dtype(object if self._text else dtype)
        self._missing = "" if feed.missing is None else feed.missing
        if not self._text and rule.kind in ("string", "datetime"):
            raise FeedError(feed.input, f"is {dtype}, but field {rule.name!r} holds text")
        if self._text and rule.nullable and feed.missing is None:
            raise FeedError(feed.input, f"is text, but nothing stands for a missing {rule.name!r}")

    def __call__(self, given: Array) -> Array:
        made = self._by_distinct(given) if self._text and len(given) >= MANY else None
        return self._each(given) if made is None else made

    def _by_distinct(self, given: Array) -> Array | None:
        """Texts of which there are few distinct ones, each checked once; None where there are not, or one is wrong."""
        values = given.tolist()
        distinct = _distinct_texts(values) if given.ndim == 1 and given.dtype == object else ()
        if not distinct or len(distinct) * REPEATED > len(values):
            return None
        try:
            made = self._each(object_array(distinct))
        except FieldError:  # which row it is in is found row by row
            return None
        known = dict(zip(distinct, made.tolist(), strict=True))
        return object_array([known[value] for value in values])

    def _each(self, given: Array) -> Array:
        values = self._rule.values(given)
        if self._text:
            return texts(values, self._rule.kind, self._missing)
        return aligned(values) if values.dtype == self._dtype else self._converted(values, given)

    def _converted(self, values: Array, given: Array) -> Array:
        if self._dtype.kind == "f":
            with np.errstate(over="ignore", invalid="ignore"):  # a signalling NaN is a NaN
                made = floats(values).astype(self._dtype)
            wrong = np.isinf(made) & ~np.isinf(floats(values))
        else:
            made, wrong = _whole(values, self._dtype)
        if wrong.any():
            position = int(wrong.argmax())
            problem = f"{_named(values[position])} does not fit into {self._dtype.name}, the model's own type"
            self._rule.fail(given, position, problem)
        return made


def _distinct_texts(values: list[Any]) -> tuple[str | None, ...]:
    """The distinct ones of texts and missing ones; none where there is anything else."""
    try:
        distinct = tuple(set(values))
    except TypeError:  # a list or a mapping
        return ()
    return distinct if set(map(type, distinct)) <= {str, NoneType} else ()


def _named(value: Any) -> str:
    return "a missing value" if value is None or value != value else str(value)


def _whole(values: Array, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """The values as integers or booleans, and where they cannot be that."""
    items = values.tolist()
    lowest, highest = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    fits = [item is not None and lowest <= item <= highest and item == int(item) for item in items]
    made = np.array([int(item) if fit else 0 for item, fit in zip(items, fits, strict=True)], dtype=dtype)
    return made, ~np.array(fits, dtype=bool)


def _position(entry: tuple[int, Feed, Rule]) -> int:
    return entry[0]
