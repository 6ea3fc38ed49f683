"""Reading: what CatBoost itself writes of a model, its JSON, as a forest over columns, codes and counters.

The format is that of CatBoost's ``model_export/json_model_helpers.cpp``.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lading.converters.boosting.category_splits import Side
from lading.converters.boosting.forest import LEAF, Tree

Told = Mapping[str, Any]

UNSIGNED = 2**32 - 1
"""The hashes of categories are written as signed numbers of 32 bits."""


@dataclass(frozen=True)
class Threshold:
    """Whether a column is above a number."""

    column: int
    border: float
    missing: bool
    """Whether a missing value is."""


@dataclass(frozen=True)
class Match:
    """Whether a column holds one category."""

    column: int
    hash: int


@dataclass(frozen=True)
class Level:
    """Whether a counter is above a number."""

    counter: int
    border: float


Test = Threshold | Match | Level


@dataclass(frozen=True)
class Counter:
    """What is counted of the rows that had the same categories, and passed the same tests, in training."""

    columns: tuple[int, ...]
    """The columns whose categories are combined."""
    tests: tuple[Threshold | Match, ...]
    kind: str
    counts: Mapping[int, tuple[float, ...]]
    """By the hash of the combination."""
    denominator: float
    border: int
    """Which classes of the target count."""
    prior: tuple[float, float]
    scale: float
    shift: float

    @property
    def projection(self) -> tuple[object, ...]:
        """What is combined: counters that agree in it share a table."""
        return self.columns, self.tests


@dataclass(frozen=True)
class Read:
    """One model."""

    loss: str
    columns: int
    categorical: tuple[int, ...]
    """The columns that hold categories."""
    tests: tuple[Test, ...]
    counters: tuple[Counter, ...]
    trees: tuple[Told, ...]
    scale: float
    bias: np.ndarray
    """Float64 ``[targets]``."""
    seen: tuple[int, ...]
    """The places among the classes of those that were in some row, each of which has a sum."""


def read(model: Any, pool: Any = None) -> Read:
    """What a fitted model computes."""
    told = written(model, pool)
    features = told["features_info"]
    floats = features.get("float_features") or ()
    kinds = features.get("categorical_features") or ()
    counters = tuple(_counters(told))
    scale, bias = told["scale_and_bias"]
    params = told["model_info"]["params"]
    params = json.loads(params) if isinstance(params, str) else params
    return Read(
        loss=params["loss_function"]["type"],
        columns=len(model.feature_names_),
        categorical=tuple(one["flat_feature_index"] for one in kinds),
        tests=(*_thresholds(floats), *_matches(kinds), *_levels(features.get("ctrs") or ())),
        counters=counters,
        trees=tuple(told["oblivious_trees"] if "oblivious_trees" in told else told["trees"]),
        scale=float(scale),
        bias=np.atleast_1d(np.asarray(bias, dtype=np.float64)),
        seen=tuple((told["model_info"].get("class_params") or {}).get("class_to_label") or ()),
    )


def written(model: Any, pool: Any = None) -> dict[str, Any]:
    """The model as JSON; with the hashes of the categories in ``pool``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json", **({} if pool is None else {"pool": pool}))
        found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def _thresholds(floats: Sequence[Told]) -> list[Threshold]:
    return [
        Threshold(one["flat_feature_index"], float(border), one["nan_value_treatment"] == "AsTrue")
        for one in floats
        for border in one["borders"] or ()
    ]


def _matches(kinds: Sequence[Told]) -> list[Match]:
    return [
        Match(one["flat_feature_index"], int(value) & UNSIGNED) for one in kinds for value in one.get("values") or ()
    ]


def _levels(counters: Sequence[Told]) -> list[Level]:
    return [Level(place, float(border)) for place, one in enumerate(counters) for border in one["borders"] or ()]


def _counters(told: Told) -> list[Counter]:
    features = told["features_info"]
    floats = {one["feature_index"]: one for one in features.get("float_features") or ()}
    kinds = {one["feature_index"]: one["flat_feature_index"] for one in features.get("categorical_features") or ()}
    return [_counter(one, told["ctr_data"][one["identifier"]], floats, kinds) for one in features.get("ctrs") or ()]


def _counter(one: Told, data: Told, floats: Mapping[int, Told], kinds: Mapping[int, int]) -> Counter:
    columns, tests = [], list[Threshold | Match]()
    for element in one["elements"]:
        if element["combination_element"] == "cat_feature_value":
            columns.append(kinds[element["cat_feature_index"]])
        elif "border" in element:
            feature = floats[element["float_feature_index"]]
            tests.append(Threshold(feature["flat_feature_index"], float(element["border"]), feature["nan_value_treatment"] == "AsTrue"))  # fmt: skip
        else:
            value = next(int(element[name]) & UNSIGNED for name in ("value", "cat_feature_value") if name in element)
            tests.append(Match(kinds[element["cat_feature_index"]], value))
    flat, stride = data["hash_map"], data["hash_stride"]
    rows = [flat[start : start + stride] for start in range(0, len(flat), stride)]
    return Counter(
        columns=tuple(columns),
        tests=tuple(tests),
        kind=one["ctr_type"],
        counts={int(key): tuple(map(float, values)) for key, *values in rows if int(key) != EMPTY},
        denominator=float(data["counter_denominator"]),
        border=int(one["target_border_idx"]),
        prior=(float(one["prior_numerator"]), float(one["prior_denomerator"])),
        scale=float(one["scale"]),
        shift=float(one["shift"]),
    )


EMPTY = 2**64 - 1
"""The hash that marks a place of a table where nothing is."""


@dataclass(frozen=True)
class Places:
    """Where the tests of a model find what they ask for."""

    counters: int
    """The column of the first counter."""
    codes: Mapping[int, Mapping[int, int]]
    """The code of each category by its hash, by the column; of others there are no rows."""


def tree_of(told: Told, tests: Sequence[Test], places: Places, targets: int) -> Tree:
    """A tree whose tests are turned round: where CatBoost's holds, a row goes right."""
    levels = [tests[split["split_index"]] for split in told["splits"]] if "splits" in told else None
    if levels is None:
        inner, children, leaves = _branches(told, tests)
    else:
        inner, children = _oblivious(levels)
        leaves = told["leaf_values"]
    values = np.asarray(leaves, dtype=np.float64).reshape(-1, targets)
    count = len(inner)
    ends = np.full(len(values), LEAF)
    return Tree(
        features=np.array([*(_column(test, places) for test in inner), *([0] * len(values))], dtype=np.int64),
        thresholds=np.array([*(_border(test) for test in inner), *([0.0] * len(values))]),
        left=np.append(np.array([left for left, _ in children], dtype=np.int64), ends),
        right=np.append(np.array([right for _, right in children], dtype=np.int64), ends),
        missing_left=np.array([*(not _missing(test) for test in inner), *([False] * len(values))], dtype=bool),
        values=np.concatenate([np.zeros((count, targets)), values]),
        targets=tuple(range(targets)),
        sides=tuple(_side(node, test, places) for node, test in enumerate(inner) if isinstance(test, Match)),
    )


def _oblivious(levels: Sequence[Test]) -> tuple[list[Test], list[tuple[int, int]]]:
    """The nodes of a tree that asks the same of all rows; the first question decides about neighbouring leaves."""
    inner = [test for depth, test in enumerate(reversed(levels)) for _ in range(2**depth)]
    return inner, [(2 * node + 1, 2 * node + 2) for node in range(len(inner))]


def _branches(told: Told, tests: Sequence[Test]) -> tuple[list[Test], list[tuple[int, int]], list[Any]]:
    """The nodes of a tree that asks of each row something else, its leaves behind the others."""
    nodes, leaves, order = list[Told](), list[Told](), [told]
    while order:
        node = order.pop()
        (nodes if "split" in node else leaves).append(node)
        order.extend((node["right"], node["left"]) if "split" in node else ())
    place = {id(node): number for number, node in enumerate([*nodes, *leaves])}
    children = [(place[id(node["left"])], place[id(node["right"])]) for node in nodes]
    return [tests[node["split"]["split_index"]] for node in nodes], children, [leaf["value"] for leaf in leaves]


def _column(test: Test, places: Places) -> int:
    return places.counters + test.counter if isinstance(test, Level) else test.column


def _border(test: Test) -> float:
    return 0.0 if isinstance(test, Match) else test.border


def _missing(test: Test) -> bool:
    return isinstance(test, Threshold) and test.missing


def _side(node: int, test: Match, places: Places) -> Side:
    code = places.codes.get(test.column, {}).get(test.hash)
    return Side(node, test.column, () if code is None else (code,), left=False)
