"""Frameworks of boosted trees: whose a model is, which versions were tested, and what to install."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol, cast

import pandas as pd
from packaging.version import Version
from sklearn.base import BaseEstimator

from lading.bundles.records import Scalar
from lading.bundles.signature import Field
from lading.converters.sklearn.formulas.value import Answer, Said, Value


@dataclass(frozen=True)
class Categories:
    """How a model numbers the categories of one column."""

    values: tuple[Scalar, ...]
    codes: tuple[float, ...]
    """One for each of ``values``."""
    unseen: float
    """The number of every other value, NaN where it counts as missing."""
    strict: bool = False
    """Whether other values are refused, because the model fails for them or nobody knows what it would say."""


@dataclass(frozen=True)
class Untold:
    """Why nobody can tell how a model numbers the categories of a column."""

    found: str
    """What stands in the way, as the end of a sentence about the model."""
    remedy: str


def numbered(names: Sequence[Scalar], unseen: float, strict: bool = False) -> Categories:
    """Categories whose codes are their places."""
    return Categories(tuple(names), tuple(map(float, range(len(names)))), unseen, strict)


def with_categories(rows: Any, known: Mapping[int, Sequence[Scalar] | None]) -> Any:
    """The rows of a pandas frame, with categories in the columns at the places that are ``known`` to have some."""
    fresh = rows.copy(deep=False)
    for place, names in known.items():
        column = rows.iloc[:, place]
        if isinstance(column.dtype, pd.CategoricalDtype):
            continue
        others = [value for value in column.dropna().unique().tolist() if value not in (names or ())]
        fresh[rows.columns[place]] = column.astype(pd.CategoricalDtype([*(names or ()), *others]))
    return fresh


class Boosting(Protocol):
    """What one framework's models compute; each has one in the module that ``FRAMEWORKS`` names."""

    sparse_zeros_missing: bool
    """Whether the zeros of a sparse matrix are missing values to its models."""

    def denial(self, model: Any) -> tuple[str, str] | None:
        """What keeps a fitted model from being converted, and what to do; None when nothing is known to."""

    def labels(self, model: Any) -> int:
        """How many labels a fitted classifier answers each row with; 1 of every other model."""

    def answer(self, model: Any, x: Value, known: Mapping[int, Categories]) -> Answer | list[Said]:
        """What the model answers to the rows ``x``, float64 ``[N, columns]``, whose categories have the ``known`` codes."""

    def decision(self, model: Any, x: Value) -> Value:
        """What a classifier's ``decision_function`` answers, ``[N, 1]`` for two classes."""

    def categories(self, model: Any, fields: Mapping[int, Field]) -> Mapping[int, Categories | Untold]:
        """How the model numbers categories, by the position of their column.

        ``fields`` are the data's, as far as the model is fed them as they are.
        """

    def fed(self, model: Any, rows: Any, fields: Mapping[int, Field]) -> Any:
        """The rows of a pandas frame as ``predict`` takes them, where a file has lost the types of columns."""


@dataclass(frozen=True)
class Framework:
    """One framework of boosted trees."""

    name: str
    """The name of its package, and of the extra that brings it."""
    title: str
    estimators: frozenset[str]
    """The classes whose answers are known; classes derived from them may answer anything."""
    distributions: tuple[str, ...]
    """What brings it; the first is the one that ``name`` installs."""
    tested: tuple[str, str]
    """The first version that was tested, and the first beyond."""

    @property
    def installed(self) -> str | None:
        """Its version, None where it is not installed."""
        for name in self.distributions:
            try:
                return version(name)
            except PackageNotFoundError:
                continue
        return None

    @property
    def note(self) -> str | None:
        """What is to be known of the installed version, where it is not one of the tested ones."""
        found = self.installed
        first, beyond = self.tested
        if found is None or Version(first) <= Version(found) < Version(beyond):
            return None
        return (
            f"{self.name} {found} was not tested, only {first} and later ones below {beyond}; "
            "the proof holds for the rows that it compared"
        )

    @property
    def boosting(self) -> Boosting:
        """What its models compute; imports the framework."""
        return _boosting(self.name)


@cache
def _boosting(name: str) -> Boosting:
    return cast(Boosting, import_module(f"lading.converters.{name}.boosting").BOOSTING)


FRAMEWORKS: Mapping[str, Framework] = {
    "catboost": Framework(
        name="catboost",
        title="CatBoost",
        estimators=frozenset({"CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker"}),
        distributions=("catboost",),
        tested=("1.2.10", "1.3"),
    ),
    "lightgbm": Framework(
        name="lightgbm",
        title="LightGBM",
        estimators=frozenset({"LGBMClassifier", "LGBMRegressor", "LGBMRanker"}),
        distributions=("lightgbm",),
        tested=("4.6", "4.8"),
    ),
    "xgboost": Framework(
        name="xgboost",
        title="XGBoost",
        estimators=frozenset({"XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor"}),
        distributions=("xgboost", "xgboost-cpu"),
        tested=("2.1", "3.3"),
    ),
}
"""Every framework that is known, by its package."""


class Native(BaseEstimator):  # type: ignore[misc]
    """A model of a framework's own kind, which answers as an estimator does."""

    framework: str

    def __init__(self, model: Any) -> None:
        self.model = model

    def __sklearn_is_fitted__(self) -> bool:
        return True

    @property
    def n_features_in_(self) -> int:
        """How many columns it was trained on."""
        raise NotImplementedError

    def predict(self, rows: Any) -> Any:
        """What the model answers."""
        raise NotImplementedError


def framework_of(model: object) -> Framework | None:
    """The framework of which ``model`` is an estimator; None for classes that are nobody's or only derived."""
    if isinstance(model, Native):
        return FRAMEWORKS[model.framework]
    kind = type(model)
    found = FRAMEWORKS.get(kind.__module__.split(".")[0])
    return found if found is not None and kind.__name__ in found.estimators else None


def boosting_of(model: object) -> Boosting | None:
    """What a model of boosted trees computes; None for every other model."""
    found = framework_of(model)
    return None if found is None else found.boosting


def frameworks_in(model: Any) -> dict[str, Framework]:
    """The frameworks that took part in training a model and its members, by name."""
    return {found.name: found for part in _parts(model) if (found := framework_of(part)) is not None}


def _parts(model: Any) -> Iterator[Any]:
    yield model
    for name in ("steps", "transformers_", "transformer_list", "estimators", "estimators_", "calibrated_classifiers_"):
        for part in _members(getattr(model, name, ())):
            yield from _parts(part)
    for step in getattr(model, "imputation_sequence_", ()):
        yield from _parts(step.estimator)
    for name in ("final_estimator_", "estimator_", "estimator", "regressor_", "best_estimator_"):
        if isinstance(member := getattr(model, name, None), BaseEstimator) or framework_of(member):
            yield from _parts(member)


def _members(found: Any) -> Iterator[Any]:
    """Estimators in lists and arrays of them, alone or with a name before them."""
    if hasattr(found, "ravel"):
        found = found.ravel().tolist()
    if not isinstance(found, list | tuple):
        return
    for one in found:
        yield one[1] if isinstance(one, tuple) else one
