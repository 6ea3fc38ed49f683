"""The soundness of trees: that none of their indices points outside, since compiled code follows them without looking."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lading.converters.harmless import DISTANCES, FOLLOWED


def unsound(model: object) -> str | None:
    """The class of the first tree inside ``model`` that must not be followed; None when all are sound."""
    for part in _parts(model):
        check = _CHECKS.get(type(part).__name__) if _name(part) in FOLLOWED else None
        if (check is not None and not check(part)) or not _consistent(part):
            return type(part).__name__
    return None


def _name(part: object) -> str:
    return f"{type(part).__module__}.{type(part).__qualname__}"


def _parts(model: object) -> Iterator[object]:
    """Everything that the model holds, itself first."""
    waiting, seen = [model], dict[int, object]()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen[id(part)] = part  # kept, so that no other object gets the same id
        yield part
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple | set | frozenset):
            waiting.extend(part)
        elif isinstance(part, np.ndarray):
            waiting.extend(part.ravel().tolist() if part.dtype == object else ())
        if not isinstance(part, type):
            waiting.extend(getattr(part, "__dict__", {}).values())


def _decision_tree(tree: Any) -> bool:
    """Whether children come after their parents and inside the tree, and features are among those of the tree."""
    count = tree.node_count
    if count < 1 or tree.capacity != count:
        return False
    left, right = tree.children_left, tree.children_right
    inner = left != -1
    return (
        _follow(left[inner], right[inner], np.flatnonzero(inner), count)
        and bool((right[~inner] == -1).all())
        and _within(tree.feature[inner], tree.n_features)
    )


def _histogram_tree(tree: Any) -> bool:
    """The same for histogram gradient boosting; splits by category cannot be told from the tree alone."""
    nodes = tree.nodes
    if not isinstance(nodes, np.ndarray) or nodes.ndim != 1 or not len(nodes):
        return False
    inner = nodes["is_leaf"] == 0
    left, right = nodes["left"][inner].astype(np.int64), nodes["right"][inner].astype(np.int64)
    return _follow(left, right, np.flatnonzero(inner), len(nodes)) and not nodes["is_categorical"].any()


def _neighbour_tree(tree: Any) -> bool:
    """Whether each node's rows are rows of the data, and every inner node has two children."""
    data, rows, nodes, bounds, _, _, count, *_, distance, _ = tree.__getstate__()
    if _name(distance) not in DISTANCES or not len(nodes) == count == bounds.shape[1] > 0:
        return False
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    return (
        rows.shape == (len(data),)
        and _within(rows, len(data))
        and bounds.shape[::2] == (2 if type(tree).__name__ == "KDTree" else 1, data.shape[1])
        and bool((nodes["idx_start"] <= nodes["idx_end"]).all())
        and _within(nodes["idx_start"], len(data) + 1)
        and _within(nodes["idx_end"], len(data) + 1)
        and _within(2 * inner + 2, count)
    )


_CHECKS = {
    "Tree": _decision_tree,
    "TreePredictor": _histogram_tree,
    "KDTree": _neighbour_tree,
    "BallTree": _neighbour_tree,
}


def _consistent(owner: Any) -> bool:
    """Whether an estimator hands its trees rows as wide as they expect, and room for as many answers as they give."""
    held = getattr(owner, "__dict__", {})
    width: Any = held.get("n_features_in_")
    tree: Any = held.get("tree_")
    if _is_tree(tree) and tree.n_features != width:
        return False
    if isinstance(steps := held.get("_predictors"), list) and isinstance(width, int):
        trees = [tree for step in steps for tree in step]
        return all(_within(tree.nodes["feature_idx"][tree.nodes["is_leaf"] == 0], width) for tree in trees)
    if type(owner).__module__.startswith(_ENSEMBLES):
        return _fitting(held, width)
    return True


_ENSEMBLES = ("sklearn.ensemble._forest", "sklearn.ensemble._gb", "sklearn.ensemble._iforest")
"""Where ensembles hand rows to their trees without the trees' own checks."""


def _fitting(held: Mapping[str, Any], width: object) -> bool:
    members = np.ravel(np.asarray(held.get("estimators_", ()), dtype=object))
    trees = [member.tree_ for member in members if _is_tree(getattr(member, "tree_", None))]
    if "estimators_features_" in held:  # each tree has columns of its own
        widths = [len(features) for features in held["estimators_features_"]]
        return widths == [tree.n_features for tree in trees]
    if "n_trees_per_iteration_" in held and held["n_trees_per_iteration_"] != np.shape(held["estimators_"])[-1]:
        return False  # gradient boosting writes one column for each tree
    return all(tree.n_features == width for tree in trees)


def _is_tree(part: object) -> bool:
    return _name(part) in FOLLOWED and hasattr(part, "n_features")


def _follow(left: np.ndarray, right: np.ndarray, parents: np.ndarray, count: int) -> bool:
    return all(bool((side > parents).all()) and _within(side, count) for side in (left, right))


def _within(places: np.ndarray, count: int) -> bool:
    return bool(((places >= 0) & (places < count)).all())
