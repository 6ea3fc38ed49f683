"""What CatBoost's models compute: the answers of its estimators, and of a plain ``CatBoost``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from catboost import CatBoostRegressor, Pool
from sklearn.base import is_classifier

from lading.bundles.records import Scalar
from lading.bundles.signature import Field
from lading.bundles.tensors.values import kind_of
from lading.converters.boosting import links
from lading.converters.boosting.forest import Forest, sums
from lading.converters.boosting.frameworks import Categories, Native, Untold, numbered
from lading.converters.catboost.counting import LargeTableError, counted, covered, narrowed, ordered
from lading.converters.catboost.reading import Level, Match, Places, Read, Test, read, tree_of, written
from lading.converters.converter import Problem, UnconvertibleError, class_name
from lading.converters.sklearn.formulas.value import Answer, Said, Value

WIDEST = 1 << 12
"""Whole numbers that are categories lie no further apart."""

SEVERAL = ("MultiLogloss", "MultiCrossEntropy")
"""Losses of several labels for each row."""


class Catboost:
    """CatBoost's part of ``Boosting``."""

    sparse_zeros_missing = False

    def denial(self, model: Any) -> tuple[str, str] | None:
        """Features that are not known here."""
        own = _own(model)
        for kind, places in (
            ("text", own.get_text_feature_indices()),
            ("embeddings", own.get_embedding_feature_indices()),
        ):
            if places:
                found = f"was trained on features of {kind}, which the graph does not have"
                return found, "turn them into numbers before the model"
        return None

    def labels(self, model: Any) -> int:
        """Those of a classifier that was trained on a matrix of them."""
        several = is_classifier(model) and model.get_all_params().get("loss_function") in SEVERAL
        return len(model.classes_) if several else 1

    def answer(self, model: Any, x: Value, known: Mapping[int, Categories]) -> Answer | list[Said]:
        """The label and the probabilities of a classifier, the numbers of everything else."""
        told = read(_own(model))
        try:
            raw = _raw(told, narrowed(x), _hashes(_own(model), told, known))
        except LargeTableError as error:
            raise UnconvertibleError(class_name(model), (_too_large(error.rows),)) from error
        if not is_classifier(model):
            return _predicted(model, raw)
        limit = float(model.get_probability_threshold())
        if told.loss in SEVERAL:
            return links.each(links.sigmoid(raw), len(told.bias), limit)
        if len(told.bias) > 1:
            sums = _of_all_classes(raw, told.seen, len(model.classes_))
            return links.largest(links.sigmoid(sums) if told.loss == "MultiClassOneVsAll" else links.softmax(sums))
        return links.two_classes(links.sigmoid(raw), limit)

    def decision(self, model: Any, x: Value) -> Value:
        """Not asked for: these classifiers have no decision function."""
        raise NotImplementedError

    def categories(self, model: Any, fields: Mapping[int, Field]) -> Mapping[int, Categories | Untold]:
        """Codes of our own, since the model keeps hashes of its categories only."""
        own = _own(model)
        told = read(own)
        found = {place: _candidates(fields.get(place)) for place in told.categorical}
        sure = {place: one for place, one in found.items() if isinstance(one, Categories)}
        if len(sure) == len(found) and not _knows_all(own, told, sure):
            return {place: replace(one, strict=True) for place, one in sure.items()}
        return found

    def fed(self, model: Any, rows: Any, fields: Mapping[int, Field]) -> Any:
        """The rows as they are."""
        return rows


def _own(model: Any) -> Any:
    return model.model if isinstance(model, Native) else model


def _knows_all(model: Any, told: Read, known: Mapping[int, Categories]) -> bool:
    """Whether the model has nothing to say of other categories than those that are ``known``."""
    hashes = _hashes(model, told, known)
    matches = [test for test in told.tests if isinstance(test, Match)]
    try:
        return all(test.hash in hashes[test.column] for test in matches) and covered(told.counters, hashes)
    except LargeTableError:
        return True  # which the answer is refused for


def _too_large(rows: int) -> Problem:
    found = f"combines categories in {rows:,} ways, more than the graph shall have rows for"
    return Problem("", found, "train with max_ctr_complexity=1")


def _predicted(model: Any, raw: Value) -> Value:
    """What ``predict`` makes of the sums."""
    kind = model._get_default_prediction_type() if isinstance(model, CatBoostRegressor) else "RawFormulaVal"
    if kind == "Exponent":
        return raw.exp()
    if kind == "RMSEWithUncertainty":
        return raw.columns([0]).beside((raw.columns([1]) * 2.0).exp())
    return raw


def _of_all_classes(raw: Value, seen: Sequence[int], classes: int) -> Value:
    """The sums with those of classes that were in no row, which are infinitely small."""
    if len(seen) in (0, classes):
        return raw
    wide = raw.beside(raw.columns([0]) * 0.0 + -np.inf)
    return wide.columns([seen.index(place) if place in seen else len(seen) for place in range(classes)])


def _raw(told: Read, x: Value, hashes: Mapping[int, list[int]]) -> Value:
    """The sums ``[N, targets]``."""
    fed = x.beside(*counted(x, told.counters, hashes))
    moved = ordered(told.counters)
    tests: list[Test] = [Level(moved[test.counter], test.border) if isinstance(test, Level) else test for test in told.tests]  # fmt: skip
    codes = {column: {value: code for code, value in enumerate(known)} for column, known in hashes.items()}
    places, targets = Places(told.columns, codes), len(told.bias)
    trees = tuple(tree_of(one, tests, places, targets) for one in told.trees)
    found = sums(Forest(trees, targets, told.columns + len(told.counters), strict=False, narrow=False), fed)
    return found * told.scale + told.bias[None, :]


def _candidates(field: Field | None) -> Categories | Untold:
    """The values that a column may hold, of those seen in the data."""
    values: tuple[Scalar, ...] = ()
    if field is not None and field.type == "boolean":
        values = (False, True)
    elif field is not None and field.categories is not None:
        values = field.categories
    elif field is not None and field.range is not None and kind_of(field) == "integer":
        low, high = int(field.range.minimum), int(field.range.maximum)
        values = tuple(range(low, high + 1)) if high - low < WIDEST else ()
    if not values:
        where = "" if field is None else f" of column {field.name!r}"
        return Untold(
            f"keeps hashes of its categories, and the data does not show few enough{where} to try",
            "give the rows that it was trained on, with fewer categories, or encode these before the model",
        )
    return numbered(values, float(len(values)))


def _hashes(model: Any, told: Read, known: Mapping[int, Categories]) -> dict[int, list[int]]:
    """The hashes of the categories in the order of their codes, by column; CatBoost tells them of a pool."""
    if not told.categorical:
        return {}
    texts = {column: [_text(value) for value in one.values] for column, one in known.items()}
    rows = max(map(len, texts.values()))
    names = list(model.feature_names_)
    columns = {
        name: [texts[place][row % len(texts[place])] for row in range(rows)] if place in texts else np.zeros(rows)
        for place, name in enumerate(names)
    }
    pool = Pool(pd.DataFrame(columns), cat_features=[names[place] for place in told.categorical])
    said = {one["value"]: int(one["hash"]) for one in written(model, pool)["features_info"]["cat_features_hash"]}
    return {column: [said[text] for text in found] for column, found in texts.items()}


def _text(value: Scalar) -> str:
    """The text that CatBoost hashes for a category."""
    return value if isinstance(value, str) else str(int(value))


BOOSTING = Catboost()
"""What the framework's models compute."""
