"""Classifying: a converter that was told the classes, so that its models answer with a label and probabilities."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast, runtime_checkable

import numpy as np

from lading.bundles.records import Scalar
from lading.bundles.signature import Field, Form, Meaning, Output, Signature, Tensor
from lading.converters.classes import LABEL, PROBABILITIES, Classes, ClassesError, Scores, answers
from lading.converters.converter import Converted, Converter, Precision
from lading.converters.wrapping import Wrapping

if TYPE_CHECKING:
    from onnx import GraphProto

    from lading.bundles.tables.table import Table


@runtime_checkable
class NamesClasses(Protocol):
    """A converter whose models know the names of their classes."""

    def classes(self, model: object) -> tuple[Scalar, ...] | None:
        """The names, in the order of the output's columns; None where ``model`` is no classifier."""


def classifying(converter: Converter, model: object, names: Sequence[Scalar] | None, scores: str | None) -> Converter:
    """The converter, which also says what the classes are, where these were told or the model knows them.

    Raises ``ClassesError``.
    """
    known = converter.classes(model) if names is None and isinstance(converter, NamesClasses) else names
    if known is None:
        if scores is not None:
            raise ClassesError("scores is given without classes", "name these too: classes= (--class)")
        return converter
    classes = Classes(tuple(known), "scores" if scores is None else cast(Scores, scores))
    return Classifying(converter, classes, told=names is not None or scores is not None)


class Classifying(Wrapping):
    """A converter that is told the classes: label and probabilities in place of an output that is only numbers."""

    def __init__(self, inner: Converter, classes: Classes, told: bool = True) -> None:
        super().__init__(inner)
        self._classes, self._told = classes, told
        self._given: Output | None = None
        """The output as the inner converter has it, once it has converted."""

    def convert(self, model: object, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
        """The graph of the inner converter, with the label after it. Raises ``ClassesError`` where it has no place."""
        converted = self._inner.convert(model, form, fields, precision)
        if not self._told and (form == "whole" or len(converted.signature.outputs) > 1):
            names = ", ".join(map(str, self._classes.names))
            note = f"the model answers its numbers without labels, taken like this; its classes are {names}"
            return replace(converted, notes=(*converted.notes, note))
        self._given = _only_output(converted.signature, self._classes)
        return _classified(converted, self._given, self._classes)

    def reference(self, model: object, rows: "Table", signature: Signature) -> dict[str, np.ndarray]:
        """What the original model answers, and what follows from it, in float64."""
        if self._given is None:  # it was converted as it is
            return self._inner.reference(model, rows, signature)
        own = signature.model_copy(update={"outputs": (self._given,)})
        raw = self._inner.reference(model, rows, own)[self._given.tensor.name]
        return answers(raw, self._given.tensor, self._classes)


def _only_output(signature: Signature, classes: Classes) -> Output:
    """The output that the classes are of."""
    count = len(classes.names)
    if len(signature.outputs) > 1 or signature.form == "whole":
        names = ", ".join(output.tensor.name for output in signature.outputs)
        raise ClassesError(
            f"classes are told of a model with the outputs {names}" if signature.form != "whole" else
            "classes are told of a model that is taken whole", "package a model of one output, a row for each row",
        )  # fmt: skip
    (output,) = signature.outputs
    shape, binary = output.tensor.shape, count == 2 and classes.scores != "scores"
    if output.meaning != "tensor" or not output.tensor.dtype.startswith("float"):
        raise ClassesError(f"the model says itself what {output.tensor.name} means", "leave the classes out")
    if len(shape) != 2 or not (shape[1] == count or (shape[1] == 1 and binary)):
        raise ClassesError(
            f"the model's output has the shape {list(shape)} and {count} classes are told",
            f"expected [batch, {count}]"
            + (', or [batch, 1] where scores is "logits" or "probabilities"' if count == 2 else ""),
        )
    return output


def _classified(converted: Converted, given: Output, classes: Classes) -> Converted:
    """The converted model with the label after it."""
    import onnx

    proto = onnx.load_from_string(converted.model)
    tensor = given.tensor
    scored = _Appending(proto.graph).classified(tensor, classes)
    meaning: Meaning = "scores" if classes.scores == "scores" else "probabilities"
    kind = {"classes": classes.plain, "class_type": classes.type}
    dtype: Literal["string", "int64"] = "string" if classes.type == "string" else "int64"
    label = Tensor(name=LABEL, dtype=dtype, shape=tensor.shape[:1])
    outputs = (
        Output(tensor=label, meaning="label", coded=classes.coded, **kind),
        Output(
            tensor=tensor.model_copy(update={"name": scored, "shape": (tensor.shape[0], len(classes.names))}),
            meaning=meaning,
            **kind,
        ),
    )
    del proto.graph.output[:]
    for output in outputs:
        name = output.tensor.dtype
        element = onnx.TensorProto.STRING if name == "string" else onnx.helper.np_dtype_to_tensor_dtype(np.dtype(name))
        proto.graph.output.append(onnx.helper.make_tensor_value_info(output.tensor.name, element, output.tensor.shape))
    return replace(
        converted,
        model=proto.SerializeToString(deterministic=True),
        signature=converted.signature.model_copy(update={"outputs": outputs}),
    )


class _Appending:
    """Nodes after a graph."""

    def __init__(self, graph: "GraphProto") -> None:
        self._graph = graph
        self._taken = {name for node in graph.node for name in (*node.input, *node.output)}

    def classified(self, tensor: Tensor, classes: Classes) -> str:
        """Make the label, and return the name of what its scores or probabilities are called."""
        name, scored = tensor.name, PROBABILITIES
        if tensor.shape[1] == 1:
            one = self._node("Sigmoid", [name]) if classes.scores == "logits" else name
            unit = self._constant(np.ones(1, dtype=tensor.dtype))
            other = self._node("Sub", [unit, one])
            self._node("Concat", [other, one], PROBABILITIES, axis=1)
            ranked = PROBABILITIES
        elif classes.scores == "logits":
            self._node("Softmax", [name], PROBABILITIES, axis=1)
            ranked = name
        else:
            scored = ranked = name
        label = None if not classes.coded else LABEL
        place = self._node("ArgMax", [ranked], label, axis=1, keepdims=0)
        if not classes.coded:
            kind = object if classes.type == "string" else np.int64
            self._node("Gather", [self._constant(np.array(classes.plain, dtype=kind)), place], LABEL)
        return scored

    def _node(self, kind: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        import onnx

        name = self._fresh(kind) if output is None else output
        if output is not None and output in self._taken:
            raise ClassesError(f"the graph has a tensor called {output} of its own", "call that otherwise")
        self._taken.add(name)
        self._graph.node.append(onnx.helper.make_node(kind, inputs, [name], f"classes_{name}", **attributes))
        return name

    def _constant(self, values: np.ndarray) -> str:
        import onnx

        name = self._fresh("constant")
        self._graph.initializer.append(onnx.numpy_helper.from_array(values, name))
        return name

    def _fresh(self, kind: str) -> str:
        name = f"classes_{kind.lower()}"
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name
