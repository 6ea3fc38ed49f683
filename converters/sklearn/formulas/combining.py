"""Combining: what estimators that ask others make of the answers."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.impute._iterative import IterativeImputer
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import RegressorChain

from lading.converters.sklearn.answers import last_step
from lading.converters.sklearn.formulas.composites import (
    Ask,
    chained,
    has_decision,
    is_constant,
    is_linear,
    predicted,
    ranks_alike,
    scores,
)
from lading.converters.sklearn.formulas.distances import squared
from lading.converters.sklearn.formulas.features import interpolated
from lading.converters.sklearn.formulas.margins import by_votes, linear
from lading.converters.sklearn.formulas.value import Answer, Value


def one_or_another(model: Any, x: Value, ask: Ask) -> tuple[Value, Value]:
    """The class with the most votes of those who know two classes each, ties by how sure these are."""
    places, ask = range(len(model.estimators_)), cache(ask)
    chosen = [predicted(model, ask, place).number().reshape(-1, 1) for place in places]
    sure = [scores(model, ask, place) for place in places]
    found = by_votes(chosen[0].beside(*chosen[1:]), sure[0].beside(*sure[1:]), len(model.classes_))
    if len(model.classes_) > 2:
        return found.argmax(), found
    second = found.columns([1])
    return (second > _half(model.estimators_[0])).whole().reshape(-1), second


def one_or_the_rest(model: Any, x: Value, ask: Ask) -> tuple[Value, Value]:
    """The class whose member is surest, and what the members' probabilities are together."""
    places, count, ask = range(len(model.estimators_)), len(model.classes_), cache(ask)
    found = [scores(model, ask, place) for place in places]
    ranks = found[0].beside(*found[1:])
    if len(found) == 1:
        label = (ranks > _half(model.estimators_[0])).whole().reshape(-1)
    elif _last_of_equals():
        label = ranks.columns(range(count - 1, -1, -1)).argmax() * np.array([-1]) + np.array([count - 1])
    else:
        label = ranks.argmax()
    if not hasattr(model, "predict_proba"):
        return label, ranks
    chances = [ask(place)[1].number().columns([1]) for place in places]
    if len(chances) == 1:
        return label, (1.0 - chances[0]).beside(chances[0])
    joined = chances[0].beside(*chances[1:])
    total = joined.sum()
    return label, joined / total.equals(0.0).where(1.0, total)


def _half(member: Any) -> float:
    """Above which number scikit-learn takes the second of two classes."""
    return 0.0 if has_decision(member) and not ranks_alike(member) else 0.5


@cache
def _last_of_equals() -> bool:
    """Whether, among classes as sure as each other, scikit-learn takes the last; versions differ."""
    equals = OneVsRestClassifier(DummyClassifier()).fit(np.zeros((3, 1)), [0, 1, 2])
    return bool(equals.predict([[0.0]])[0] == 2)


def counted(model: Any, x: Value, ask: Ask) -> tuple[Value, Value]:
    """The class that most members predict, by their weights."""
    weights = model._weights_not_none
    said = [predicted(model, ask, place) for place in range(len(model.estimators_))]
    return _elected(said, np.ones(len(said)) if weights is None else np.asarray(weights), len(model.classes_))


def bagged(model: Any, x: Value, ask: Ask) -> tuple[Value, Value]:
    """The class that most members of a bag predict, each of which has columns of its own."""
    parts = [np.asarray(features) for features in model.estimators_features_]
    asked = [partial(ask, asked=x.columns(part), width=len(part)) for part in parts]
    said = [predicted(model, one, place) for place, one in enumerate(asked)]
    return _elected(said, np.full(len(said), 1.0 / len(said)), len(model.classes_))


def _elected(said: Sequence[Value], weights: np.ndarray, classes: int) -> tuple[Value, Value]:
    table = np.eye(classes)
    parts = [one.constant(table)[one] * float(weight) for one, weight in zip(said, weights, strict=True)]
    votes = sum(parts[1:], parts[0])
    return votes.argmax(), votes


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
    last, place, fed = last_step(model.final_estimator_), len(model.stack_method_), columns[0].beside(*columns[1:])
    if is_linear(last) and not hasattr(last, "predict_proba"):
        return linear(last, ask(place, fed, sum(widths), before_last=True)[0])
    label, measure = ask(place, fed, sum(widths))
    return label.reshape(-1), measure


def _handed_on(model: Any, ask: Ask, place: int, method: str) -> tuple[Value, int]:
    """The columns of one member, and how many; of two classes the second alone."""
    classes = len(model.classes_)
    width = 1 if classes == 2 else classes
    if method == "predict_proba":
        found = ask(place)[1].number()
        return (found.columns([1]) if classes == 2 else found), width
    if method == "decision_function":
        return scores(model, ask, place).reshape(-1, width), width
    return predicted(model, ask, place).number().reshape(-1, 1), 1


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
    BaggingClassifier: bagged,
    CalibratedClassifierCV: calibrated,
    FixedThresholdClassifier: threshold,
    IterativeImputer: imputed,
    OneVsOneClassifier: one_or_another,
    OneVsRestClassifier: one_or_the_rest,
    OutputCodeClassifier: output_code,
    RegressorChain: chain,
    StackingClassifier: stacked,
    TunedThresholdClassifierCV: threshold,
    VotingClassifier: counted,
}
"""What each of them computes."""
