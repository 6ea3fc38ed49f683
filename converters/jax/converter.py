"""JAX to ONNX: pure functions with parameters, jitted functions, modules of flax and of equinox."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lading.bundles.signature import Field, Form, Signature
from lading.converters.converter import Converted, Precision, Problem
from lading.converters.networks import inputs
from lading.converters.networks.frameworks import derives, need

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table

FUNCTION = "lading.converters.jax.function.JaxFunction"
NNX, LINEN = "flax.nnx.module.Module", "flax.linen.module.Module"
EQUINOX = ("equinox._module._module.Module", "equinox._module.Module")
JITTED = "jaxlib._jax.PjitFunction"


class JaxConverter:
    """Converts what JAX traces, by jax2onnx."""

    name = "jax"

    def matches(self, model: object) -> bool:
        """Whether ``model`` is a ``JaxFunction``, a jitted function, or a module of flax or equinox."""
        return derives(model, FUNCTION, NNX, LINEN, JITTED, *EQUINOX)

    def features(self, model: object) -> tuple[str, ...] | None:
        """None: a function does not know the columns that it was trained on."""
        return None

    def diagnose(self, model: object, form: Form, fields: Sequence[Field]) -> list[Problem]:
        """Modules without their variables, calls taken whole, text columns."""
        found = inputs.problems_of(fields)
        if derives(model, LINEN):
            remedy = "give them: lading.converters.jax.JaxFunction(module.apply, variables)"
            found.append(Problem("", "is a module of linen, which does not hold its variables", remedy))
        if form == "whole":
            remedy = "give a mapping from names to arrays whose first dimension counts rows"
            found.append(Problem("", "is taken by rows only", remedy))
        return found

    def convert(self, model: object, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
        """The function, without dropout, as a graph."""
        need("JAX", "jax", "jax", "jax2onnx")
        from lading.converters.jax.conversion import convert

        return convert(model, form, fields, precision)

    def reference(self, model: object, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
        """What the function itself answers."""
        from lading.converters.jax.conversion import reference

        return reference(model, rows, signature)
