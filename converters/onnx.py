"""Ready-made ONNX files: checked, given a signature, and taken as they are."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lading.bundles.manifest import Graph
from lading.bundles.session import open_session, session_of
from lading.bundles.signature import Feed, Field, Form, Output, Signature, Tensor
from lading.converters.converter import Converted, Precision, Problem, UnconvertibleError
from lading.converters.graph import domain_name, graph_inputs, is_proto, read, title
from lading.converters.graph_problems import graph_tensors, problems_of

if TYPE_CHECKING:
    from lading.bundles.tables.table import Table


class OnnxConverter:
    """Takes ONNX graphs: a path ending in ``.onnx``, the file's bytes, or a ``ModelProto``."""

    name = "onnx"

    def matches(self, model: object) -> bool:
        """Whether ``model`` is a path to an ONNX file, bytes, or a ``ModelProto``."""
        if isinstance(model, str | Path):
            return Path(model).suffix == ".onnx"
        return isinstance(model, bytes) or is_proto(model)

    def features(self, model: object) -> tuple[str, ...] | None:
        """None: a graph's columns have no names."""
        return None

    def diagnose(self, model: object, form: Form, fields: Sequence[Field]) -> list[Problem]:
        """Operators that ONNX Runtime does not have, versions that are too new, a frozen batch, types of no tensor."""
        return problems_of(read(model), form, fields)

    def convert(self, model: object, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
        """The graph as it is, any external data moved inside, with a signature read off its inputs and outputs."""
        problems = self.diagnose(model, form, fields)
        if problems:
            raise UnconvertibleError(title(model), tuple(problems))
        proto = read(model)
        inputs = graph_tensors(graph_inputs(proto), form)
        outputs = graph_tensors(proto.graph.output, form)
        signature = Signature(
            form="array" if form == "frame" else form,
            fields=tuple(_fed(field, position, form, inputs) for position, field in enumerate(fields)),
            inputs=inputs,
            outputs=tuple(Output(tensor=tensor, meaning="tensor") for tensor in outputs),
        )
        widths = {tensor.dtype for tensor in inputs if tensor.dtype.startswith("float")}
        return Converted(
            model=proto.SerializeToString(deterministic=True),
            graph=Graph(
                framework="onnx",
                ir_version=proto.ir_version,
                opsets={domain_name(entry.domain): entry.version for entry in proto.opset_import},
            ),
            signature=signature,
            precision="float64" if widths == {"float64"} else "float32",
            reference=f"the given graph, onnxruntime {version('onnxruntime')}",
            packages=("onnx", "numpy"),
        )

    def reference(self, model: object, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
        """What ONNX Runtime answers for the graph as it was given."""
        from lading.bundles.tensors.feeds import encode

        session = session_of(signature, open_session(read(model).SerializeToString()))
        names = [output.tensor.name for output in signature.outputs]
        answers = session.run(names, encode(signature, rows.columns_as_numpy()))
        return dict(zip(names, answers, strict=True))


def _fed(field: Field, position: int, form: Form, inputs: Sequence[Tensor]) -> Field:
    """The field with the place in the graph that its values go to."""
    tensor = next((tensor for tensor in inputs if tensor.name == field.name), inputs[0])
    if form == "whole":
        # One call shows no ranges of values that may be missing: NaN is a number to a graph that is fed whole.
        floats = tensor.dtype.startswith("float")
        return field.model_copy(update={"feed": Feed(input=tensor.name), "shape": tensor.shape, "nullable": floats})
    if form == "tensors" and field.name == tensor.name:
        return field.model_copy(update={"feed": Feed(input=field.name)})
    missing = "" if inputs[0].dtype == "string" and field.nullable else None
    return field.model_copy(update={"feed": Feed(input=inputs[0].name, column=position, missing=missing)})
