"""Isolation: how soon the trees of a forest set a row apart from the others."""

from typing import Any

import numpy as np
from onnx import TensorProto, helper
from sklearn.ensemble import IsolationForest
from sklearn.ensemble._iforest import _average_path_length

from lading.converters.sklearn.formulas.value import Formulas, Value


def isolation(model: Any, x: Value) -> tuple[Value, Value]:
    """Inlier or outlier by the mean depth of the leaves (Liu and others, Isolation Forest, 2008).

    All trees are one ensemble whose leaves hold their depth and the mean path within; scikit-learn compares float32.
    """
    narrow = x.apply("Cast", to=TensorProto.FLOAT).number()
    depths = narrow.apply("TreeEnsembleRegressor", domain="ai.onnx.ml", op_version=3, **_ensemble(model)).number()
    longest = len(model.estimators_) * float(_average_path_length([model._max_samples])[0])
    scores = (depths * (-np.log(2.0) / longest)).exp() if longest else depths * 0.0 + 0.5
    decision = -scores - float(model.offset_)
    return ((decision >= 0.0).whole() * np.array([2]) - np.array([1])).reshape(-1), decision


def _ensemble(model: Any) -> dict[str, Any]:
    trees = [estimator.tree_ for estimator in model.estimators_]
    counts = [tree.node_count for tree in trees]

    def joined(values: list[np.ndarray], kind: type) -> list[Any]:
        return np.concatenate(values).astype(kind).tolist()

    leaves = [tree.children_left < 0 for tree in trees]
    chosen = [
        columns[np.maximum(tree.feature, 0)] for tree, columns in zip(trees, model.estimators_features_, strict=True)
    ]
    parts = zip(model._decision_path_lengths, model._average_path_length_per_tree, leaves, strict=True)
    depths = np.concatenate([(steps + beyond - 1.0)[leaf] for steps, beyond, leaf in parts])
    thresholds = np.concatenate([np.where(leaf, 0.0, tree.threshold) for tree, leaf in zip(trees, leaves, strict=True)])
    learnt = [np.where(leaf, 0, tree.missing_go_to_left) for tree, leaf in zip(trees, leaves, strict=True)]
    return {
        "n_targets": 1,
        "post_transform": "NONE",
        "nodes_treeids": np.repeat(np.arange(len(trees)), counts).tolist(),
        "nodes_nodeids": joined([np.arange(count) for count in counts], int),
        "nodes_featureids": joined(chosen, int),
        "nodes_modes": ["LEAF" if leaf else "BRANCH_LEQ" for leaf in np.concatenate(leaves)],
        "nodes_values_as_tensor": _tensor("nodes_values", thresholds),
        "nodes_truenodeids": joined([np.maximum(tree.children_left, 0) for tree in trees], int),
        "nodes_falsenodeids": joined([np.maximum(tree.children_right, 0) for tree in trees], int),
        "nodes_missing_value_tracks_true": joined(learnt, int),
        "target_treeids": np.repeat(np.arange(len(trees)), [leaf.sum() for leaf in leaves]).tolist(),
        "target_nodeids": joined([np.flatnonzero(leaf) for leaf in leaves], int),
        "target_ids": [0] * len(depths),
        "target_weights_as_tensor": _tensor("target_weights", depths),
    }


def _tensor(name: str, values: np.ndarray) -> Any:
    return helper.make_tensor(name, TensorProto.DOUBLE, list(values.shape), values.tolist())


FORMULAS: Formulas = {IsolationForest: isolation}
"""What it computes."""
