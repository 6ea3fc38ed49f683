"""Margins: classifiers that choose the class with the largest margin, whatever their probabilities say."""

from itertools import combinations
from typing import Any

import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.svm import SVC, NuSVC

from lading.converters.sklearn.formulas.kernels import KERNELS
from lading.converters.sklearn.formulas.value import Formulas, Value

MACHINES = (NuSVC, SVC)


def linear(model: Any, x: Value) -> tuple[Value, Value]:
    """The class whose linear function is the largest; of two the second where the only one is above 0."""
    found = x @ np.asarray(model.coef_, dtype=np.float64).T + np.asarray(model.intercept_, dtype=np.float64)
    return above(model, found), found


def above(model: Any, margins: Value) -> Value:
    """The place of the class with the largest margin; of two the second where the only margin is above 0."""
    return margins.argmax() if len(model.classes_) > 2 else (margins > 0.0).whole().reshape(-1)


def descended(model: Any, x: Value) -> tuple[Value, Value]:
    """The class by the margins, and the probabilities that a loss gives them (Zadrozny and Elkan, 2002)."""
    label, margins = linear(model, x)
    if model.loss not in ("log_loss", "modified_huber"):
        return label, margins
    sure = _sigmoid(margins) if model.loss == "log_loss" else (margins.held(-1.0, 1.0) + 1.0) / 2.0
    if len(model.classes_) == 2:
        return label, (1.0 - sure).beside(sure)
    total = sure.sum()
    if model.loss == "log_loss":
        return label, sure / total
    none = total.equals(0.0)
    return label, none.where(1.0 / len(model.classes_), sure / none.where(1.0, total))


def _sigmoid(x: Value) -> Value:
    """The logistic function down to the smallest numbers that there are, where ONNX Runtime's own is 0 earlier."""
    small = (-x.apply("Abs")).exp()
    return (x < 0.0).where(small, 1.0) / (small + 1.0)


def is_machine(model: Any) -> bool:
    """Whether the margins of a support vector machine are known here."""
    return isinstance(model, MACHINES) and model.kernel in ("linear", "poly", "rbf", "sigmoid")


def breaks_ties(model: Any) -> bool:
    """Whether a support vector machine lets its margins decide between classes with as many votes."""
    wanted = isinstance(model, MACHINES) and model.break_ties and model.decision_function_shape == "ovr"
    return bool(wanted) and len(model.classes_) > 2


def machine(model: Any, x: Value) -> tuple[Value, Value]:
    """The class with the most votes, ties by the margins; and what scikit-learn calls the decision function."""
    margins = _pairs(model, x)
    if len(model.classes_) == 2:
        return above(model, -margins), -margins
    ranked = by_votes((margins < 0.0).number(), -margins, len(model.classes_))
    return ranked.argmax(), ranked


def _pairs(model: Any, x: Value) -> Value:
    """The margin of the first of each two classes, as libsvm computes it."""
    options = {"gamma": model._gamma, "coef0": model.coef0, "degree": model.degree}
    likeness = KERNELS[model.kernel](x, _dense(model.support_vectors_), options)
    weights, ends = _dense(model._dual_coef_), np.cumsum([0, *model._n_support])
    pairs = list(combinations(range(len(model.classes_)), 2))
    duals = np.zeros((weights.shape[1], len(pairs)))
    for place, (first, second) in enumerate(pairs):
        for one, other in ((first, second - 1), (second, first)):
            mine = slice(ends[one], ends[one + 1])
            duals[mine, place] = weights[other, mine]
    return likeness @ duals + np.asarray(model._intercept_, dtype=np.float64)


def _dense(matrix: Any) -> np.ndarray:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=np.float64)


def by_votes(seconds: Value, sure: Value, classes: int) -> Value:
    """The votes for each class ``[N, classes]`` and, less than a vote, how sure these are.

    ``seconds`` are 1 where the second of two classes is chosen, else 0; ``sure`` is how much it is. Both have a column
    for each two classes, as ``sklearn.utils.multiclass._ovr_decision_function`` has them.
    """
    pairs = list(combinations(range(classes), 2))
    first, second = (np.eye(classes)[[pair[place] for pair in pairs]] for place in (0, 1))
    votes = seconds.equals(0.0).number() @ first + seconds.equals(1.0).number() @ second
    sums = sure @ (second - first)
    return votes + sums / ((sums.apply("Abs") + 1.0) * 3.0)


FORMULAS: Formulas = {NuSVC: machine, SGDClassifier: descended, SVC: machine}
"""What each of them computes; of support vector machines those alone whose margins break ties."""
