"""The converter: what Lading asks about a scorecard, in the order in which it asks.

Only this module is imported when Lading looks for the converter of any model, so it imports neither the framework nor
onnx; what needs them lies in ``graph``.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lading.bundles.signature import Field, Form, Signature
from lading.converters import Converted, Problem, UnconvertibleError

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table
    from lading.converters.converter import Precision


class ScorecardConverter:
    """Converts ``scorecards.Scorecard``."""

    name = "scorecards"

    def matches(self, model: object) -> bool:
        """Whether ``model`` is a scorecard, or derived from one."""
        return any(kind.__module__.split(".")[0] == "scorecards" for kind in type(model).__mro__)

    def features(self, model: Any) -> tuple[str, ...] | None:
        """The columns that it was trained on; none before it was."""
        return tuple(model.columns) or None

    def diagnose(self, model: Any, form: Form, fields: Sequence[Field]) -> list[Problem]:
        """That it was not trained, is no scorecard but something derived from one, or is fed other columns."""
        if model.classes is None:
            return [Problem("", "was not fitted", "fit it before it is packaged")]
        if type(model).__name__ != "Scorecard":
            return [Problem("", f"is a {type(model).__name__}, whose own methods no graph has", "use a Scorecard")]
        if form != "frame":
            return [Problem("", "was trained on a data frame", "give the data frame, with the names of its columns")]
        names = [field.name for field in fields]
        if names != list(model.columns):
            return [Problem("", f"takes the columns {list(model.columns)}, found {names}", "give those, in that order")]
        return []

    def convert(self, model: Any, form: Form, fields: Sequence[Field], precision: "Precision") -> Converted:
        """The graph; it computes in float64 whatever the ``precision``, as the scorecard does."""
        problems = self.diagnose(model, form, fields)
        if problems:
            raise UnconvertibleError("a scorecard", tuple(problems))
        from lading_scorecards.graph import converted

        return converted(model, fields)

    def reference(self, model: Any, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
        """What the scorecard itself answers, as the graph's outputs have it."""
        import pandas as pd

        data = pd.DataFrame({name: list(values) for name, values in rows.columns_as_numpy().items()})
        label, shares = (output.tensor.name for output in signature.outputs)
        return {label: model.predict(data), shares: model.probabilities(data)}
