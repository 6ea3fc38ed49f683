"""Reading: what LightGBM itself writes of a model, the text that it saves and loads, as a forest.

The format is that of LightGBM's ``GBDT::SaveModelToString`` and ``Tree::ToString``; it keeps every float64.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lading.converters.boosting.category_splits import Side
from lading.converters.boosting.forest import LEAF, Forest, Tree

CATEGORICAL, DEFAULT_LEFT = 1, 2
"""Bits of a node's ``decision_type``; the two above them say what is missing."""
NOTHING, ZERO, NAN = 0, 1, 2

TINY = float(np.float32(1e-35))
"""LightGBM takes numbers up to this, of either sign, for 0."""


@dataclass(frozen=True)
class Lines:
    """The linear functions of all leaves of a model, one row for each, in the order of trees and leaves."""

    constants: np.ndarray
    """Float64 ``[leaves]``."""
    weights: np.ndarray
    """Float64 ``[leaves, columns]``."""
    used: np.ndarray
    """Which columns a leaf looks at, bool ``[leaves, columns]``."""
    otherwise: np.ndarray
    """What a leaf adds where one of these is missing, float64 ``[leaves]``."""


@dataclass(frozen=True)
class Read:
    """One booster."""

    objective: str
    """Its name; empty where it is the user's own."""
    options: Mapping[str, str]
    """What follows it, ``sigmoid`` for instance; without a value those that are only said."""
    targets: int
    columns: int
    zeros: tuple[int, ...]
    """The columns in which 0 is a missing value; each has a copy, behind the others, where it is NaN."""
    forest: Forest
    lines: Lines | None
    """Where leaves are linear functions; the forest's trees then say which leaf it is."""
    share: float
    """What the sums are multiplied with."""
    categorical: tuple[int, ...]
    """The columns that hold categories."""
    highest: Mapping[int, float]
    """The largest number or code in training, by column; absent where nothing was learnt from it."""


def read(booster: Any) -> Read:
    """What a ``Booster`` computes, with its best iteration where it stopped early."""
    head, *blocks = _blocks(booster.model_to_string())
    said = dict(part.partition("=")[::2] for part in head.splitlines())
    objective, *options = said.get("objective", "custom").split()
    targets, columns = int(said["num_tree_per_iteration"]), int(said["max_feature_idx"]) + 1
    told = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in blocks]
    zeros = sorted({int(place) for one in told for place in _missing_zeros(one)})
    trees = [_tree(one, number % targets, {place: columns + at for at, place in enumerate(zeros)}) for number, one in enumerate(told)]  # fmt: skip
    lines = _lines(told, columns) if any(int(one.get("is_linear", 0)) for one in told) else None
    if lines is not None:
        trees = _numbered(trees)
    forest = Forest(
        tuple(trees),
        len(trees) if lines is not None else targets,
        columns + len(zeros),
        strict=False,
        narrow=False,
        floors=False,
    )
    return Read(
        objective=objective if objective != "custom" else "",
        options=dict(option.partition(":")[::2] for option in options),
        targets=targets,
        columns=columns,
        zeros=tuple(zeros),
        forest=forest,
        lines=lines,
        share=targets / len(told) if "average_output" in said and told else 1.0,
        categorical=tuple(_categorical(said.get("feature_infos", ""))),
        highest=dict(_highest(said.get("feature_infos", ""))),
    )


def _blocks(text: str) -> list[str]:
    """What is said of the whole model, and then of each tree."""
    return text.partition("\nend of trees")[0].split("\nTree=")


def _categorical(infos: str) -> Iterator[int]:
    """The columns whose values are listed rather than spanned."""
    for place, info in enumerate(infos.split()):
        if info != "none" and not info.startswith("["):
            yield place


def _highest(infos: str) -> Iterator[tuple[int, float]]:
    """The largest number or code of each column."""
    for place, info in enumerate(infos.split()):
        if info != "none":
            yield place, max(map(float, info.strip("[]").split(":")))


def _missing_zeros(told: Mapping[str, str]) -> np.ndarray:
    kinds, features = _numbers(told, "decision_type", np.int64), _numbers(told, "split_feature", np.int64)
    return np.asarray(features[((kinds & CATEGORICAL) == 0) & (kinds >> 2 & 3 == ZERO)])


def _numbers(told: Mapping[str, str], name: str, kind: type) -> np.ndarray:
    return np.array(told.get(name, "").split(), dtype=kind)


def _tree(told: Mapping[str, str], target: int, zeros: Mapping[int, int]) -> Tree:
    """The tree with its leaves behind its other nodes."""
    leaves = _numbers(told, "leaf_value", np.float64)
    count, ends = len(leaves) - 1, np.full(len(leaves), LEAF)
    kinds, features = _numbers(told, "decision_type", np.int64), _numbers(told, "split_feature", np.int64)
    thresholds = _numbers(told, "threshold", np.float64)
    missing, categorical = kinds >> 2 & 3, (kinds & CATEGORICAL) > 0
    # Where nothing is missing, NaN is compared as 0; of categories a missing one is none of those that go left.
    left = np.where(missing == NOTHING, thresholds >= 0.0, (kinds & DEFAULT_LEFT) > 0) & ~categorical
    sides = tuple(_sides(told, features, thresholds, np.flatnonzero(categorical)))
    moved = [zeros.get(int(feature), int(feature)) if kind == ZERO and not listed else int(feature) for feature, kind, listed in zip(features, missing, categorical, strict=True)]  # fmt: skip
    children = [_numbers(told, name, np.int64) for name in ("left_child", "right_child")]
    places = [np.append(np.where(child < 0, count + ~child, child), ends) for child in children]
    return Tree(
        features=np.append(np.array(moved, dtype=np.int64), np.zeros(count + 1, dtype=np.int64)),
        thresholds=np.append(_beside_zero(thresholds), np.zeros(count + 1)),
        left=places[0],
        right=places[1],
        missing_left=np.append(left, np.zeros(count + 1, dtype=bool)),
        values=np.append(np.zeros(count), leaves).reshape(-1, 1),
        targets=(target,),
        sides=sides,
    )


def _beside_zero(thresholds: np.ndarray) -> np.ndarray:
    """The thresholds, moved so that all numbers that count as 0 lie on the side of 0."""
    lower, upper = (thresholds >= -TINY) & (thresholds < 0.0), (thresholds >= 0.0) & (thresholds <= TINY)
    return np.where(lower, np.nextafter(-TINY, -np.inf), np.where(upper, TINY, thresholds))


def _sides(told: Mapping[str, str], features: np.ndarray, sets: np.ndarray, nodes: np.ndarray) -> Iterator[Side]:
    """The nodes that look for categories: the bits of the words between two bounds say which go left."""
    bounds, words = _numbers(told, "cat_boundaries", np.int64), _numbers(told, "cat_threshold", np.int64)
    for node in nodes.tolist():
        part = words[bounds[int(sets[node])] : bounds[int(sets[node]) + 1]]
        bits = (part[:, None] >> np.arange(32)) & 1
        yield Side(node, int(features[node]), tuple(np.flatnonzero(bits.ravel()).tolist()), left=True)


def _numbered(trees: list[Tree]) -> list[Tree]:
    """The trees with the place of each leaf among all leaves in place of its value, each for a sum of its own."""
    found, start = [], 0
    for number, tree in enumerate(trees):
        leaf = tree.left == LEAF
        places = np.zeros((len(leaf), 1))
        places[leaf, 0] = start + np.arange(leaf.sum())
        start += int(leaf.sum())
        found.append(
            Tree(
                tree.features, tree.thresholds, tree.left, tree.right, tree.missing_left, places, (number,), tree.sides
            )
        )
    return found


def _lines(told: list[dict[str, str]], columns: int) -> Lines:
    parts = [_lines_of(one, columns) for one in told]
    joined = [np.concatenate([getattr(part, name) for part in parts]) for name in ("constants", "weights", "used", "otherwise")]  # fmt: skip
    return Lines(*joined)


def _lines_of(told: Mapping[str, str], columns: int) -> Lines:
    """The linear functions of one tree's leaves; constants where it has none."""
    values = _numbers(told, "leaf_value", np.float64)
    weights, used = np.zeros((len(values), columns)), np.zeros((len(values), columns), dtype=bool)
    if not int(told.get("is_linear", 0)):
        return Lines(values, weights, used, values)
    counts = _numbers(told, "num_features", np.int64)
    rows, features = np.repeat(np.arange(len(values)), counts), _numbers(told, "leaf_features", np.int64)
    weights[rows, features], used[rows, features] = _numbers(told, "leaf_coeff", np.float64), True
    return Lines(_numbers(told, "leaf_const", np.float64), weights, used, values)
