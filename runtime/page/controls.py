"""Controls: what a person types a field's value into, and how the text becomes JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import JsonValue

from lading.bundles.outline import scalar
from lading.bundles.profile import Profile
from lading.bundles.signature import Field, Signature
from lading.runtime.page.plots import Histogram, histogram
from lading.runtime.page.words import number

Kind = Literal["number", "text", "choice", "suggestion", "checkbox", "json"]

PLOTTED = 200
"""Fields that show their distribution; a wider form would be slow to draw."""


@dataclass(frozen=True)
class Option:
    """One known value: its text, and the JSON that is sent for it."""

    text: str
    json: str


@dataclass(frozen=True)
class Control:
    """The control for one field."""

    id: str
    field: Field
    kind: Kind
    options: tuple[Option, ...]
    hint: str
    keyboard: Literal["decimal", "text"]
    """What a phone shows; its decimal keyboard has no minus sign."""
    plot: Histogram | None

    def text(self, value: JsonValue) -> str:
        """What the control holds when the field's value is ``value``."""
        if value is None:
            return ""
        if self.kind in ("choice", "checkbox", "json"):
            return json.dumps(value, ensure_ascii=False)
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return scalar(value)


def controls(signature: Signature, profile: Profile) -> list[Control]:
    """A control for each field, in the signature's order."""
    plots = {column.name: histogram(column) for column in profile.columns[:PLOTTED]}
    return [_control(position, field, plots.get(field.name)) for position, field in enumerate(signature.fields)]


def texts(shown: Sequence[Control], rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """What each control holds for each of ``rows``."""
    return [[control.text(row.get(control.field.name)) for control in shown] for row in rows]


def _control(position: int, field: Field, plot: Histogram | None) -> Control:
    return Control(
        id=f"field-{position}",
        field=field,
        kind=_kind(field),
        options=_options(field),
        hint=_hint(field),
        keyboard="decimal" if field.range is not None and field.range.minimum >= 0 else "text",
        plot=plot if _kind(field) == "number" else None,
    )


def _kind(field: Field) -> Kind:
    if field.shape:
        return "json"
    if field.type == "boolean":
        return "choice" if field.nullable else "checkbox"
    if field.categories is not None:
        return "choice" if field.unknown == "refuse" else "suggestion"
    return "number" if field.type in ("number", "integer") else "text"


def _options(field: Field) -> tuple[Option, ...]:
    values = (True, False) if field.type == "boolean" and field.categories is None else field.categories
    return tuple(Option(scalar(value), json.dumps(value, ensure_ascii=False)) for value in values or ())


def _hint(field: Field) -> str:
    if field.shape:
        return f"JSON of shape {' by '.join(str(extent) for extent in field.shape)}"
    said = []
    if field.range is not None:
        said.append(f"{number(field.range.minimum)} to {number(field.range.maximum)} seen")
    if field.type == "integer":
        said.append("whole number")
    if field.type == "datetime":
        said.append("date or time, as 2024-05-31T12:00:00")
    if field.nullable and field.type != "boolean":
        said.append("may be empty")
    elif field.default is not None and field.type != "boolean":
        said.append(f"{number(field.default)} when empty")
    return ", ".join(said)
