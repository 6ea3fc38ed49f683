"""Soundness: a tree whose indices point outside is never followed, and no sound one is refused."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.neighbors import BallTree, KDTree, KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from lading.converters.tree_soundness import unsound

ROWS, LABELS = load_iris(return_X_y=True)


def tree() -> Any:
    """A fitted tree, to be damaged."""
    return DecisionTreeClassifier(random_state=0).fit(ROWS, LABELS)


def damaged(field: str, place: int, value: int) -> Any:
    """A tree with one index of one node changed."""
    model = tree()
    state = model.tree_.__getstate__()
    state["nodes"][field][place] = value
    model.tree_.__setstate__(state)
    return model


def miscounted(count: int) -> Any:
    model = tree()
    model.tree_.__setstate__({**model.tree_.__getstate__(), "node_count": count})
    return model


def histogram(field: str, value: int) -> Any:
    model = HistGradientBoostingClassifier(max_iter=2).fit(ROWS, LABELS)
    model._predictors[0][0].nodes[field][0] = value
    return model


def without_nodes() -> Any:
    model = HistGradientBoostingClassifier(max_iter=2).fit(ROWS, LABELS)
    model._predictors[0][0].nodes = model._predictors[0][0].nodes[:0]
    return model


def neighbours(place: int, value: Any) -> Any:
    """Neighbours in a tree with one part of its state replaced: 1 are the rows, 2 the nodes, 6 their number."""
    model = KNeighborsClassifier(algorithm="kd_tree").fit(ROWS, LABELS)
    state = list(model._tree.__getstate__())
    state[place] = value(state[place])
    model._tree.__setstate__(tuple(state))
    return model


def changed(model: Any, **attributes: Any) -> Any:
    model.fit(ROWS, LABELS)
    for name, value in attributes.items():
        setattr(model, name, value)
    return model


def shifted(nodes: np.ndarray) -> np.ndarray:
    moved = nodes.copy()
    moved["idx_end"] += 10**6
    return moved


UNSOUND: dict[str, Any] = {
    "a child outside": lambda: damaged("left_child", 0, 10**6),
    "a child before its parent": lambda: damaged("right_child", 2, 0),
    "a leaf with a child": lambda: damaged("left_child", 0, -1),
    "a feature that there is not": lambda: damaged("feature", 0, 4),
    "a negative feature": lambda: damaged("feature", 0, -1),
    "more nodes than there are": lambda: miscounted(10**6),
    "no nodes": lambda: miscounted(0),
    "a model of fewer columns": lambda: changed(tree(), n_features_in_=2),
    "a forest of fewer columns": lambda: changed(RandomForestClassifier(2), n_features_in_=2),
    "boosting with too little room": lambda: changed(GradientBoostingClassifier(n_estimators=2), n_trees_per_iteration_=1),
    "an isolation forest with fewer columns": lambda: changed(
        IsolationForest(n_estimators=2), estimators_features_=[[0], [1]]
    ),
    "a histogram's child outside": lambda: histogram("left", 10**6),
    "a histogram's feature outside": lambda: histogram("feature_idx", 4),
    "a histogram's category": lambda: histogram("is_categorical", 1),
    "a histogram without nodes": lambda: without_nodes(),
    "a neighbour's row outside": lambda: neighbours(1, lambda rows: rows + 1),
    "a neighbour's node outside": lambda: neighbours(2, shifted),
    "more nodes than neighbours have": lambda: neighbours(6, lambda count: count + 10**6),
}  # fmt: skip


@pytest.mark.parametrize("make", UNSOUND.values(), ids=UNSOUND)
def test_trees_that_point_outside_are_found(make: Any) -> None:
    assert unsound({"inside": [make()]}) is not None


@pytest.mark.parametrize("kind", [KDTree, BallTree])
def test_neighbours_of_any_number_of_rows_are_sound(kind: Any) -> None:
    for rows in (1, 2, 39, 40, 41, 150):
        assert unsound(kind(ROWS[:rows], leaf_size=5)) is None


def test_neighbours_by_a_distance_with_weights_of_its_own_are_not_followed() -> None:
    assert unsound(BallTree(ROWS, metric="seuclidean", V=np.ones(4))) is not None
