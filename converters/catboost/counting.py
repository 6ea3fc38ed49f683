"""Counting: what CatBoost's counters say of a combination of categories, as tables that the graph looks into.

The formulas are those of CatBoost's ``ctr_provider`` and ``TModelCtr::Calc``, in float32 as there; the hash of a
combination is that of ``CalcHash``.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from onnx import TensorProto

from lading.converters.catboost.reading import Counter, Match, Threshold
from lading.converters.sklearn.formulas.value import Value

FACTOR = np.uint64(0x4906BA494954CB65)
LARGEST = 1 << 20
"""Rows of a table, at most."""

Hashes = Mapping[int, Sequence[int]]
"""The hashes of the known categories in the order of their codes, by column."""


class LargeTableError(Exception):
    """A counter combines more categories than a table shall have rows; carries their number to the converter."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows


def counted(x: Value, counters: Sequence[Counter], hashes: Hashes) -> list[Value]:
    """What all counters say of the rows, ``[N, n]`` each, in the order of ``ordered``. Raises ``LargeTableError``."""
    return [_looked_up(x, group, hashes) for group in _groups(counters)]


def ordered(counters: Sequence[Counter]) -> dict[int, int]:
    """The column among those of ``counted`` of each counter, by its place."""
    order = [id(counter) for group in _groups(counters) for counter in group]
    return {place: order.index(id(counter)) for place, counter in enumerate(counters)}


def covered(counters: Sequence[Counter], hashes: Hashes) -> bool:
    """Whether all that the model counted are combinations of the categories that are known.

    Only then has the model nothing to say of others. Raises ``LargeTableError``.
    """
    for group in _groups(counters):
        keys, known = _keys(group[0], hashes)
        found = set(keys[known].tolist())
        if not all(found.issuperset(counter.counts) for counter in group):
            return False
    return True


def _groups(counters: Sequence[Counter]) -> list[list[Counter]]:
    found: dict[tuple[object, ...], list[Counter]] = {}
    for counter in counters:
        found.setdefault(counter.projection, []).append(counter)
    return list(found.values())


def _looked_up(x: Value, group: Sequence[Counter], hashes: Hashes) -> Value:
    first = group[0]
    sizes = _sizes(first, hashes)
    keys, known = _keys(first, hashes)
    table = np.stack([_values(counter, keys, known) for counter in group], axis=1)
    parts = [x.columns([column]) for column in first.columns]
    parts += [_passed(x, test, hashes) for test in first.tests]
    steps = np.cumprod([1, *sizes[:0:-1]])[::-1].astype(np.float64)
    place = parts[0].beside(*parts[1:]) @ steps[:, None]
    return x.constant(table)[place.whole().reshape(-1)]


def _sizes(counter: Counter, hashes: Hashes) -> list[int]:
    """In how many ways each part of a combination may be."""
    return [*(len(hashes[column]) + 1 for column in counter.columns), *([2] * len(counter.tests))]


def _passed(x: Value, test: Threshold | Match, hashes: Hashes) -> Value:
    """1 where rows pass a test, else 0, ``[N, 1]``."""
    column = x.columns([test.column])
    if isinstance(test, Match):
        codes = hashes[test.column]
        code = float(codes.index(test.hash)) if test.hash in codes else -1.0
        return column.equals(code).number()
    passed = column > test.border
    return (passed | column.missing() if test.missing else passed).number()


def _keys(counter: Counter, hashes: Hashes) -> tuple[np.ndarray, np.ndarray]:
    """The hash of every combination, and whether all of its categories are known; the last code is that of others."""
    rows = math.prod(_sizes(counter, hashes))
    if rows > LARGEST:
        raise LargeTableError(rows)
    keys, known = np.zeros(1, dtype=np.uint64), np.ones(1, dtype=bool)
    with np.errstate(over="ignore"):
        for column in counter.columns:
            # A hash of 32 bits is taken as a signed number.
            codes = np.array([*hashes[column], 0], dtype=np.uint32).view(np.int32).astype(np.int64).view(np.uint64)
            keys = (FACTOR * (keys[:, None] + FACTOR * codes[None, :])).ravel()
            known = (known[:, None] & (np.arange(len(codes)) < len(codes) - 1)[None, :]).ravel()
        for _ in counter.tests:
            keys = (FACTOR * (keys[:, None] + FACTOR * np.arange(2, dtype=np.uint64)[None, :])).ravel()
            known = np.repeat(known, 2)
    return keys, known


def _values(counter: Counter, keys: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What a counter says of every combination, float32's digits."""
    never = _value(counter, None)
    said = {key: _value(counter, counts) for key, counts in counter.counts.items()}
    return np.array([said.get(key, never) if sure else never for key, sure in zip(keys.tolist(), known.tolist(), strict=True)])  # fmt: skip


def _value(counter: Counter, counts: Sequence[float] | None) -> float:
    good, total = _counts(counter, counts)
    over, under = counter.prior
    share = (np.float32(good) + np.float32(over)) / (np.float32(total) + np.float32(under))
    return float((share + np.float32(counter.shift)) * np.float32(counter.scale))


def _counts(counter: Counter, counts: Sequence[float] | None) -> tuple[float, float]:
    """How many rows are counted, of how many."""
    if counter.kind in ("Counter", "FeatureFreq"):
        return 0.0 if counts is None else counts[0], counter.denominator
    if counts is None:
        return 0.0, 0.0
    if counter.kind == "Buckets":
        return counts[counter.border], sum(counts)
    if counter.kind == "Borders":
        return sum(counts[counter.border + 1 :]), sum(counts)
    return counts[0], counts[1]  # the sum of the target, and how many rows


def narrowed(x: Value) -> Value:
    """The rows in float32's digits, in which CatBoost compares."""
    return x.apply("Cast", to=TensorProto.FLOAT).number()
