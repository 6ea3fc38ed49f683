"""Answers: what a fitted model's outputs are called and mean, and what the model itself answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.base import is_classifier, is_clusterer, is_outlier_detector

from lading.bundles.records import Scalar
from lading.bundles.signature import Meaning, Output, Tensor

ClassType = Literal["boolean", "integer", "number", "string"]


@dataclass(frozen=True)
class Answers:
    """The outputs of a model in skl2onnx's order; None for one that is not promised."""

    names: tuple[str | None, ...]
    classes: tuple[Scalar, ...] | None = None
    class_type: ClassType | None = None
    coded: tuple[object, ...] | None = None
    """The class names that the label has to be coded by, where the graph cannot give them themselves."""

    def outputs(self, tensors: Sequence[Tensor]) -> tuple[Output, ...]:
        """The outputs with their meanings, for the tensors that the graph gives."""
        return tuple(self._output(tensor) for tensor in tensors)

    def _output(self, tensor: Tensor) -> Output:
        meanings: Mapping[str, Meaning] = {"label": "label", "probabilities": "probabilities", "value": "value"}
        meaning = meanings.get(tensor.name, "tensor")
        named = meaning in ("label", "probabilities")
        return Output(
            tensor=tensor,
            meaning=meaning,
            classes=self.classes if named else None,
            class_type=self.class_type if named else None,
            coded=meaning == "label" and self.coded is not None,
        )


def answers_of(model: Any) -> Answers:
    """What the fitted ``model`` answers."""
    last = last_step(model)
    if is_classifier(model):
        classes, kind = _classes(last.classes_)
        second = "probabilities" if hasattr(model, "predict_proba") else None
        coded = tuple(classes) if kind in ("boolean", "number") else None
        return Answers(("label", second), classes, kind, coded)
    if is_outlier_detector(model):
        return Answers(("label", None), (-1, 1), "integer")
    if is_clusterer(model) and hasattr(model, "predict"):
        return Answers(("label", None))
    if not hasattr(model, "predict"):
        return Answers(("transformed",))
    return Answers(("label", None) if _is_mixture(last) else ("value",))


def _is_mixture(model: object) -> bool:
    return type(model).__name__ in ("GaussianMixture", "BayesianGaussianMixture")


def last_step(model: Any) -> Any:
    """The last estimator of nested pipelines."""
    while hasattr(model, "steps"):
        model = model.steps[-1][1]
    return model


def first_step(model: Any) -> Any:
    """The first estimator of nested pipelines."""
    while hasattr(model, "steps"):
        model = model.steps[0][1]
    return model


def _classes(classes: np.ndarray) -> tuple[tuple[Scalar, ...], ClassType]:
    kinds: Mapping[str, ClassType] = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}
    kind = kinds.get(classes.dtype.kind, "string")
    return tuple(str(name) if kind == "string" else name.item() for name in classes), kind


def answer(model: Any, rows: Any, outputs: Sequence[Output]) -> dict[str, np.ndarray]:
    """What ``model`` itself answers to ``rows``: one array ``[N, ...]`` for each output."""
    return {output.tensor.name: _answer(model, rows, output) for output in outputs}


def _answer(model: Any, rows: Any, output: Output) -> np.ndarray:
    if output.meaning == "probabilities":
        return np.asarray(model.predict_proba(rows))
    if output.meaning == "tensor":
        found = model.transform(rows)
        return np.asarray(found.toarray() if hasattr(found, "toarray") else found)
    found = np.asarray(model.predict(rows))
    if output.meaning == "value":
        return found.reshape(len(found), -1).astype(np.float64)
    found = found.reshape(-1)
    if output.coded:
        return np.searchsorted(np.asarray(output.classes), found).astype(np.int64)
    return found.astype(object if output.tensor.dtype == "string" else np.int64)
