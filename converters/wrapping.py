"""Wrapping: a converter around another one, which says what that says as far as it does not know better."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lading.bundles.signature import Field, Form, Signature
from lading.converters.converter import Converter, Problem

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table


class Wrapping:
    """What every converter around another has; each converts in its own way."""

    def __init__(self, inner: Converter) -> None:
        self.name, self._inner = inner.name, inner

    def matches(self, model: object) -> bool:
        """Whether the inner converter is the one for ``model``."""
        return self._inner.matches(model)

    def features(self, model: object) -> tuple[str, ...] | None:
        """What the inner converter says."""
        return self._inner.features(model)

    def diagnose(self, model: object, form: Form, fields: Sequence[Field]) -> list[Problem]:
        """What the inner converter says."""
        return self._inner.diagnose(model, form, fields)

    def reference(self, model: object, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
        """What the inner converter says."""
        return self._inner.reference(model, rows, signature)
