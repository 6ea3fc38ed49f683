"""PyTorch to ONNX: any module that ``torch.export`` follows, and programs that it exported."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lading.bundles.signature import Field, Form, Signature
from lading.converters.converter import Converted, Precision, Problem
from lading.converters.networks.frameworks import derives, need, tops

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table

MODULE = "torch.nn.modules.module.Module"
PROGRAM = "torch.export.exported_program.ExportedProgram"


class TorchConverter:
    """Converts modules and exported programs with ``torch.export`` and the exporter over it."""

    name = "torch"

    def matches(self, model: object) -> bool:
        """Whether ``model`` is a module or an exported program, and of no framework that has a converter of its own."""
        return derives(model, MODULE, PROGRAM) and not tops(model) & {"keras", "transformers"}

    def features(self, model: object) -> tuple[str, ...] | None:
        """None: a module does not know the columns that it was trained on."""
        return None

    def diagnose(self, model: object, form: Form, fields: Sequence[Field]) -> list[Problem]:
        """Modules on other devices, scripted or without weights yet, types that no tensor of ONNX has, text columns."""
        from lading.converters.torch.problems import problems_of

        return problems_of(model, fields)

    def convert(self, model: object, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
        """The module, as it answers in evaluation mode, as a graph."""
        need("PyTorch", "torch", "torch", "onnxscript")
        from lading.converters.torch.conversion import convert

        return convert(model, form, fields, precision)

    def reference(self, model: object, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
        """What the module itself answers in evaluation mode."""
        from lading.converters.torch.conversion import reference

        return reference(model, rows, signature)
