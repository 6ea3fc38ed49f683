"""Records: the frozen models that all of a bundle's documents are made of."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    JsonValue,
    PlainSerializer,
    SerializeAsAny,
    StringConstraints,
)

Value = TypeVar("Value")

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""``sha256:`` and 64 lower-case hex digits."""

Scalar = bool | int | float | str
"""A category, a class name: one value that JSON can hold, its type kept."""


SAFE_INTEGER = 2**53 - 1
"""The largest integer below which every integer is a double of its own."""


class Record(BaseModel):
    """A frozen document, or a part of one; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null", use_attribute_docstrings=True)


def _freeze(values: Mapping[str, Value]) -> Mapping[str, Value]:
    return MappingProxyType(dict(values))


# Nothing below is written by a function of Python: a Ctrl-C that falls into one comes out of pydantic as another error.
FrozenMap = Annotated[Mapping[str, Value], AfterValidator(_freeze), PlainSerializer(dict)]
"""A mapping that stays as it was read, as a frozen model should."""


def _doubles(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _doubles(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_doubles(member) for member in value]
    return float(value) if isinstance(value, int) and abs(value) > SAFE_INTEGER else value


Json = Annotated[JsonValue, AfterValidator(_doubles), SerializeAsAny()]
"""Any JSON value; canonical JSON writes 1e20 with all its digits, and here it is a double again."""
