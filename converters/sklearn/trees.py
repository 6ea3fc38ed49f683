"""Decision trees: what the stock converters leave out, so that a graph decides as scikit-learn does, missing values too.

Trees and forests compare float32 with their thresholds, histogram gradient boosting compares float64.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from skl2onnx.common._registration import get_converter
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from lading.converters.sklearn.nodes import Writer

Write = Callable[[Any, Any, Any], None]

SINGLE = (DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor)
FORESTS = (RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier, ExtraTreesRegressor)
BOOSTED = (GradientBoostingClassifier, GradientBoostingRegressor)
HISTOGRAM = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)


def write_float_trees(scope: Any, operator: Any, container: Any) -> None:
    """Write trees that compare float32, with the stock converter, whatever the types around them."""
    source, targets = operator.inputs[0], list(operator.outputs)
    writer, first = Writer(scope, container), len(container.nodes)
    cast = scope.declare_local_variable("float", FloatTensorType(list(source.type.shape)))
    writer.node("Cast", [source.full_name], cast.full_name, to=TensorProto.FLOAT)
    floats = [_as_float(scope, target) for target in targets]
    stand_in = _Operator(operator, [cast], floats)
    get_converter(operator.type)(scope, stand_in, container)
    _repair(container.nodes[first:], operator.raw_operator)
    for target, found in zip(targets, floats, strict=True):
        if found is not target:
            writer.node("Cast", [found.full_name], target.full_name, to=TensorProto.DOUBLE)


class _Operator:
    """What a stock converter asks of an operator, with other inputs and outputs than the operator's own."""

    def __init__(self, operator: Any, inputs: list[Any], outputs: list[Any]) -> None:
        self.type, self.raw_operator, self.target_opset = operator.type, operator.raw_operator, operator.target_opset
        self.onnx_name, self.inputs, self.outputs = operator.onnx_name, inputs, outputs

    @property
    def input_full_names(self) -> list[str]:
        return [variable.full_name for variable in self.inputs]

    @property
    def output_full_names(self) -> list[str]:
        return [variable.full_name for variable in self.outputs]


def _as_float(scope: Any, target: Any) -> Any:
    if not isinstance(target.type, DoubleTensorType):
        return target
    return scope.declare_local_variable("float", FloatTensorType(list(target.type.shape)))


def _repair(nodes: Sequence[Any], model: Any) -> None:
    """Send missing values the way that each tree learnt; the stock converter always sends them right."""
    if isinstance(model, BOOSTED):
        return  # they take no missing values
    trees = [model.tree_] if isinstance(model, SINGLE) else [tree.tree_ for tree in model.estimators_]
    for node in nodes:
        if node.op_type.startswith("TreeEnsemble"):
            found = {attribute.name: attribute for attribute in node.attribute}
            places = zip(found["nodes_treeids"].ints, found["nodes_nodeids"].ints, strict=True)
            left = [int(trees[tree].missing_go_to_left[place]) for tree, place in places]
            tracks = found["nodes_missing_value_tracks_true"]
            leaves = [mode == b"LEAF" for mode in found["nodes_modes"].strings]
            del tracks.ints[:]
            tracks.ints.extend(0 if leaf else goes for goes, leaf in zip(left, leaves, strict=True))
            tracks.type = 7  # AttributeProto.INTS; the stock converter may have left it empty


def write_histogram_trees(scope: Any, operator: Any, container: Any) -> None:
    """Write histogram gradient boosting as one ensemble of float64 thresholds, and its link function."""
    writer, model = Writer(scope, container), operator.raw_operator
    source = writer.node("Cast", [operator.inputs[0].full_name], to=TensorProto.DOUBLE)
    sides = _sides(model)
    if sides:
        source = writer.node("Concat", [source, *(_side(writer, source, *side) for side in sides)], axis=1)
    raw = writer.node("TreeEnsembleRegressor", [source], domain="ai.onnx.ml", op_version=3, **_ensemble(model))
    raw = writer.node("Cast", [raw], to=TensorProto.DOUBLE)
    base = np.asarray(model._baseline_prediction, dtype=np.float64).reshape(1, -1)
    raw = writer.node("Add", [raw, writer.constant(base)])
    answer = _linked(writer, raw, model._loss.link.__class__.__name__)
    target = operator.outputs[-1]
    to = TensorProto.DOUBLE if isinstance(target.type, DoubleTensorType) else TensorProto.FLOAT
    writer.node("Cast", [answer], target.full_name, to=to)
    if isinstance(model, HistGradientBoostingClassifier):
        _write_label(writer, model, answer, operator.outputs[0].full_name)


def splits_on_categories(model: Any) -> bool:
    """Whether trees split on sets of categories, which ``_preprocessor`` numbers for them."""
    return isinstance(model, HISTOGRAM) and getattr(model, "is_categorical_", None) is not None


CODES = 256
"""No more categories has a column that histogram gradient boosting takes."""


def _sides(model: Any) -> list[tuple[int, np.ndarray]]:
    """Of each split on categories, in the order of its nodes: the column, and which codes go left."""
    found = []
    for tree in (tree for step in model._predictors for tree in step):
        for node in tree.nodes:
            if node["is_categorical"] and not node["is_leaf"]:
                words = tree.raw_left_cat_bitsets[node["bitset_idx"]]
                codes = np.arange(CODES)
                found.append((int(node["feature_idx"]), (words[codes // 32] >> (codes % 32).astype(np.uint32)) & 1))
    return found


def _side(writer: Writer, source: str, feature: int, left: np.ndarray) -> str:
    """A column for one split: 0 where a row goes left, 1 where it goes right, NaN where its category is missing."""
    column = writer.node("Gather", [source, writer.constant(np.array([feature]))], axis=1)
    absent = writer.node("IsNaN", [column])
    code = writer.node("Where", [absent, writer.constant(np.full((1, 1), float(CODES))), column])
    table = writer.constant(np.append(1.0 - left, np.nan))
    return writer.node("Gather", [table, writer.node("Cast", [code], to=TensorProto.INT64)], axis=0)


def _linked(writer: Writer, raw: str, link: str) -> str:
    if link == "LogitLink":
        second = writer.node("Sigmoid", [raw])
        one = writer.constant(np.ones((1, 1)))
        return writer.node("Concat", [writer.node("Sub", [one, second]), second], axis=1)
    if link == "MultinomialLogit":
        return writer.node("Softmax", [raw], axis=1)
    return writer.node("Exp", [raw]) if link == "LogLink" else raw


def _write_label(writer: Writer, model: Any, answer: str, target: str) -> None:
    place = writer.node("ArgMax", [answer], axis=1, keepdims=0)
    classes = model.classes_
    names = classes.astype(np.int64) if classes.dtype.kind in "biuf" else classes.astype(object)
    writer.node("Gather", [writer.constant(names), place], target, axis=0)


def _ensemble(model: Any) -> dict[str, Any]:
    """The attributes of the ensemble: every node of every tree, thresholds and leaves in float64."""
    trees = [tree for step in model._predictors for tree in step]
    targets = int(model.n_trees_per_iteration_)
    nodes = [(number, place, node) for number, tree in enumerate(trees) for place, node in enumerate(tree.nodes)]
    leaves = [(number, place, node) for number, place, node in nodes if node["is_leaf"]]
    inner = [(0 if node["is_leaf"] else 1, node) for _, _, node in nodes]
    thresholds = np.array([node["num_threshold"] if branch else 0.0 for branch, node in inner], dtype=np.float64)
    features = [int(node["feature_idx"]) * branch for branch, node in inner]
    sets = [place for place, (branch, node) in enumerate(inner) if branch and node["is_categorical"]]
    for column, place in enumerate(sets):
        features[place], thresholds[place] = model.n_features_in_ + column, 0.5
    weights = np.array([node["value"] for _, _, node in leaves], dtype=np.float64)
    return {
        "n_targets": targets,
        "post_transform": "NONE",
        "nodes_treeids": [number for number, _, _ in nodes],
        "nodes_nodeids": [place for _, place, _ in nodes],
        "nodes_featureids": features,
        "nodes_modes": ["BRANCH_LEQ" if branch else "LEAF" for branch, _ in inner],
        "nodes_values_as_tensor": _tensor("nodes_values", thresholds),
        "nodes_truenodeids": [int(node["left"]) * branch for branch, node in inner],
        "nodes_falsenodeids": [int(node["right"]) * branch for branch, node in inner],
        "nodes_missing_value_tracks_true": [int(node["missing_go_to_left"]) * branch for branch, node in inner],
        "target_treeids": [number for number, _, _ in leaves],
        "target_nodeids": [place for _, place, _ in leaves],
        "target_ids": [number % targets for number, _, _ in leaves],
        "target_weights_as_tensor": _tensor("target_weights", weights),
    }


def _tensor(name: str, values: np.ndarray) -> Any:
    return helper.make_tensor(name, TensorProto.DOUBLE, list(values.shape), values.tolist())


WRITERS: dict[type, Write] = dict.fromkeys((*SINGLE, *FORESTS, *BOOSTED), write_float_trees) | dict.fromkeys(
    HISTOGRAM, write_histogram_trees
)
"""What writes each kind of tree."""
