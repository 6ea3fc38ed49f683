"""What XGBoost's models compute: the answers of its estimators, and of a ``Booster`` alone."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn.base import is_classifier

from lading.bundles.records import Scalar
from lading.bundles.signature import Field
from lading.bundles.tensors.values import kind_of
from lading.converters.boosting import links
from lading.converters.boosting.forest import sums
from lading.converters.boosting.frameworks import Categories, Native, Untold, numbered, with_categories
from lading.converters.sklearn.formulas.value import Answer, Said, Value
from lading.converters.xgboost.reading import Linear, Names, Read, read

LINKS: Mapping[str, links.Link] = {
    "binary:logistic": links.sigmoid,
    "reg:logistic": links.sigmoid,
    "binary:hinge": links.positive,
    "multi:softprob": links.softmax,
    "multi:softmax": links.place,
    "count:poisson": links.exp,
    "reg:gamma": links.exp,
    "reg:tweedie": links.exp,
    "survival:aft": links.exp,
    "survival:cox": links.exp,
}
"""What ``predict`` makes of the sums; of other objectives it answers with the sums."""

KNOWN = frozenset(
    {
        *LINKS, "binary:logitraw", "reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror",
        "reg:quantileerror", "reg:expectileerror", "rank:ndcg", "rank:map", "rank:pairwise",
    }
)  # fmt: skip

CUT = Untold(
    "splits on categories whose names it does not keep whole, since they are not all ASCII",
    "give the rows that it was trained on, with these categories in sorted order, or rename them",
)


GONE = Untold(
    "splits on categories whose names it does not keep, as XGBoost does from 3.1 on",
    "train it with xgboost>=3.1, or encode the text columns before it",
)


class Xgboost:
    """XGBoost's part of ``Boosting``."""

    sparse_zeros_missing = True

    def denial(self, model: Any) -> tuple[str, str] | None:
        """Objectives of which nothing is known, and classifiers whose answers are no probabilities."""
        told = _read(model)
        if told.objective not in KNOWN:
            return f"has the objective {told.objective!r}, which is not known here", "train with one of: " + ", ".join(
                sorted(KNOWN)
            )
        if is_classifier(model) and told.objective == "binary:logitraw":
            return "answers with margins in place of probabilities", 'train with objective="binary:logistic"'
        return None

    def labels(self, model: Any) -> int:
        """Those of a classifier that was trained on an indicator matrix."""
        if not is_classifier(model):
            return 1
        told = json.loads(_booster(model).save_config())["learner"]["learner_model_param"]
        return 1 if int(told["num_class"]) > 1 else max(1, int(told.get("num_target", 1)))

    def answer(self, model: Any, x: Value, known: Mapping[int, Categories]) -> Answer | list[Said]:
        """The label and the probabilities of a classifier, the numbers of everything else."""
        told = _read(model)
        raw = _raw(told, x if isinstance(model, Native) else _without(x, model.missing))
        if not is_classifier(model):
            return _narrow(LINKS.get(told.objective, links.identity)(raw))
        if told.classes < 2:
            return links.each(_narrow(LINKS[told.objective](raw)), told.targets)
        if told.targets == 1:
            return links.two_classes(_narrow(LINKS[told.objective](raw)))
        return links.largest(_narrow(links.softmax(raw)))

    def decision(self, model: Any, x: Value) -> Value:
        """Not asked for: these classifiers have no decision function."""
        raise NotImplementedError

    def categories(self, model: Any, fields: Mapping[int, Field]) -> Mapping[int, Categories | Untold]:
        """The codes that the model itself keeps; for a category that it has not seen it fails."""
        known = _known(model, fields)
        kinds = enumerate(_booster(model).feature_types or ())
        text = [
            place for place, kind in kinds if kind == "c" and place in fields and kind_of(fields[place]) == "string"
        ]
        told = {place: CUT if names is None else numbered(names, np.nan, strict=True) for place, names in known.items()}
        return {**{place: GONE for place in text if place not in known}, **told}

    def fed(self, model: Any, rows: Any, fields: Mapping[int, Field]) -> Any:
        """The rows with categories where the model was trained on them."""
        return with_categories(rows, _known(model, fields))


def _known(model: Any, fields: Mapping[int, Field]) -> dict[int, tuple[Scalar, ...] | None]:
    """The categories of each column that has some; None where the model does not keep their names."""
    if "c" not in (_booster(model).feature_types or ()):
        return {}
    return {
        place: names.read(fields[place].categories if place in fields else None) if isinstance(names, Names) else names
        for place, names in _read(model).categories.items()
    }


def _booster(model: Any) -> Any:
    return model.model if isinstance(model, Native) else model.get_booster()


def _read(model: Any) -> Read:
    if isinstance(model, Native):
        return read(model.model)
    booster = model.get_booster()
    try:
        return read(booster, model.best_iteration + 1)
    except AttributeError:  # trained without early stopping
        return read(booster)


def _raw(told: Read, x: Value) -> Value:
    """The sums ``[N, targets]``; a missing value adds nothing to a linear function."""
    if isinstance(told.function, Linear):
        return x.missing().where(0.0, x) @ told.function.weights + told.function.base[None, :]
    return sums(told.function, x)


def _without(x: Value, missing: float) -> Value:
    """The rows with NaN where the number is that stands for what is missing, compared as float32."""
    if np.isnan(missing):
        return x
    return x.apply("Cast", to=TensorProto.FLOAT).number().equals(float(np.float32(missing))).where(np.nan, x)


def _narrow(answer: Value) -> Value:
    """The float32 that XGBoost answers with."""
    return answer.apply("Cast", to=TensorProto.FLOAT).number()


BOOSTING = Xgboost()
"""What the framework's models compute."""
