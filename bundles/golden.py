"""Golden rows: rows with the answers of the original model, typed and exact, asked again at every load."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field as Setting
from pydantic import JsonValue, model_validator

from lading.bundles.records import FrozenMap, Record, Scalar
from lading.bundles.sensitive import sensitive_fields
from lading.bundles.signature import Field, Signature
from lading.bundles.tensors.exact import exact_rows, nested_rows, rows_from_exact
from lading.bundles.tensors.rules import Rule
from lading.bundles.tensors.values import Array, Kind, kind_of, object_array, packed
from lading.core.errors import IntegrityError

Origin = Literal["data", "boundary"]
"""Where a row comes from: the training data, or made at the model's own decision boundaries."""


MOST_VALUES = 10_000
"""What a row may hold, to be shown as a JSON object."""


class GoldenFieldError(IntegrityError):
    """The golden rows and the signature are not of one bundle."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"the golden rows hold no {self.name!r}, which the signature names; package the model again"


class Golden(Record):
    """Rows and the answers that are expected, as JSON values.

    What JSON's numbers do not hold is text: ``NaN``, ``Infinity``, ``-Infinity``, ``-0``, and integers beyond
    2^53 in decimal. A missing value is null.
    """

    rows: Annotated[int, Setting(ge=1)]
    origins: tuple[Origin, ...]
    """Of each row."""
    fields: FrozenMap[tuple[JsonValue, ...]]
    """By field: one value for each row; where the field is a tensor nested lists, or ``{"shape": …}`` if it is empty."""
    outputs: FrozenMap[tuple[JsonValue, ...]]
    """By output: what the original model gave for each row, in the shortest decimals that give the same bits.

    Of a label that is ``coded``: the position in ``classes``, which is what the tensor holds, not the class name.
    """

    @model_validator(mode="after")
    def _all_have_the_same_rows(self) -> Self:
        for name, values in {"origins": self.origins, **self.fields, **self.outputs}.items():
            if len(values) != self.rows:
                raise ValueError(f"{name!r} has {len(values)} rows, expected {self.rows}")
        return self

    def columns(self, signature: Signature) -> dict[str, Array]:
        """The rows as ``feeds.encode`` takes them: one array ``[rows, *extents]`` for each field.

        Raises ``GoldenFieldError`` when a field is not there.
        """
        nested = {field.name: self._nested(field) for field in signature.fields}
        return {field.name: _typed(field, nested[field.name]) for field in signature.fields}

    def expected(self, signature: Signature) -> dict[str, Array]:
        """The expected outputs ``[rows, …]`` by name, with the element types of the output tensors."""
        tensors = (output.tensor for output in signature.outputs)
        return {
            tensor.name: rows_from_exact(self.outputs[tensor.name], tensor.dtype)
            for tensor in tensors
            if tensor.name in self.outputs
        }

    def records(self, signature: Signature) -> list[dict[str, object]]:
        """The rows as JSON objects, as a client of named fields sends them.

        They are shown to whoever asks. Rows with infinities are left out, and so are all where each holds more than
        ``MOST_VALUES`` values, or one that is sensitive.
        """
        if sensitive_fields(signature):
            return []
        columns = {field.name: self._nested(field) for field in signature.fields}
        if sum(values[0].size if values.ndim > 1 else 1 for values in columns.values()) > MOST_VALUES:
            return []
        finite = [
            row
            for row in range(self.rows)
            if not any(_infinite(value) for values in columns.values() for value in np.ravel(values[row]))
        ]
        listed = {name: values.tolist() for name, values in columns.items()}
        return [{name: values[row] for name, values in listed.items()} for row in finite]

    def _nested(self, field: Field) -> Array:
        """A field's values as Python's own scalars, None for missing: an object array ``[rows, *extents]``."""
        if field.name not in self.fields:
            raise GoldenFieldError(field.name)
        nested = nested_rows(self.fields[field.name])
        kind = kind_of(field)
        return object_array([_scalar(kind, value) for value in nested.reshape(-1)]).reshape(nested.shape)


def golden_of(
    signature: Signature, columns: Mapping[str, Array], outputs: Mapping[str, Array], origins: Sequence[Origin]
) -> Golden:
    """The golden rows for columns as ``feeds.encode`` takes them and the original model's outputs by tensor name.

    Outputs are cast to the element types of the signature's tensors. Raises ``FieldError`` for wrong values.
    """
    tensors = [output.tensor for output in signature.outputs if output.tensor.name in outputs]
    return Golden(
        rows=len(origins),
        origins=tuple(origins),
        fields={
            field.name: _field_rows(Rule(field, signature.optional(field)), columns.get(field.name), len(origins))
            for field in signature.fields
        },
        outputs={tensor.name: exact_rows(_cast(outputs[tensor.name], tensor.dtype)) for tensor in tensors},
    )


def _cast(values: Array, dtype: str) -> Array:
    return np.asarray(values, dtype=object if dtype == "string" else dtype)


def _field_rows(rule: Rule, given: Array | None, rows: int) -> tuple[JsonValue, ...]:
    given = rule.absent(rows) if given is None else given
    flat = [None if value is None or value != value else own(rule.kind, value) for value in rule.values(given)]
    return exact_rows(object_array(flat).reshape(given.shape))


def own(kind: Kind, value: Any) -> Scalar:
    """A checked value as its kind's own Python type."""
    match kind:
        case "boolean":
            return bool(value)
        case "integer":
            return int(value)
        case "number":
            return float(value)
        case _:
            return str(value)


def _scalar(kind: Kind, value: Any) -> Scalar | None:
    return None if value is None else own(kind, value)


def _typed(field: Field, nested: Array) -> Array:
    """Numbers as a numeric array; text and categories stay objects."""
    kind = kind_of(field)
    if field.type == "category" or kind in ("string", "datetime"):
        return nested
    return packed(nested.reshape(-1).tolist(), kind).reshape(nested.shape)


def _infinite(value: object) -> bool:
    return isinstance(value, float) and math.isinf(value)
