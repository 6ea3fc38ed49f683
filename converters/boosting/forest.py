"""The forest: boosted trees as every framework's reader gives them, and the one operator that they become."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from lading.converters.boosting.category_splits import Side, sides_of, with_sides
from lading.converters.sklearn.formulas.value import Value

LEAF = -1
"""Where a child would be, of a node that has none."""


@dataclass(frozen=True)
class Tree:
    """One tree; node 0 is its root. Where a node's test holds, a row goes left."""

    features: np.ndarray
    """The column that each node looks at, int64 ``[nodes]``; anything at leaves."""
    thresholds: np.ndarray
    """What the column is compared with, float64 ``[nodes]``."""
    left: np.ndarray
    """The child of rows whose test holds, int64 ``[nodes]``; ``LEAF`` at leaves."""
    right: np.ndarray
    missing_left: np.ndarray
    """Whether a missing value goes left, bool ``[nodes]``."""
    values: np.ndarray
    """What leaves add, float64 ``[nodes, targets]``; anything at other nodes."""
    targets: tuple[int, ...]
    """Which sums the columns of ``values`` are added to."""
    sides: tuple[Side, ...] = ()
    """The nodes that look for categories instead of comparing."""


@dataclass(frozen=True)
class Forest:
    """Trees whose leaves are added up, in their order."""

    trees: tuple[Tree, ...]
    targets: int
    """How many sums there are."""
    columns: int
    """How many columns the trees are fed."""
    strict: bool
    """Whether a test is ``<``; otherwise ``<=``."""
    narrow: bool
    """Whether columns are compared, and leaves added, as float32; otherwise as float64."""
    floors: bool = True
    """Whether the code of a category is the whole number below; otherwise the one towards 0."""


def constant(values: Sequence[float]) -> Tree:
    """A tree of one leaf, which adds the same to every row's sums."""
    none, leaf = np.zeros(1, dtype=np.int64), np.full(1, LEAF)
    weights = np.asarray(values, dtype=np.float64).reshape(1, -1)
    return Tree(none, np.zeros(1), leaf, leaf, np.zeros(1, dtype=bool), weights, tuple(range(weights.shape[1])))


def sums(forest: Forest, x: Value) -> Value:
    """The sums of the leaves ``[N, targets]`` that the rows ``x`` fall into, float64 of float32's digits."""
    kept = [tree for tree in forest.trees if len(tree.features)]
    trees = kept if kept else [constant([0.0] * forest.targets)]
    columns = sides_of(tree.sides for tree in trees)
    if forest.narrow and columns:
        x = x.apply("Cast", to=TensorProto.FLOAT).number()
    fed = with_sides(x, columns, forest.floors)
    if forest.narrow:
        fed = fed.apply("Cast", to=TensorProto.FLOAT)
    attributes = _ensemble(forest, trees, {side: forest.columns + place for place, side in enumerate(columns)})
    return fed.apply("TreeEnsembleRegressor", domain="ai.onnx.ml", op_version=3, **attributes).number()


def _ensemble(forest: Forest, trees: Sequence[Tree], columns: dict[Side, int]) -> dict[str, Any]:
    counts = [len(tree.features) for tree in trees]
    leaves = [tree.left == LEAF for tree in trees]
    leaf = np.concatenate(leaves)
    features, thresholds = np.concatenate([tree.features for tree in trees]), _joined(trees, "thresholds")
    for place, side in _places(trees, counts):
        features[place], thresholds[place] = columns[side], 0.5
    features[leaf], thresholds[leaf] = 0, 0.0
    widths = [len(tree.targets) for tree in trees]
    weights = np.concatenate([tree.values[at].ravel() for tree, at in zip(trees, leaves, strict=True)])
    ended = [np.repeat(np.flatnonzero(at), width) for at, width in zip(leaves, widths, strict=True)]
    missing = np.where(leaf, False, _joined(trees, "missing_left"))
    mode = "BRANCH_LT" if forest.strict else "BRANCH_LEQ"
    return {
        "n_targets": forest.targets,
        "post_transform": "NONE",
        "nodes_treeids": np.repeat(np.arange(len(trees)), counts).tolist(),
        "nodes_nodeids": np.concatenate([np.arange(count) for count in counts]).tolist(),
        "nodes_featureids": features.tolist(),
        "nodes_modes": ["LEAF" if at else mode for at in leaf.tolist()],
        "nodes_truenodeids": np.where(leaf, 0, _joined(trees, "left")).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, _joined(trees, "right")).tolist(),
        "nodes_missing_value_tracks_true": missing.astype(int).tolist(),
        "target_treeids": np.repeat(np.arange(len(trees)), [len(at) for at in ended]).tolist(),
        "target_nodeids": np.concatenate(ended).tolist(),
        "target_ids": np.concatenate(
            [np.tile(tree.targets, at.sum()) for tree, at in zip(trees, leaves, strict=True)]
        ).tolist(),
        **_numbers("nodes_values", thresholds, forest.narrow),
        **_numbers("target_weights", weights, forest.narrow),
    }


def _joined(trees: Sequence[Tree], name: str) -> np.ndarray:
    return np.concatenate([getattr(tree, name) for tree in trees])


def _places(trees: Sequence[Tree], counts: Sequence[int]) -> Iterator[tuple[int, Side]]:
    """The nodes that look for categories, by their place among all nodes."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).tolist()
    for tree, start in zip(trees, starts, strict=True):
        for side in tree.sides:
            yield start + side.node, side


def _numbers(name: str, values: np.ndarray, narrow: bool) -> dict[str, Any]:
    if narrow:
        return {name: values.astype(np.float32).tolist()}
    tensor = helper.make_tensor(name, TensorProto.DOUBLE, list(values.shape), values.tolist())
    return {f"{name}_as_tensor": tensor}
