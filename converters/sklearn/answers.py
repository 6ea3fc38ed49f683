"""Answers: what a fitted model's outputs are called and mean, and what the model itself answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.base import is_classifier, is_clusterer, is_outlier_detector

from lading.bundles.records import Scalar
from lading.bundles.signature import Meaning, Output, Tensor
from lading.converters.sklearn.several import classes_of, has_probabilities, is_several, labels, probabilities

ClassType = Literal["boolean", "integer", "number", "string"]


@dataclass(frozen=True)
class Promised:
    """One output: what it is called, and what it means."""

    name: str
    meaning: Meaning
    classes: tuple[Scalar, ...] | None = None
    class_type: ClassType | None = None
    target: str | None = None
    """Where the model predicts several: which one the output is of."""

    @property
    def coded(self) -> bool:
        """Whether the graph cannot give the classes themselves, and the label has to be coded by them."""
        return self.meaning == "label" and self.class_type in ("boolean", "number")

    def output(self, tensor: Tensor) -> Output:
        """The output of the signature, for the tensor that the graph gives."""
        return Output(
            tensor=tensor,
            meaning=self.meaning,
            classes=self.classes,
            class_type=self.class_type,
            coded=self.coded,
            targets=None if self.target is None else (self.target,),
        )


def promised(model: Any) -> list[Promised | None]:
    """What the fitted ``model`` answers, in skl2onnx's order; None for an output that is not promised."""
    last = last_step(model)
    if is_several(last):
        found = [_of_classes(classes, str(place), has_probabilities(last)) for place, classes in enumerate(classes_of(last))]  # fmt: skip
        return [one for target in found for one in target if one is not None]
    if is_classifier(model):
        return _of_classes(last.classes_, None, hasattr(model, "predict_proba"))
    if is_outlier_detector(model):
        return [Promised("label", "label", (-1, 1), "integer"), None]
    if is_clusterer(model) and hasattr(model, "predict"):
        return [Promised("label", "label"), None]
    if not hasattr(model, "predict"):
        return [Promised("transformed", "tensor")]
    return [Promised("label", "label"), None] if _is_mixture(last) else [Promised("value", "value")]


def _of_classes(known: np.ndarray, target: str | None, measured: bool) -> list[Promised | None]:
    """The label and the probabilities of one target."""
    classes, kind = _classes(known)
    end = "" if target is None else f"_{target}"
    return [
        Promised(f"label{end}", "label", classes, kind, target),
        Promised(f"probabilities{end}", "probabilities", classes, kind, target) if measured else None,
    ]


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
    if not is_several(last_step(model)):
        return {output.tensor.name: _answer(model, rows, output) for output in outputs}
    said: Mapping[str, Iterator[np.ndarray]] = {
        "label": iter(labels(model, rows)),
        "probabilities": iter(probabilities(model, rows) if has_probabilities(last_step(model)) else ()),
    }
    answers = [(output, next(said[output.meaning])) for output in outputs]
    return {
        output.tensor.name: _label(found, output) if output.meaning == "label" else found for output, found in answers
    }


def _answer(model: Any, rows: Any, output: Output) -> np.ndarray:
    if output.meaning == "probabilities":
        return np.asarray(model.predict_proba(rows))
    if output.meaning == "tensor":
        found = model.transform(rows)
        return np.asarray(found.toarray() if hasattr(found, "toarray") else found)
    found = np.asarray(model.predict(rows))
    if output.meaning == "value":
        return found.reshape(len(found), -1).astype(np.float64)
    return _label(found.reshape(-1), output)


def _label(found: np.ndarray, output: Output) -> np.ndarray:
    """A label as the graph gives it: positions among the classes, texts or whole numbers."""
    if output.coded:
        return np.searchsorted(np.asarray(output.classes), found).astype(np.int64)
    return found.astype(object if output.tensor.dtype == "string" else np.int64)
