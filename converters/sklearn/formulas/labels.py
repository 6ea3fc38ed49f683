"""Labels: what classifiers of several labels answer for each of their targets."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from lading.converters.boosting import links
from lading.converters.boosting.forest import Forest, Tree, sums
from lading.converters.sklearn.formulas.composites import Ask, chained, is_constant, is_scored, members, scores
from lading.converters.sklearn.formulas.value import Said, Value
from lading.converters.sklearn.several import classes_of, is_several

ACTIVATIONS: Mapping[str, Callable[[Value], Value]] = {
    "identity": lambda x: x,
    "logistic": lambda x: x.apply("Sigmoid"),
    "relu": lambda x: x.apply("Max", 0.0),
    "tanh": lambda x: x.apply("Tanh"),
}
"""What a network's layers make of their sums, but the last."""


def one_each(model: Any, x: Value, ask: Ask) -> list[Said]:
    """What a member says of each target."""
    return [_said(ask(place)) for place in range(len(classes_of(model)))]


def _said(answers: Sequence[Value]) -> Said:
    return answers[0].reshape(-1), answers[1]


def chain(model: Any, x: Value, ask: Ask) -> list[Said]:
    """One target after the other, each asked with what was said of those before it."""
    told: Mapping[str, Callable[[Ask, int], Value]] = {
        "predict": lambda asked, place: asked(place)[0].number(),
        "predict_proba": lambda asked, place: asked(place)[1].columns([1]),
        "predict_log_proba": lambda asked, place: asked(place)[1].columns([1]).log(),
        "decision_function": lambda asked, place: scores(model, asked, place),
    }
    return [_said(asked(place)) for place, asked in chained(model, x, ask, told[_told(model)])]


def _told(model: Any) -> str:
    """What the members of a chain hand on to those behind them."""
    return str(getattr(model, "chain_method_", "predict"))


def hands_on_margins(model: Any) -> bool:
    """Whether a chain hands on decision functions that the graph does not have."""
    margins = isinstance(model, ClassifierChain) and _told(model) == "decision_function"
    return margins and not all(is_scored(member) for _, member in members(model))


def one_against_the_rest(model: Any, x: Value, ask: Ask) -> list[Said]:
    """Whether a row has each label; one that all rows of the training had, or none, is not asked for."""
    said = {place: ask(place) for place, member in enumerate(model.estimators_) if not is_constant(member)}
    blank = next(iter(said.values()))[0].reshape(-1, 1).whole() * np.array([[0]])
    found: list[Said] = []
    for place, member in enumerate(model.estimators_):
        if place in said:
            label, probabilities = said[place]
            found.append((label.reshape(-1).equals(np.asarray(member.classes_[1:])).whole(), probabilities))
        else:
            always = int(member.y_[0])
            shares = np.array([[1.0 - always, float(always)]])
            found.append(((blank + np.array([[always]])).reshape(-1), blank.number() + shares))
    return found


def judges_otherwise(model: Any) -> bool:
    """Whether scikit-learn compares decision functions with one half, as it does where the first label is constant."""
    if not (isinstance(model, OneVsRestClassifier) and is_several(model) and is_constant(model.estimators_[0])):
        return False
    asked = [member for member in model.estimators_ if not is_constant(member)]
    return not asked or hasattr(asked[0], "decision_function")


def trees(model: Any, x: Value, ask: Ask) -> list[Said]:
    """The mean of the shares of the classes in the leaves, of all targets at once."""
    grown, known = getattr(model, "estimators_", [model]), classes_of(model)
    counts = [len(classes) for classes in known]
    forest = Forest(
        tuple(_tree(member.tree_, counts) for member in grown), sum(counts), model.n_features_in_, False, False
    )
    shares = sums(forest, x.apply("Cast", to=TensorProto.FLOAT).number()) / float(len(grown))
    places = np.split(np.arange(sum(counts)), np.cumsum(counts)[:-1])
    return [_largest(classes, shares.columns(at)) for classes, at in zip(known, places, strict=True)]


def _tree(tree: Any, counts: Sequence[int]) -> Tree:
    values = [tree.value[:, target, :count] for target, count in enumerate(counts)]
    return Tree(
        features=tree.feature,
        thresholds=tree.threshold,
        left=tree.children_left,
        right=tree.children_right,
        missing_left=tree.missing_go_to_left.astype(bool),
        values=np.concatenate(values, axis=1),
        targets=tuple(range(sum(counts))),
    )


def _largest(classes: np.ndarray, probabilities: Value) -> Said:
    return named(classes, probabilities.argmax()), probabilities


def named(classes: np.ndarray, places: Value) -> Value:
    """The classes at ``places``: texts, or whole numbers, which true and false become too."""
    return places.constant(classes.astype(np.int64 if classes.dtype.kind in "biuf" else object))[places]


def network(model: Any, x: Value, ask: Ask) -> list[Said]:
    """A sigmoid for each label after the last layer."""
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    for weights, intercepts in layers[:-1]:
        x = ACTIVATIONS[model.activation](_line(x, weights, intercepts))
    return links.each(links.sigmoid(_line(x, *layers[-1])), len(classes_of(model)))


def _line(x: Value, weights: np.ndarray, intercepts: np.ndarray) -> Value:
    return x @ np.asarray(weights, dtype=np.float64) + np.asarray(intercepts, dtype=np.float64)


def ridge(model: Any, x: Value, ask: Ask) -> list[Said]:
    """Whether a linear function of each label is above 0."""
    above = (_line(x, model.coef_.T, np.ravel(model.intercept_)) > 0.0).whole()
    return [(above.columns([place]).reshape(-1), None) for place in range(len(classes_of(model)))]


Labels = Callable[[Any, Value, Ask], list[Said]]

LABELS: Mapping[type, Labels] = {
    ClassifierChain: chain,
    DecisionTreeClassifier: trees,
    DummyClassifier: one_each,
    ExtraTreeClassifier: trees,
    ExtraTreesClassifier: trees,
    KNeighborsClassifier: one_each,
    MLPClassifier: network,
    MultiOutputClassifier: one_each,
    OneVsRestClassifier: one_against_the_rest,
    RadiusNeighborsClassifier: one_each,
    RandomForestClassifier: trees,
    RidgeClassifier: ridge,
    RidgeClassifierCV: ridge,
}
"""What each of them computes, where it answers with several labels."""
