"""The graph of a scorecard: points looked up column by column, added up, and made into a label and probabilities."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper
from scorecards.scorecard import NumberPoints, Scorecard, WordPoints

from lading.bundles.manifest import Graph
from lading.bundles.signature import Feed, Field, Output, Signature, Tensor
from lading.converters import Converted

OPSETS = {"ai.onnx": 18, "ai.onnx.ml": 3}
IR_VERSION = 9
NUMBERS, WORDS = "numbers", "words"
"""Inputs: matrices of all columns of a kind, since an input for each column costs time at every request."""
NO_WORD = "\x00missing"
"""Stands for a missing word; words of the data are not likely to be that."""


def converted(model: Scorecard, fields: Sequence[Field]) -> Converted:
    """The scorecard as a graph, with its signature."""
    places = _places(model)
    fed = tuple(_fed(field, *places[field.name]) for field in fields)
    builder = _Builder(model, places)
    inputs = tuple(
        Tensor(name=name, dtype=kind, shape=("rows", count))
        for name, kind in ((NUMBERS, "float64"), (WORDS, "string"))
        if (count := sum(matrix == name for matrix, _ in places.values()))
    )
    return Converted(
        model=builder.model(inputs).SerializeToString(deterministic=True),
        graph=Graph(framework="scorecards", ir_version=IR_VERSION, opsets=OPSETS),
        signature=Signature(form="frame", fields=fed, inputs=inputs, outputs=_outputs(model)),
        precision="float64",
        reference=f"lading-scorecards {version('lading-scorecards')}",
        packages=("lading-scorecards", "numpy", "onnx", "pandas"),
        thresholds="sharp",  # numbers reach the comparisons as they are
    )


def _places(model: Scorecard) -> dict[str, tuple[str, int]]:
    """The matrix, and the column of it, that each column of the data goes to."""
    kinds = {name: NUMBERS if isinstance(card, NumberPoints) else WORDS for name, card in model.columns.items()}
    listed = {matrix: [name for name, kind in kinds.items() if kind == matrix] for matrix in (NUMBERS, WORDS)}
    return {name: (kind, listed[kind].index(name)) for name, kind in kinds.items()}


def _fed(field: Field, matrix: str, column: int) -> Field:
    missing = NO_WORD if matrix == WORDS else None
    return field.model_copy(update={"feed": Feed(input=matrix, column=column, missing=missing)})


def _outputs(model: Scorecard) -> tuple[Output, ...]:
    label = Tensor(name="label", dtype="string", shape=("rows",))
    shares = Tensor(name="probabilities", dtype="float64", shape=("rows", 2))
    classes = {"classes": model.classes, "class_type": "string"}
    return (
        Output(tensor=label, meaning="label", **classes),
        Output(tensor=shares, meaning="probabilities", **classes),
    )


class _Builder:
    """Nodes and weights, as they are put together."""

    def __init__(self, model: Scorecard, places: dict[str, tuple[str, int]]) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        total = self.weight("base", np.array([[model.base]]))
        for name, card in model.columns.items():
            matrix, column = places[name]
            given = self.node("Gather", [matrix, self.weight(f"{name}.column", np.array([column]))], axis=1)
            total = self.node("Add", [total, self._points(name, card, given)])
        one = self.weight("one", np.array([[1.0]]))
        second = self.node("Div", [one, self.node("Add", [one, self.node("Exp", [self.node("Neg", [total])])])])
        self.node("Concat", [self.node("Sub", [one, second]), second], "probabilities", axis=1)
        is_second = self.node("GreaterOrEqual", [total, self.weight("zero", np.array([[0.0]]))])
        place = self.node("Cast", [is_second], to=TensorProto.INT64)
        flat = self.node("Reshape", [place, self.weight("flat", np.array([-1]))])
        self.node("Gather", [self.weight("classes", np.array(model.classes, dtype=object)), flat], "label", axis=0)

    def model(self, inputs: Sequence[Tensor]) -> Any:
        """The whole, with its inputs."""
        kinds = {"float64": TensorProto.DOUBLE, "string": TensorProto.STRING}
        given = [helper.make_tensor_value_info(tensor.name, kinds[tensor.dtype], tensor.shape) for tensor in inputs]
        made = [
            helper.make_tensor_value_info("label", TensorProto.STRING, ["rows"]),
            helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, ["rows", 2]),
        ]
        graph = helper.make_graph(self.nodes, "scorecard", given, made, self.weights)
        sets = [helper.make_opsetid("" if name == "ai.onnx" else name, number) for name, number in OPSETS.items()]
        return helper.make_model(graph, opset_imports=sets, ir_version=IR_VERSION)

    def _points(self, name: str, card: NumberPoints | WordPoints, given: str) -> str:
        """The points of one column ``[rows, 1]``, as ``[rows, 1]``."""
        place = self._bin(name, card, given) if isinstance(card, NumberPoints) else self._word(card, given)
        points = card.points if isinstance(card, NumberPoints) else np.append(card.points, 0.0)
        return self.node("Gather", [self.weight(f"{name}.points", points), place], axis=0)

    def _bin(self, name: str, card: NumberPoints, given: str) -> str:
        """How many edges a number reaches is its bin; the last one is for what is missing."""
        reached = self.node("GreaterOrEqual", [given, self.weight(f"{name}.edges", card.edges.reshape(1, -1))])
        counted = self.node("Cast", [reached], to=TensorProto.INT64)
        axis = self.weight(f"{name}.axis", np.array([1]))
        place = self.node("ReduceSum", [counted, axis], keepdims=1)
        last = self.weight(f"{name}.missing", np.array([[len(card.edges) + 1]]))
        return self.node("Where", [self.node("IsNaN", [given]), last, place])

    def _word(self, card: WordPoints, given: str) -> str:
        keys = [*card.words, NO_WORD]
        options: dict[str, Any] = {
            "keys_strings": keys,
            "values_int64s": list(range(len(keys))),
            "default_int64": len(keys),
        }
        return self.node("LabelEncoder", [given], domain="ai.onnx.ml", **options)

    def weight(self, name: str, values: np.ndarray) -> str:
        """An initializer, by its name."""
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str | None = None, **options: Any) -> str:
        """A node with one output, by the name of that."""
        output = f"{operator}.{len(self.nodes)}" if output is None else output
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **options))
        return output
