"""Asking: a converted model of boosted trees and the model itself, about the same rows."""

from dataclasses import dataclass
from typing import Any

from lading.bundles.parity import Tolerance
from lading.bundles.session import open_session
from lading.bundles.signature import Form
from lading.bundles.tables.fields import fields_of
from lading.bundles.tables.table import table_of
from lading.bundles.tensors.comparing import Comparison, compare
from lading.bundles.tensors.feeds import encode
from lading.converters.converter import Converted, Precision, UnconvertibleError, converter_for


@dataclass(frozen=True)
class Asked:
    """A converted model, and what it and the original say of the same rows."""

    converted: Converted
    session: Any
    comparison: Comparison
    expected: dict[str, Any]
    found: dict[str, Any]


def ask(model: Any, data: object, held_out: object | None = None, precision: Precision = "mixed") -> Asked:
    """Convert a model for ``data`` and ask both sides, of held-out rows where given."""
    converter, table = converter_for(model), table_of(data)
    form: Form = "array" if converter.features(model) is None else "frame"
    made = converter.convert(model, form, fields_of(table), precision)
    rows = table if held_out is None else table_of(held_out)
    session = open_session(made.model)
    names = [output.tensor.name for output in made.signature.outputs]
    found = dict(zip(names, session.run(names, encode(made.signature, rows.columns_as_numpy())), strict=True))
    expected = converter.reference(model, rows, made.signature)
    return Asked(made, session, compare(made.signature, expected, found, Tolerance()), expected, found)


def same(model: Any, data: object, held_out: object | None = None, precision: Precision = "mixed") -> Asked:
    """The graph answers as the model does, labels too."""
    asked = ask(model, data, held_out, precision)
    assert asked.comparison.ok, asked.comparison.failures[:3]
    assert asked.comparison.label_flips == 0
    return asked


def problems(model: Any, data: object) -> list[str]:
    """What keeps a model from being converted."""
    converter, table = converter_for(model), table_of(data)
    form: Form = "array" if converter.features(model) is None else "frame"
    try:
        converter.convert(model, form, fields_of(table), "mixed")
    except UnconvertibleError as error:
        return [str(problem) for problem in error.problems]
    return []
