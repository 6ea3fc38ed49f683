"""Reading: what XGBoost itself writes of a model, as a forest or as a linear function.

The format is that of XGBoost's ``doc/model.schema``; it keeps every float32 with the digits that it takes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lading.bundles.records import Scalar
from lading.converters.boosting.category_splits import Side
from lading.converters.boosting.forest import LEAF, Forest, Tree, constant

LOGIT = frozenset({"binary:logistic", "reg:logistic"})
LOG = frozenset({"count:poisson", "reg:gamma", "reg:tweedie", "survival:aft", "survival:cox"})


@dataclass(frozen=True)
class Names:
    """The names of categories as XGBoost keeps them.

    It counts letters where it should count bytes, so that of names that are not all ASCII the bytes are cut short.
    """

    text: bytes
    ends: tuple[int, ...]

    def read(self, candidates: Sequence[Scalar] | None) -> tuple[str, ...] | None:
        """The names; where they were cut, the sorted ``candidates`` if they are what was cut, else None."""
        if self.text.isascii():
            spans = zip((0, *self.ends), self.ends, strict=False)
            return tuple(self.text[start:end].decode() for start, end in spans)
        names = tuple(sorted(map(str, () if candidates is None else candidates)))
        ends = tuple(np.cumsum([len(name) for name in names]).tolist())
        same = ends == self.ends and "".join(names).encode()[: len(self.text)] == self.text
        return names if same else None


@dataclass(frozen=True)
class Linear:
    """A linear function in place of trees."""

    weights: np.ndarray
    """Float64 ``[columns, targets]``."""
    base: np.ndarray
    """Float64 ``[targets]``."""


@dataclass(frozen=True)
class Read:
    """One booster."""

    objective: str
    columns: int
    targets: int
    """How many sums: of classes, targets or quantiles."""
    classes: int
    """0 where it is not told of more than two."""
    function: Forest | Linear
    categories: Mapping[int, "Names | tuple[Scalar, ...]"]
    """What the codes stand for, by the position of the column: numbers, or texts."""


def read(booster: Any, rounds: int | None = None) -> Read:
    """What a ``Booster`` computes, with the first ``rounds`` of boosting, or all of them."""
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    params, objective = learner["learner_model_param"], learner["objective"]["name"]
    classes, columns = int(params["num_class"]), int(params["num_feature"])
    targets = max(classes, int(params.get("num_target", 1)), 1)
    base = _margins(objective, params["base_score"], targets)
    part = learner["gradient_booster"]
    model = part["gbtree"]["model"] if part["name"] == "dart" else part["model"]
    if part["name"] == "gblinear":
        weights = np.asarray(model["weights"], dtype=np.float64).reshape(-1, targets)
        # A linear booster starts the sums of all classes with the number that is the first one's.
        return Read(objective, columns, targets, classes, Linear(weights[:-1], weights[-1] + base[0]), {})
    trees = _trees(model, part.get("weight_drop"), rounds, targets)
    forest = Forest((constant(base.tolist()), *trees), targets, columns, strict=True, narrow=True)
    return Read(objective, columns, targets, classes, forest, _categories(model.get("cats")))


def _margins(objective: str, said: str, targets: int) -> np.ndarray:
    """What the sums start with; XGBoost computes it in float32 of the number that it tells."""
    values = np.asarray(json.loads(said) if said.startswith("[") else [float(said)], dtype=np.float32)
    base = np.broadcast_to(values, (targets,))
    if objective in LOGIT:
        base = -np.log(np.float32(1.0) / base - np.float32(1.0))
    elif objective in LOG:
        base = np.log(base)
    return base.astype(np.float64)


def _trees(model: Mapping[str, Any], weights: Sequence[float] | None, rounds: int | None, targets: int) -> list[Tree]:
    ends = model["iteration_indptr"]
    count = ends[min(rounds, len(ends) - 1)] if rounds is not None else len(model["trees"])
    shares = np.ones(count) if weights is None else np.asarray(weights[:count], dtype=np.float64)
    told = zip(model["trees"][:count], model["tree_info"], shares.tolist(), strict=False)
    return [_tree(tree, group, share, targets) for tree, group, share in told]


def _tree(tree: Mapping[str, Any], group: int, share: float, targets: int) -> Tree:
    left, right = np.asarray(tree["left_children"]), np.asarray(tree["right_children"])
    conditions = np.asarray(tree["split_conditions"], dtype=np.float64)
    several = int(tree["tree_param"]["size_leaf_vector"]) > 1
    values = _vectors(tree, left, right, targets) if several else conditions.reshape(-1, 1)
    return Tree(
        features=np.asarray(tree["split_indices"], dtype=np.int64),
        thresholds=conditions.copy(),
        left=left,
        right=np.where(left == LEAF, LEAF, right),
        missing_left=np.asarray(tree["default_left"], dtype=bool),
        values=values if share == 1.0 else (values.astype(np.float32) * np.float32(share)).astype(np.float64),
        targets=tuple(range(targets)) if several else (group,),
        sides=tuple(_sides(tree)),
    )


def _vectors(tree: Mapping[str, Any], left: np.ndarray, right: np.ndarray, targets: int) -> np.ndarray:
    """The leaves of a tree for several targets; a leaf has its place among them where others have their right child.

    Before XGBoost 3.2 every node had a row, leaf or not.
    """
    if "leaf_weights" not in tree:
        return np.asarray(tree["base_weights"], dtype=np.float64).reshape(-1, targets)
    weights = np.asarray(tree["leaf_weights"], dtype=np.float64).reshape(-1, targets)
    return weights[np.where(left == LEAF, right, 0)]


def _sides(tree: Mapping[str, Any]) -> list[Side]:
    """The nodes that look for categories: those that are listed go right."""
    found = zip(tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True)
    return [
        Side(node, tree["split_indices"][node], tuple(sorted(tree["categories"][start : start + size])), left=False)
        for node, start, size in found
    ]


def _categories(told: Mapping[str, Any] | None) -> dict[int, Names | tuple[Scalar, ...]]:
    entries = [] if told is None else told["enc"]
    return {place: _names(entry) for place, entry in enumerate(entries) if entry["values"]}


def _names(entry: Mapping[str, Any]) -> Names | tuple[Scalar, ...]:
    """The categories of one column in the order of their codes: numbers, or texts that lie one after the other."""
    if "offsets" not in entry:
        return tuple(entry["values"])
    return Names(bytes(value & 0xFF for value in entry["values"]), tuple(entry["offsets"][1:]))
