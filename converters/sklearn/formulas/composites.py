"""Composites: estimators that ask other estimators, whom they ask, and what these say."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.impute._iterative import IterativeImputer
from sklearn.linear_model import SGDClassifier
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier, _ConstantPredictor
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, RegressorChain

from lading.converters.boosting.frameworks import boosting_of
from lading.converters.sklearn.answers import last_step
from lading.converters.sklearn.formulas.margins import MACHINES, above, is_machine, linear, machine
from lading.converters.sklearn.formulas.value import Value
from lading.converters.sklearn.several import SPLIT, classes_of, is_several, single
from lading.converters.sklearn.unwrapping import unwrapped

FED_ALIKE = (
    CalibratedClassifierCV, FixedThresholdClassifier, OneVsRestClassifier, OutputCodeClassifier,
    TunedThresholdClassifierCV,
)  # fmt: skip
"""Composites whose members are fed the very columns that they are fed themselves."""

FED_ALIKE_FOR_LABELS = (MultiOutputClassifier, OneVsRestClassifier)
"""The same of those that answer with several labels."""

RANKED_ALIKE = (
    AdaBoostClassifier, GradientBoostingClassifier, HistGradientBoostingClassifier, LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)  # fmt: skip
"""Classifiers of two classes that rank rows by their decision functions as they do by their probabilities."""

MEMBERS_ALIKE = (BaggingClassifier, OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier, RegressorChain)
"""Composites whose members all are ``estimators_``."""

THRESHOLDS = (FixedThresholdClassifier, TunedThresholdClassifierCV)

FINAL = "final_estimator"
"""The member of a stack that is fed what the others say."""

Ask = Callable[..., Sequence[Value]]
"""Asks the member at a place: of what comes in, or of the columns given. A label comes first, where there is one."""


def is_fed_alike(model: Any) -> bool:
    """Whether a composite's members are fed the very columns that it is fed itself."""
    if isinstance(model, FED_ALIKE) or stacks_others(model) or counts_votes(model):
        return True
    return isinstance(model, FED_ALIKE_FOR_LABELS) and is_several(model)


def asks(model: Any) -> bool:
    """Whether a formula of ours asks the members of ``model``, where it has any."""
    if type(model) in PARTLY:
        return PARTLY[type(model)](model)
    return type(model) in ASKING or is_several(model)


def stacks_others(model: Any) -> bool:
    """Whether skl2onnx gets a stack wrong: members hand on other things than probabilities, or the last one decides by others."""
    if not isinstance(model, StackingClassifier) or not hasattr(model, "stack_method_"):
        return False
    return not set(model.stack_method_) <= {"predict_proba"} or _decides_otherwise(model.final_estimator_)


def _decides_otherwise(model: Any) -> bool:
    """Whether a classifier's label may be another than that of its largest probability."""
    by_others = (*THRESHOLDS, *MACHINES, OneVsRestClassifier, SGDClassifier)
    return not hasattr(model, "predict_proba") or isinstance(last_step(unwrapped(model)), by_others)


def counts_votes(model: Any) -> bool:
    """Whether an ensemble counts what its members predict, where skl2onnx looks at their probabilities."""
    return type(model) is VotingClassifier and model.voting == "hard"


def bags_votes(model: Any) -> bool:
    """Whether members of a bag have no probabilities, so that each has a vote."""
    found = getattr(model, "estimators_", ())
    return type(model) is BaggingClassifier and not all(hasattr(member, "predict_proba") for member in found)


def hides_scores(model: Any) -> bool:
    """Whether some of these are none that the graph has."""
    if not stacks_others(model):
        return False
    stacked = zip(model.estimators_, model.stack_method_, strict=True)
    return any(method == "decision_function" and not is_scored(member) for member, method in stacked)


def members(model: Any) -> list[tuple[str, Any]]:
    """The fitted estimators that a composite asks, with the names that its problems are told by."""
    if stacks_others(model) or counts_votes(model):
        return [(name, unwrapped(member)) for name, member in listed(model)]
    if is_several(model):
        found = _for_labels(model)
    elif isinstance(model, CalibratedClassifierCV):
        found = [calibrated.estimator for calibrated in model.calibrated_classifiers_]
    elif isinstance(model, IterativeImputer):
        found = [step.estimator for step in model.imputation_sequence_]
    elif isinstance(model, MEMBERS_ALIKE):
        found = model.estimators_
    else:
        found = [getattr(model, "estimator_", model.estimator)]
    return [("estimator", unwrapped(member)) for member in found]


def by_name(model: Any) -> list[tuple[str, Any]]:
    """The fitted estimators that an ensemble was given by name, without those that it drops."""
    kept = [name for name, member in model.estimators if member != "drop"]
    return list(zip(kept, model.estimators_, strict=True))


def listed(model: Any) -> list[tuple[str, Any]]:
    """The same, and the last one of a stack."""
    final = getattr(model, "final_estimator_", None)
    return [*by_name(model), *([] if final is None else [(FINAL, final)])]


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
    last = last_step(unwrapped(model))
    return is_linear(last) or boosting_of(last) is not None or _is_machine(last) or not has_decision(last)


def _is_machine(model: Any) -> bool:
    """Whether it is a support vector machine with a column for each class, or one for two."""
    return is_machine(model) and (len(model.classes_) == 2 or model.decision_function_shape == "ovr")


def hides_ranks(model: Any) -> bool:
    """Whether members that are asked one against the other, or the rest, are ranked by what the graph has not."""
    if isinstance(model, OneVsOneClassifier):
        return model.pairwise_indices_ is not None or not all(map(is_scored, model.estimators_))
    if not isinstance(model, OneVsRestClassifier) or is_several(model):
        return False
    return not all(is_scored(member) or ranks_alike(member) for member in model.estimators_)


def ranks_alike(model: Any) -> bool:
    """Whether the probabilities of a classifier of two classes rank its answers as its decision function does."""
    return isinstance(last_step(unwrapped(model)), RANKED_ALIKE)


def has_decision(model: Any) -> bool:
    """Whether a classifier ranks its answers by a decision function."""
    return bool(is_classifier(model)) and hasattr(model, "decision_function")


def scores(model: Any, ask: Ask, place: int) -> Value:
    """What scikit-learn ranks a member's answers by: its linear function, or its probabilities."""
    member = members(model)[place][1]
    if is_regressor(member):
        return ask(place)[0].number().reshape(-1, 1)
    if not hasattr(member, "decision_function") or ranks_alike(member):
        found = ask(place)[1].number()
        return found.columns([1]) if len(member.classes_) == 2 else found
    rows, last = ask(place, before_last=True)[0], last_step(member)
    if (boosting := boosting_of(last)) is not None:
        return boosting.decision(last, rows)
    return (machine if is_machine(last) else linear)(last, rows)[1]


def predicted(model: Any, ask: Ask, place: int) -> Value:
    """What a member predicts, whose classes are whole numbers, ``[N]``; or the number that a regression does."""
    member = members(model)[place][1]
    last = last_step(member)
    if is_regressor(member):
        return ask(place)[0].reshape(-1)
    if is_linear(last):  # skl2onnx converts those in float32 alone
        found = above(last, scores(model, ask, place))
        return found.constant(np.asarray(last.classes_, dtype=np.int64))[found]
    return ask(place)[0].reshape(-1).whole()


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


ASKING = (
    BaggingClassifier, CalibratedClassifierCV, FixedThresholdClassifier, IterativeImputer, OneVsOneClassifier,
    OneVsRestClassifier, OutputCodeClassifier, RegressorChain, StackingClassifier, TunedThresholdClassifierCV,
    VotingClassifier,
)  # fmt: skip
"""Estimators that ask others, and answer with one label or with numbers; ``combining`` says what they make of it."""

PARTLY: Mapping[type, Callable[[Any], bool]] = {
    BaggingClassifier: bags_votes,
    StackingClassifier: stacks_others,
    VotingClassifier: counts_votes,
}
"""When those of them are computed here that skl2onnx converts rightly otherwise."""
