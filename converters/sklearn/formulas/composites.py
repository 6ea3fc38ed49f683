"""Composites: estimators that ask other estimators, and what they make of the answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.impute._iterative import IterativeImputer
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OutputCodeClassifier, _ConstantPredictor
from sklearn.multioutput import RegressorChain

from lading.converters.boosting.frameworks import boosting_of
from lading.converters.sklearn.formulas.distances import squared
from lading.converters.sklearn.formulas.features import interpolated
from lading.converters.sklearn.formulas.value import Answer, Value
from lading.converters.sklearn.unwrapping import unwrapped

FED_ALIKE = (CalibratedClassifierCV, FixedThresholdClassifier, OutputCodeClassifier, TunedThresholdClassifierCV)
"""Composites whose members are fed the very columns that they are fed themselves."""

Ask = Callable[..., Sequence[Value]]
"""Asks the member at a place: of what comes in, or of the columns given. A label comes first, where there is one."""


def members(model: Any) -> list[tuple[str, Any]]:
    """The fitted estimators that a composite asks, with the names that its problems are told by."""
    if isinstance(model, CalibratedClassifierCV):
        found = [calibrated.estimator for calibrated in model.calibrated_classifiers_]
    elif isinstance(model, IterativeImputer):
        found = [step.estimator for step in model.imputation_sequence_]
    elif isinstance(model, RegressorChain | OutputCodeClassifier):
        found = model.estimators_
    else:
        found = [getattr(model, "estimator_", model.estimator)]
    return [("estimator", unwrapped(member)) for member in found]


def is_constant(model: Any) -> bool:
    """Whether a member always says the same, since it saw one class alone."""
    return isinstance(model, _ConstantPredictor)


def is_linear(model: Any) -> bool:
    """Whether a classifier decides by the sign of a linear function."""
    return getattr(type(model), "decision_function", None) is LinearClassifierMixin.decision_function


def is_scored(model: Any) -> bool:
    """Whether the graph has the number by which scikit-learn ranks a classifier's answers."""
    last = model
    while hasattr(last, "steps"):
        last = last.steps[-1][1]
    return is_linear(last) or boosting_of(last) is not None or not _has_decision(last)


def _has_decision(model: Any) -> bool:
    return bool(is_classifier(model)) and hasattr(model, "decision_function")


def scores(model: Any, ask: Ask, place: int) -> Value:
    """What scikit-learn ranks a member's answers by: its linear function, or its probabilities."""
    member = members(model)[place][1]
    if not hasattr(member, "decision_function"):
        found = ask(place)[1]
        return found.columns([1]) if len(member.classes_) == 2 else found
    rows, last = ask(place, before_last=True)[0], member
    while hasattr(last, "steps"):
        last = last.steps[-1][1]
    if (boosting := boosting_of(last)) is not None:
        return boosting.decision(last, rows)
    return rows @ np.asarray(last.coef_, dtype=np.float64).T + np.asarray(last.intercept_, dtype=np.float64)


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
    columns, found = x, []
    for place in range(len(model.estimators_)):
        answer = ask(place, columns, model.n_features_in_ + place)[0].reshape(-1, 1)
        found.append(answer)
        columns = columns.beside(answer)
    return found[0].beside(*found[1:]).columns(np.argsort(model.order_))


def output_code(model: Any, x: Value, ask: Ask) -> tuple[Value, Value]:
    """The class whose code is nearest to what the members say."""
    said = {
        place: scores(model, ask, place) for place, member in enumerate(model.estimators_) if not is_constant(member)
    }
    blank = next(iter(said.values())) * 0.0
    columns = [said[place] if place in said else blank + float(member.y_[0]) for place, member in enumerate(model.estimators_)]  # fmt: skip
    distances = squared(columns[0].beside(*columns[1:]), model.code_book_)
    return distances.argmin(), distances


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
    TunedThresholdClassifierCV: threshold,
}
"""What each of them computes."""
