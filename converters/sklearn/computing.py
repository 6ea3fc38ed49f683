"""Computing: the step that stands in for an estimator of which we have the formula, and the nodes that it becomes."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from onnx import TensorProto
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType, StringTensorType
from sklearn.base import is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC, LinearSVC, NuSVC

from lading.converters.boosting.frameworks import Categories, boosting_of
from lading.converters.sklearn.formulas import (
    clusters,
    features,
    isolation,
    kernels,
    margins,
    neighbours,
    places,
    projections,
)
from lading.converters.sklearn.formulas.combining import COMPOSITES
from lading.converters.sklearn.formulas.composites import asks, is_scored, members
from lading.converters.sklearn.formulas.labels import LABELS, named
from lading.converters.sklearn.formulas.margins import breaks_ties, is_machine, linear
from lading.converters.sklearn.formulas.value import Answer, Formulas, Said, Value
from lading.converters.sklearn.nodes import Writer
from lading.converters.sklearn.several import classes_of, has_probabilities, is_several
from lading.converters.sklearn.steps import Cast, Step

FORMULAS: Formulas = {
    **clusters.FORMULAS,
    **features.FORMULAS,
    **isolation.FORMULAS,
    **kernels.FORMULAS,
    **margins.FORMULAS,
    **neighbours.FORMULAS,
    **places.FORMULAS,
    **projections.FORMULAS,
}
"""What each estimator computes; those that ask others are among ``COMPOSITES``, those of several labels ``LABELS``."""

ASKED: Formulas = {LinearSVC: linear}
"""The same of those that skl2onnx converts alone, but not as the member of another."""


class Computed(Step):
    """A fitted estimator that we have the formula of, with what its members were rewritten to.

    ``categories`` say what the codes are that boosted trees are fed.
    """

    def __init__(
        self,
        model: Any,
        members: tuple[Pipeline, ...] = (),
        categories: Mapping[int, Categories] = MappingProxyType({}),
    ) -> None:
        self.model, self.members, self.categories = model, members, categories

    @property
    def classes_(self) -> Any:
        """The classes of the estimator, which ensembles ask their members for."""
        return self.model.classes_

    @property
    def n_features_in_(self) -> int:
        """The number of columns, which stacks ask their last estimator for."""
        return int(self.model.n_features_in_)

    @property
    def predict_proba(self) -> Any:
        """There where the estimator has it, which ensembles look at."""
        return self.model.predict_proba

    def onnx_parser(self) -> Callable[..., list[Any]]:
        """What comes out: a label and something beside it, for each target; or one matrix of numbers."""

        def declare(scope: Any, inputs: list[Any]) -> list[Any]:
            return [scope.declare_local_variable("computed", kind()) for kind in _kinds(self.model)]

        return declare


def _kinds(model: Any) -> list[type[Any]]:
    """The types of what comes out of a computed step."""
    if is_several(model):
        beside = [DoubleTensorType] if has_probabilities(model) else []
        return [kind for classes in classes_of(model) for kind in (_type_of(classes), *beside)]
    return [*([_label_type(model)] if gives_label(model) else []), DoubleTensorType]


def gives_label(model: Any) -> bool:
    """Whether the answer is one of several names or numbers, rather than a measure."""
    if boosting_of(model) is not None:
        return bool(is_classifier(model))
    return hasattr(model, "predict") and not is_regressor(model)


def computes(model: Any) -> bool:
    """Whether we have the formula of what an estimator answers."""
    if type(model) is CalibratedClassifierCV and hasattr(model, "calibrated_classifiers_"):
        return model.method in ("sigmoid", "isotonic") and all(is_scored(member) for _, member in members(model))
    if boosting_of(model) is not None:
        return True
    if is_several(model):
        return type(model) in LABELS
    if type(model) in (KNeighborsClassifier, KNeighborsRegressor):
        return neighbours.by_distance(model)
    if type(model) in (NuSVC, SVC):
        return breaks_ties(model) and is_machine(model)
    return type(model) in FORMULAS or asks(model)


def _label_type(model: Any) -> type[Any]:
    return _type_of(model.classes_) if is_classifier(model) else cast(type[Any], Int64TensorType)


def _type_of(classes: np.ndarray) -> type[Any]:
    return cast(type[Any], Int64TensorType if classes.dtype.kind in "biuf" else StringTensorType)


def shape(operator: Any) -> None:
    """Declare the outputs of a computed step."""
    model = operator.raw_operator.model
    if is_several(model):
        for output, kind in zip(operator.outputs, _kinds(model), strict=True):
            output.type = kind([None, None] if kind is DoubleTensorType else [None])
        return
    if gives_label(model):
        operator.outputs[0].type = _label_type(model)([None])
    operator.outputs[-1].type = DoubleTensorType([None, _width(model)])


def _width(model: Any) -> int | None:
    if hasattr(model, "predict") or not hasattr(model, "get_feature_names_out"):
        return None
    # A code with its signs apart has two columns for each name.
    return len(model.get_feature_names_out()) * (2 if getattr(model, "split_sign", False) else 1)


def write(scope: Any, operator: Any, container: Any) -> None:
    """Write the nodes of a computed step."""
    writer, step = Writer(scope, container), operator.raw_operator
    model, source = step.model, operator.inputs[0]
    x = Value(writer, source.full_name)
    if not isinstance(source.type, StringTensorType):
        x = x.number()
    ask = _Members(operator, scope, writer)
    found = _computed(model, x, ask, step.categories)
    answers = _each(model, found) if isinstance(found, list) else _only(model, found)
    for answer, target in zip(answers, operator.outputs, strict=True):
        if isinstance(target.type, DoubleTensorType):
            writer.node("Cast", [answer.name], target.full_name, to=TensorProto.DOUBLE)
        else:
            writer.node("Identity", [answer.name], target.full_name)


def _computed(model: Any, x: Value, ask: "_Members", categories: Mapping[int, Categories]) -> Answer | list[Said]:
    if (boosting := boosting_of(model)) is not None:
        return boosting.answer(model, x, categories)
    if is_several(model):
        return LABELS[type(model)](model, x, ask)
    if type(model) in COMPOSITES:
        return COMPOSITES[type(model)](model, x, ask)
    return {**FORMULAS, **ASKED}[type(model)](model, x)


def _only(model: Any, found: Answer) -> list[Value]:
    """The outputs of a model of one label, which is named where there are classes, or of none."""
    if not isinstance(found, tuple):
        return [found]
    label, measure = found
    return [named(model.classes_, label) if is_classifier(model) else label, measure]


def _each(model: Any, found: list[Said]) -> list[Value]:
    """The outputs of a model of several labels; probabilities only where all targets have some."""
    measured = has_probabilities(model)
    return [value for label, probabilities in found for value in (label, probabilities if measured else None) if value is not None]  # fmt: skip


class _Members:
    """Asks the members of a composite, each of which becomes an operator of its own."""

    def __init__(self, operator: Any, scope: Any, writer: Writer) -> None:
        self._operator, self._scope, self._writer = operator, scope, writer

    def __call__(
        self, place: int, asked: Value | None = None, width: int | None = None, before_last: bool = False
    ) -> Sequence[Value]:
        member = self._operator.raw_operator.members[place]
        if before_last:
            member = Pipeline(member.steps[:-1] if len(member.steps) > 1 else [("start", Cast(double=True))])
        inputs = self._operator.inputs if asked is None else [self._fed(asked, width)]
        operator = self._scope.declare_local_operator("SklearnPipeline", member)
        operator.inputs = inputs
        last = member.steps[-1][1]
        kinds = _kinds(last.model if isinstance(last, Computed) else last)
        operator.outputs.extend(self._scope.declare_local_variable("answer", kind()) for kind in kinds)
        return [Value(self._writer, variable.full_name) for variable in operator.outputs]

    def _fed(self, asked: Value, width: int | None) -> Any:
        variable = self._scope.declare_local_variable("asked", DoubleTensorType([None, width]))
        self._writer.node("Cast", [asked.name], variable.full_name, to=TensorProto.DOUBLE)
        return variable
