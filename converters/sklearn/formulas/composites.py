"""Composites: estimators that ask other estimators, and what they make of the answers."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.impute._iterative import IterativeImputer
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier, OutputCodeClassifier, _ConstantPredictor
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, RegressorChain

from lading.converters.boosting.frameworks import boosting_of
from lading.converters.sklearn.answers import last_step
from lading.converters.sklearn.formulas.distances import squared
from lading.converters.sklearn.formulas.features import interpolated
from lading.converters.sklearn.formulas.value import Answer, Value
from lading.converters.sklearn.several import SPLIT, classes_of, is_several, single
from lading.converters.sklearn.unwrapping import unwrapped

FED_ALIKE = (CalibratedClassifierCV, FixedThresholdClassifier, OutputCodeClassifier, TunedThresholdClassifierCV)
"""Composites whose members are fed the very columns that they are fed themselves."""

FED_ALIKE_FOR_LABELS = (MultiOutputClassifier, OneVsRestClassifier)
"""The same of those that answer with several labels."""

FINAL = "final_estimator"
"""The member of a stack that is fed what the others say."""

Ask = Callable[..., Sequence[Value]]
"""Asks the member at a place: of what comes in, or of the columns given. A label comes first, where there is one."""


def is_fed_alike(model: Any) -> bool:
    """Whether a composite's members are fed the very columns that it is fed itself."""
    if isinstance(model, FED_ALIKE) or stacks_others(model):
        return True
    return isinstance(model, FED_ALIKE_FOR_LABELS) and is_several(model)


def asks(model: Any) -> bool:
    """Whether a formula of ours asks the members of ``model``, where it has any."""
    if type(model) is StackingClassifier:
        return stacks_others(model)
    return type(model) in COMPOSITES or is_several(model)


def stacks_others(model: Any) -> bool:
    """Whether members of a stack hand on other things than probabilities, which skl2onnx does not do rightly."""
    return isinstance(model, StackingClassifier) and not set(getattr(model, "stack_method_", ())) <= {"predict_proba"}


def hides_scores(model: Any) -> bool:
    """Whether some of these are none that the graph has."""
    if not stacks_others(model):
        return False
    stacked = zip(model.estimators_, model.stack_method_, strict=True)
    return any(method == "decision_function" and not is_scored(member) for member, method in stacked)


def members(model: Any) -> list[tuple[str, Any]]:
    """The fitted estimators that a composite asks, with the names that its problems are told by."""
    if stacks_others(model):
        kept = [name for name, member in model.estimators if member != "drop"]
        stacked = zip(kept, model.estimators_, strict=True)
        return [(name, unwrapped(member)) for name, member in (*stacked, (FINAL, model.final_estimator_))]
    if is_several(model):
        found = _for_labels(model)
    elif isinstance(model, CalibratedClassifierCV):
        found = [calibrated.estimator for calibrated in model.calibrated_classifiers_]
    elif isinstance(model, IterativeImputer):
        found = [step.estimator for step in model.imputation_sequence_]
    elif isinstance(model, RegressorChain | OutputCodeClassifier):
        found = model.estimators_
    else:
        found = [getattr(model, "estimator_", model.estimator)]
    return [("estimator", unwrapped(member)) for member in found]


def _for_labels(model: Any) -> list[Any]:
    """The estimators that a classifier of several labels asks; none where it computes all labels itself."""
    if isinstance(model, SPLIT):
        return [single(model, place) for place in range(len(classes_of(model)))]
    return list(model.estimators_) if isinstance(model, (*FED_ALIKE_FOR_LABELS, ClassifierChain)) else []


def is_constant(model: Any) -> bool:
    """Whether a member always says the same, since it saw one class alone."""
    return isinstance(model, _ConstantPredictor)


def is_linear(model: Any) -> bool:
    """Whether a classifier decides by the sign of a linear function."""
    return getattr(type(model), "decision_function", None) is LinearClassifierMixin.decision_function


def is_scored(model: Any) -> bool:
    """Whether the graph has the number by which scikit-learn ranks a classifier's answers."""
    last = last_step(model)
    return is_linear(last) or boosting_of(last) is not None or not _has_decision(last)


def _has_decision(model: Any) -> bool:
    return bool(is_classifier(model)) and hasattr(model, "decision_function")


def scores(model: Any, ask: Ask, place: int) -> Value:
    """What scikit-learn ranks a member's answers by: its linear function, or its probabilities."""
    member = members(model)[place][1]
    if not hasattr(member, "decision_function"):
        found = ask(place)[1]
        return found.columns([1]) if len(member.classes_) == 2 else found
    rows, last = ask(place, before_last=True)[0], last_step(member)
    if (boosting := boosting_of(last)) is not None:
        return boosting.decision(last, rows)
    return linear(last, rows)[1]


def linear(model: Any, x: Value) -> tuple[Value, Value]:
    """The class whose linear function is the largest; of two the second where the only one is above 0."""
    found = x @ np.asarray(model.coef_, dtype=np.float64).T + np.asarray(model.intercept_, dtype=np.float64)
    label = found.argmax() if len(model.classes_) > 2 else (found > 0.0).whole().reshape(-1)
    return label, found


def threshold(model: Any, x: Value, ask: Ask) -> tuple[Value, Value]:
    """The positive class where its probability reaches the threshold."""
    if isinstance(model, TunedThresholdClassifierCV):
        positive, limit = model._curve_scorer._get_pos_label(), float(model.best_threshold_)
    else:
        positive, limit = model.pos_label, 0.5 if model.threshold == "auto" else float(model.threshold)
    probabilities = ask(0)[1]
    place = 1 if positive is None else int(np.flatnonzero(model.classes_ == positive)[0])
    reached = (probabilities.columns([place]) >= limit).whole()
    return (reached if place else reached * np.array([-1]) + np.array([1])).reshape(-1), probabilities


def chain(model: Any, x: Value, ask: Ask) -> Value:
    """One target after the other, each asked with the answers of those before it."""

    def answer(asked: Ask, place: int) -> Value:
        return asked(place)[0]

    found = [answer(asked, place).reshape(-1, 1) for place, asked in chained(model, x, ask, answer)]
    return found[0].beside(*found[1:])


def chained(model: Any, x: Value, ask: Ask, told: Callable[[Ask, int], Value]) -> list[tuple[int, Ask]]:
    """For each target its member's place, and what asks that member; in the order of the targets.

    A member is asked with the columns ``x``, and what those before it ``told``.
    """
    columns, found = x, list[tuple[int, Ask]]()
    for place in range(len(model.estimators_)):
        asked = cache(partial(ask, asked=columns, width=model.n_features_in_ + place))
        found.append((place, asked))
        columns = columns.beside(told(asked, place).reshape(-1, 1))
    return [found[place] for place in np.argsort(model.order_)]


def output_code(model: Any, x: Value, ask: Ask) -> tuple[Value, Value]:
    """The class whose code is nearest to what the members say."""
    said = {
        place: scores(model, ask, place) for place, member in enumerate(model.estimators_) if not is_constant(member)
    }
    blank = next(iter(said.values())) * 0.0
    columns = [said[place] if place in said else blank + float(member.y_[0]) for place, member in enumerate(model.estimators_)]  # fmt: skip
    distances = squared(columns[0].beside(*columns[1:]), model.code_book_)
    return distances.argmin(), distances


def stacked(model: Any, x: Value, ask: Ask) -> tuple[Value, Value]:
    """What the last estimator makes of what the others say, and of the columns themselves where they are passed on."""
    said = [_handed_on(model, ask, place, method) for place, method in enumerate(model.stack_method_)]
    if model.passthrough:
        said.append((x, int(model.n_features_in_)))
    columns, widths = zip(*said, strict=True)
    label, measure = ask(len(model.stack_method_), columns[0].beside(*columns[1:]), sum(widths))
    return label.reshape(-1), measure


def _handed_on(model: Any, ask: Ask, place: int, method: str) -> tuple[Value, int]:
    """The columns of one member, and how many; of two classes the second alone."""
    classes = len(model.classes_)
    width = 1 if classes == 2 else classes
    if method == "predict_proba":
        found = ask(place)[1]
        return (found.columns([1]) if classes == 2 else found), width
    if method == "decision_function":
        return scores(model, ask, place).reshape(-1, width), width
    if is_linear(last_step(members(model)[place][1])):  # skl2onnx converts those in float32 alone
        found = scores(model, ask, place).reshape(-1, width)
        label = (found > 0.0).whole() if classes == 2 else found.argmax()
    else:
        label = ask(place)[0]
    return label.number().reshape(-1, 1), 1


def imputed(model: Any, x: Value, ask: Ask) -> Value:
    """Column after column, what is missing as the regression on the others says."""
    absent = x.missing(model.missing_values)
    start = absent.where(np.asarray(model.initial_imputer_.statistics_, dtype=np.float64)[None, :], x)
    columns = [start.columns([place]) for place in range(model.n_features_in_)]
    for place, step in enumerate(model.imputation_sequence_):
        others = [columns[other] for other in step.neighbor_feat_idx]
        found = ask(place, others[0].beside(*others[1:]), len(others))[0].reshape(-1, 1)
        held = found.held(float(model._min_value[step.feat_idx]), float(model._max_value[step.feat_idx]))
        columns[step.feat_idx] = absent.columns([step.feat_idx]).where(held, columns[step.feat_idx])
    parts = [*columns, absent.columns(list(model.indicator_.features_)).number()] if model.add_indicator else columns
    return parts[0].beside(*parts[1:])


def calibrated(model: Any, x: Value, ask: Ask) -> tuple[Value, Value]:
    """The mean of what the members' scores become by their calibrators."""
    parts = [_calibrated(part, scores(model, ask, place), len(model.classes_)) for place, part in enumerate(model.calibrated_classifiers_)]  # fmt: skip
    probabilities = sum(parts[1:], parts[0]) / float(len(parts))
    return probabilities.argmax(), probabilities


def _calibrated(part: Any, said: Value, classes: int) -> Value:
    columns = [_scaled(calibrator, said.columns([place])) for place, calibrator in enumerate(part.calibrators)]
    if classes == 2:
        return (1.0 - columns[0]).beside(columns[0])
    joined = columns[0].beside(*columns[1:])
    total = joined.sum()
    none = total.equals(0.0)
    return none.where(1.0 / classes, joined / none.where(1.0, total))


def _scaled(calibrator: Any, said: Value) -> Value:
    if hasattr(calibrator, "a_"):
        return (said * -float(calibrator.a_) - float(calibrator.b_)).apply("Sigmoid")
    places, values = np.asarray(calibrator.X_thresholds_, dtype=np.float64), np.asarray(calibrator.y_thresholds_)
    return interpolated(said.held(calibrator.X_min_, calibrator.X_max_), places, values.astype(np.float64))


COMPOSITES: Mapping[type, Callable[[Any, Value, Ask], Answer]] = {
    CalibratedClassifierCV: calibrated,
    FixedThresholdClassifier: threshold,
    IterativeImputer: imputed,
    OutputCodeClassifier: output_code,
    RegressorChain: chain,
    StackingClassifier: stacked,
    TunedThresholdClassifierCV: threshold,
}
"""What each of them computes."""
