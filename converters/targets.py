"""Targets: what a model predicts, as a column or several, and the outputs that are named after them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lading.bundles.answer_names import class_names
from lading.bundles.signature import Field, Form, Output
from lading.converters.converter import Converted, Converter, Precision
from lading.converters.wrapping import Wrapping
from lading.core.errors import UsageError

TARGET = "target"
"""What a target is called that has no name."""

Target = Sequence[str] | str | None
"""The name of what is predicted, or the names where it is several."""


class WrongTargetError(UsageError):
    """The target that lies apart does not fit the data."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(found, remedy)
        self.found, self.remedy = found, remedy

    def __str__(self) -> str:
        return f"y {self.found}; {self.remedy}"


class TargetNamesError(UsageError):
    """The names of the targets do not fit what the model predicts."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(found, remedy)
        self.found, self.remedy = found, remedy

    def __str__(self) -> str:
        return f"{self.found}; {self.remedy}"


def target_names(target: Target) -> tuple[str, ...]:
    """The names in their order; a single one is one target, and not its letters."""
    return () if target is None else (target,) if isinstance(target, str) else tuple(target)


def columns_apart(y: Any, rows: int, names: Sequence[str]) -> tuple[dict[str, np.ndarray], bool]:
    """The columns of a target that lies apart from ``rows`` rows of data, and whether somebody has named them.

    A table names its columns itself, where ``names`` does not. Raises ``WrongTargetError``.
    """
    own = getattr(y, "column_names", getattr(y, "columns", None))
    values = y.toarray() if hasattr(y, "toarray") else y.to_numpy() if hasattr(y, "to_numpy") else np.asarray(y)
    expected = f"has the shape {values.shape}, expected ({rows},)"
    if values.ndim == 2 and values.shape[1] == 1:
        raise WrongTargetError(expected, "give one column: y.ravel()")
    if values.ndim not in (1, 2) or 0 in values.shape[1:]:
        raise WrongTargetError(expected, "give one value for each row, or a column for each target")
    if len(values) != rows:
        found = f"has {len(values)} values, the data has {rows} rows"
        raise WrongTargetError(found, "give the target of the same rows, one value for each")
    count = 1 if values.ndim == 1 else values.shape[1]
    if names and len(names) != count:
        raise WrongTargetError(f"has {count} columns, {len(names)} targets are named", "name each, in their order")
    if count == 1:
        return {next(iter(names), TARGET): values}, bool(names)
    columns = list(values.T) if own is None else [y[name].to_numpy() for name in own]
    unnamed = [f"{TARGET}_{place}" for place in range(count)]
    told = names or (unnamed if own is None else map(str, own))
    return dict(zip(told, columns, strict=True)), bool(names) or own is not None


def naming(converter: Converter, names: Sequence[str]) -> Converter:
    """The converter, whose outputs are named after the targets where ``names`` has several."""
    return Naming(converter, tuple(names)) if len(names) > 1 else converter


class Naming(Wrapping):
    """A converter of models with several targets, which somebody has named."""

    def __init__(self, inner: Converter, names: tuple[str, ...]) -> None:
        super().__init__(inner)
        self._names = names

    def convert(self, model: object, form: Form, fields: Sequence[Field], precision: Precision) -> Converted:
        """The graph of the inner converter, its outputs named after the targets. Raises ``TargetNamesError``."""
        converted = self._inner.convert(model, form, fields, precision)
        outputs = converted.signature.outputs
        places = list(dict.fromkeys(name for output in outputs for name in output.targets or ()))
        if not places and len(outputs) == 1 and outputs[0].meaning == "value":
            return self._with_columns(converted, outputs[0])
        self._check_count(len(places) if places else 1)
        named = dict(zip(places, self._names, strict=True))
        fresh = [_renamed(output, named[output.targets[0]]) if output.targets else output for output in outputs]
        _check_columns(fresh)
        old_to_new = {old.tensor.name: new.tensor.name for old, new in zip(outputs, fresh, strict=True)}
        return replace(
            converted,
            model=_with_names(converted.model, old_to_new),
            signature=converted.signature.model_copy(update={"outputs": tuple(fresh)}),
        )

    def _with_columns(self, converted: Converted, value: Output) -> Converted:
        """The names of the columns of one value."""
        width = value.tensor.shape[1] if len(value.tensor.shape) == 2 else 1
        self._check_count(width)
        named = value.model_copy(update={"targets": self._names})
        return replace(converted, signature=converted.signature.model_copy(update={"outputs": (named,)}))

    def _check_count(self, count: int | str) -> None:
        if count != len(self._names):
            found = f"{len(self._names)} targets are named, {', '.join(self._names)}, and the model predicts {count}"
            raise TargetNamesError(found, "name each of what it predicts, in its order, by target= (--target)")


def _renamed(output: Output, target: str) -> Output:
    tensor = output.tensor.model_copy(update={"name": f"{output.meaning}_{target}"})
    return output.model_copy(update={"tensor": tensor, "targets": (target,)})


def _check_columns(outputs: Sequence[Output]) -> None:
    """Raise ``TargetNamesError`` where a table of answers would have two columns of one name."""
    columns = Counter(
        f"{output.tensor.name}_{name}"
        for output in outputs
        if output.meaning != "label"
        for name in class_names(output)
    )
    twice = next((name for name, count in columns.items() if count > 1), None)
    if twice is not None:
        found = f"two targets and their classes would both be called {twice} in a table of answers"
        raise TargetNamesError(found, "rename one of the targets")


def _with_names(model: bytes, names: Mapping[str, str]) -> bytes:
    """The graph, whose outputs have other names. Raises ``TargetNamesError`` where it has a tensor called so."""
    import onnx

    proto = onnx.load_from_string(model)
    graph = proto.graph
    inside = {name for node in graph.node for name in node.output} | {value.name for value in graph.input}
    taken = next((new for old, new in names.items() if new != old and new in inside - set(names)), None)
    if taken is not None:
        raise TargetNamesError(f"the graph has a tensor called {taken} of its own", "rename the target")
    for node in graph.node:
        for tensors in (node.input, node.output):
            tensors[:] = [names.get(name, name) for name in tensors]
    for value in graph.output:
        value.name = names.get(value.name, value.name)
    return proto.SerializeToString(deterministic=True)
