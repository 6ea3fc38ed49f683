"""What LightGBM's models compute: the answers of its estimators, and of a ``Booster`` alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from lading.bundles.records import Scalar
from lading.bundles.signature import Field
from lading.bundles.tensors.values import kind_of
from lading.converters.boosting import links
from lading.converters.boosting.forest import sums
from lading.converters.boosting.frameworks import Categories, Native, Untold, numbered, with_categories
from lading.converters.lightgbm.reading import TINY, Lines, Read, read
from lading.converters.sklearn.formulas.value import Answer, Value

LINKS: Mapping[str, links.Link] = {
    "binary": links.sigmoid,
    "multiclass": links.softmax,
    "multiclassova": links.sigmoid,
    "cross_entropy": links.sigmoid,
    "cross_entropy_lambda": links.softplus,
    "poisson": links.exp,
    "gamma": links.exp,
    "tweedie": links.exp,
}
"""What ``predict`` makes of the sums; of other objectives, and of the user's own, it answers with the sums."""

KNOWN = frozenset(
    {
        *LINKS, "", "regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg",
    }
)  # fmt: skip

WHICH = Untold(
    "keeps its categories, but not of which columns they are, and the data does not show it",
    "give a data frame whose columns are categories as in training, or a Parquet file of it",
)


class Lightgbm:
    """LightGBM's part of ``Boosting``."""

    sparse_zeros_missing = False

    def denial(self, model: Any) -> tuple[str, str] | None:
        """Objectives of which nothing is known, and answers that are no probabilities or are cut short."""
        told = _read(model)
        if told.objective not in KNOWN:
            return f"has the objective {told.objective!r}, which is not known here", "train with one of: " + ", ".join(
                sorted(KNOWN - {""})
            )
        if is_classifier(model) and not told.objective:
            return (
                "answers with the sums of its own objective in place of probabilities",
                'train with objective="binary" or "multiclass"',
            )
        if not isinstance(model, Native) and model.get_params().get("pred_early_stop"):
            return "stops adding up trees when it is sure enough (pred_early_stop)", "train without pred_early_stop"
        return None

    def labels(self, model: Any) -> int:
        """Always one."""
        return 1

    def answer(self, model: Any, x: Value, known: Mapping[int, Categories]) -> Answer:
        """The label and the probabilities of a classifier, the numbers of everything else."""
        told = _read(model)
        answer = _linked(told, _raw(told, x))
        if not is_classifier(model):
            return answer
        return links.two_classes(answer) if told.targets == 1 else links.largest(answer)

    def decision(self, model: Any, x: Value) -> Value:
        """The sums."""
        told = _read(model)
        return _raw(told, x)

    def categories(self, model: Any, fields: Mapping[int, Field]) -> Mapping[int, Categories | Untold]:
        """The codes that the model itself keeps; a category that it has not seen is missing."""
        known = _known(model, fields)
        return {place: WHICH if names is None else numbered(names, np.nan) for place, names in known.items()}

    def fed(self, model: Any, rows: Any, fields: Mapping[int, Field]) -> Any:
        """The rows with categories where the model was trained on them."""
        return with_categories(rows, _known(model, fields))


def _booster(model: Any) -> Any:
    return model.model if isinstance(model, Native) else model.booster_


def _read(model: Any) -> Read:
    return read(_booster(model))


def _known(model: Any, fields: Mapping[int, Field]) -> dict[int, Sequence[Scalar] | None]:
    """The categories of each column that has some; None for all where nobody can tell which columns these are.

    LightGBM keeps the categories of pandas' categorical columns, but not which columns they were.
    """
    kept = _booster(model).pandas_categorical
    if not kept:
        return {}
    sure = [place for place, field in fields.items() if field.type == "category" or kind_of(field) == "string"]
    told = _read(model)
    likely = sorted({*sure, *told.categorical})
    for places in (sure, likely):
        highest = [told.highest.get(place, 0.0) for place in places]
        if len(places) == len(kept) and all(map(_may_hold, map(fields.get, places), kept, highest)):
            return dict(zip(places, kept, strict=True))
    return dict.fromkeys(likely)


def _may_hold(field: Field | None, names: Sequence[Scalar], highest: float) -> bool:
    """Whether a column, of which ``highest`` is the largest code, may be the one that these categories are of."""
    if field is None or highest >= len(names):
        return False
    texts = [name for name in names if isinstance(name, str)]
    if kind_of(field) == "string":
        return len(texts) == len(names)
    numbers = [float(name) for name in names if not isinstance(name, str)]
    if texts or not numbers:
        return False
    seen = field.range
    return seen is None or min(numbers) <= seen.minimum <= seen.maximum <= max(numbers)


def _raw(told: Read, x: Value) -> Value:
    """The sums ``[N, targets]``."""
    fed = x
    if told.zeros:
        copies = x.columns(told.zeros)
        fed = x.beside((copies.apply("Abs") <= TINY).where(np.nan, copies))
    found = sums(told.forest, fed)
    if told.lines is not None:
        found = _lines(told, told.lines, x, found.whole())
    return found if told.share == 1.0 else found * told.share


def _lines(told: Read, lines: Lines, x: Value, leaves: Value) -> Value:
    """The sums of what the linear functions of the leaves ``[N, trees]`` make of the rows."""
    columns = np.flatnonzero(lines.used.any(axis=0))
    if not len(columns):
        columns = np.zeros(1, dtype=np.int64)
    rows = x.columns(columns).reshape(0, 1, len(columns))
    looked = x.constant(lines.used[:, columns])[leaves].where(rows, 0.0)
    gaps = looked.missing().number().sum(axis=2, keep=False) > 0.0
    weighed = (looked * x.constant(lines.weights[:, columns])[leaves]).sum(axis=2, keep=False)
    found = x.constant(lines.constants)[leaves] + weighed
    answers = gaps.where(x.constant(lines.otherwise)[leaves], found)
    groups = np.arange(told.forest.targets) % told.targets
    return answers @ np.eye(told.targets)[groups]


def _linked(told: Read, raw: Value) -> Value:
    if told.objective in ("binary", "multiclassova"):
        raw = raw * float(told.options.get("sigmoid", 1.0))
    if told.objective == "regression" and "sqrt" in told.options:
        return links.signed_square(raw)
    return LINKS.get(told.objective, links.identity)(raw)


BOOSTING = Lightgbm()
"""What the framework's models compute."""
