"""Computing: the step that stands in for an estimator of which we have the formula, and the nodes that it becomes."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from onnx import TensorProto
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType, StringTensorType
from sklearn.base import is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline

from lading.converters.boosting.frameworks import Categories, boosting_of
from lading.converters.sklearn.formulas import clusters, features, isolation, kernels, neighbours, projections
from lading.converters.sklearn.formulas.composites import COMPOSITES, is_scored, members
from lading.converters.sklearn.formulas.value import Formulas, Value
from lading.converters.sklearn.nodes import Writer
from lading.converters.sklearn.steps import Cast, Step

FORMULAS: Formulas = {
    **clusters.FORMULAS,
    **features.FORMULAS,
    **isolation.FORMULAS,
    **kernels.FORMULAS,
    **neighbours.FORMULAS,
    **projections.FORMULAS,
}
"""What each estimator computes; those that ask others are among ``COMPOSITES``."""


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
    def classes_(self) -> np.ndarray:
        """The classes of the estimator, which ensembles ask their members for."""
        return np.asarray(self.model.classes_)

    @property
    def n_features_in_(self) -> int:
        """The number of columns, which stacks ask their last estimator for."""
        return int(self.model.n_features_in_)

    @property
    def predict_proba(self) -> Any:
        """There where the estimator has it, which ensembles look at."""
        return self.model.predict_proba

    def onnx_parser(self) -> Callable[..., list[Any]]:
        """What comes out: a label and something beside it, or one matrix of numbers."""

        def declare(scope: Any, inputs: list[Any]) -> list[Any]:
            declared = [("label", _label_type(self.model)())] if gives_label(self.model) else []
            return [
                scope.declare_local_variable(name, kind) for name, kind in (*declared, ("computed", DoubleTensorType()))
            ]

        return declare


def gives_label(model: Any) -> bool:
    """Whether the answer is one of several names or numbers, rather than a measure."""
    if boosting_of(model) is not None:
        return bool(is_classifier(model))
    return hasattr(model, "predict") and not is_regressor(model)


def computes(model: Any) -> bool:
    """Whether we have the formula of what an estimator answers."""
    if type(model) is CalibratedClassifierCV and hasattr(model, "calibrated_classifiers_"):
        return model.method in ("sigmoid", "isotonic") and all(is_scored(member) for _, member in members(model))
    return type(model) in FORMULAS or type(model) in COMPOSITES or boosting_of(model) is not None


def _label_type(model: Any) -> type[Any]:
    named = is_classifier(model) and model.classes_.dtype.kind not in "biuf"
    return cast(type[Any], StringTensorType if named else Int64TensorType)


def shape(operator: Any) -> None:
    """Declare the outputs of a computed step."""
    model = operator.raw_operator.model
    if gives_label(model):
        operator.outputs[0].type = _label_type(model)([None])
    operator.outputs[-1].type = DoubleTensorType([None, _width(model)])


def _width(model: Any) -> int | None:
    if hasattr(model, "predict") or not hasattr(model, "get_feature_names_out"):
        return None
    return len(model.get_feature_names_out())


def write(scope: Any, operator: Any, container: Any) -> None:
    """Write the nodes of a computed step."""
    writer, step = Writer(scope, container), operator.raw_operator
    model, source = step.model, operator.inputs[0]
    x = Value(writer, source.full_name)
    if not isinstance(source.type, StringTensorType):
        x = x.number()
    if type(model) in COMPOSITES:
        found = COMPOSITES[type(model)](model, x, _Members(operator, scope, writer))
    elif (boosting := boosting_of(model)) is not None:
        found = boosting.answer(model, x, step.categories)
    else:
        found = FORMULAS[type(model)](model, x)
    label, measure = found if isinstance(found, tuple) else (None, found)
    if label is not None:
        if is_classifier(model):
            label = x.constant(model.classes_.astype(np.int64 if model.classes_.dtype.kind in "biuf" else object))[
                label
            ]
        writer.node("Identity", [label.name], operator.outputs[0].full_name)
    writer.node("Cast", [measure.name], operator.outputs[-1].full_name, to=TensorProto.DOUBLE)


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
        kinds = [DoubleTensorType()]
        if is_classifier(last) or (isinstance(last, Computed) and gives_label(last.model)):
            kinds = [_label_type(last.model if isinstance(last, Computed) else last)(), DoubleTensorType()]
        operator.outputs.extend(self._scope.declare_local_variable("answer", kind) for kind in kinds)
        return [Value(self._writer, variable.full_name) for variable in operator.outputs]

    def _fed(self, asked: Value, width: int | None) -> Any:
        variable = self._scope.declare_local_variable("asked", DoubleTensorType([None, width]))
        self._writer.node("Cast", [asked.name], variable.full_name, to=TensorProto.DOUBLE)
        return variable
