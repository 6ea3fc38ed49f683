"""Inputs: the tensors that a network is fed, as its data shows them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast, get_args

import numpy as np

from lading.bundles.signature import Feed, Field, Form, Tensor, TensorType
from lading.converters.converter import Problem

BATCH = "batch"
MATRIX = "x"
"""What the one input is called that takes the columns of a matrix."""

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Inputs:
    """The tensors with the fields that feed them."""

    form: Form
    fields: tuple[Field, ...]
    tensors: tuple[Tensor, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The tensors' names."""
        return tuple(tensor.name for tensor in self.tensors)

    def example(self, rows: int) -> dict[str, np.ndarray]:
        """Arrays as a network takes them: ``rows`` rows of the largest values seen, or one call of the form ``whole``."""
        return {tensor.name: self._filled(tensor, rows) for tensor in self.tensors}

    def opened(self, shapes: Mapping[str, tuple[int | str, ...]]) -> "Inputs":
        """The same with the shapes that a graph has for calls that it takes whole."""
        tensors = [tensor.model_copy(update={"shape": shapes[tensor.name]}) for tensor in self.tensors]
        fields = [field.model_copy(update={"shape": shapes[field.name]}) for field in self.fields]
        return replace(self, tensors=tuple(tensors), fields=tuple(fields))

    def retyped(self, types: Mapping[str, TensorType]) -> "Inputs":
        """The same with other element types, by those that they have."""
        tensors = [
            tensor.model_copy(update={"dtype": types.get(tensor.dtype, tensor.dtype)}) for tensor in self.tensors
        ]
        return replace(self, tensors=tuple(tensors))

    def _filled(self, tensor: Tensor, rows: int) -> np.ndarray:
        fed = [field for field in self.fields if field.feed is not None and field.feed.input == tensor.name]
        values = np.array([_largest(field, tensor.dtype) for field in fed])
        extents = [extent for extent in tensor.shape if isinstance(extent, int)]
        shape = extents if self.form == "whole" else [rows, *extents]
        return np.broadcast_to(values if self.form == "array" else values[0], shape).astype(tensor.dtype)


def possible_inputs(form: Form, fields: Sequence[Field], real: str) -> Iterator[Inputs]:
    """What the network may take: integers as the data has them, then as numbers of the type ``real``.

    Columns of a frame of which one holds tensors are an input each; those of other frames and of matrices are one.
    """
    form = "tensors" if form == "array" and any(field.shape for field in fields) else form
    if any(field.type not in ("number",) for field in fields):
        yield _inputs(form, fields, real, keep=True)
    yield _inputs(form, fields, real, keep=False)


def problems_of(fields: Sequence[Field]) -> list[Problem]:
    """The fields that are no numbers."""
    return [
        Problem(
            f"column {field.name}", f"holds values of type {field.type}, and a network takes numbers",
            "turn it into numbers before, or leave it out by features= (--feature)",
        )
        for field in fields
        if field.type not in ("boolean", "integer", "number")
    ]  # fmt: skip


def _inputs(form: Form, fields: Sequence[Field], real: str, keep: bool) -> Inputs:
    if form in ("tensors", "whole"):
        shapes = {field.name: field.shape if form == "whole" else (BATCH, *field.shape) for field in fields}
        tensors = tuple(
            Tensor(name=field.name, dtype=_dtype([field], real, keep), shape=shapes[field.name]) for field in fields
        )
        return Inputs(form, tuple(_fed(field, Feed(input=field.name)) for field in fields), tensors)
    matrix = Tensor(name=MATRIX, dtype=_dtype(fields, real, keep), shape=(BATCH, len(fields)))
    fed = (_fed(field, Feed(input=MATRIX, column=place)) for place, field in enumerate(fields))
    return Inputs("array", tuple(fed), (matrix,))


def _fed(field: Field, feed: Feed) -> Field:
    return field.model_copy(update={"feed": feed})


def _dtype(fields: Sequence[Field], real: str, keep: bool) -> TensorType:
    found = {field.dtype.lower() for field in fields}
    whole = keep and len(found) == 1 and all(field.type != "number" and not field.nullable for field in fields)
    name = found.pop() if whole else real
    return cast(TensorType, name if name in get_args(TensorType) else real)


def _largest(field: Field, dtype: str) -> float:
    if field.range is None:
        return 1.0
    kind = np.dtype(dtype)
    most = np.finfo(kind).max if kind.kind == "f" else 1 if kind.kind == "b" else np.iinfo(kind).max
    return float(min(field.range.maximum, float(most)))
