"""The layout: which field goes into the numeric matrix, which into the text matrix, and which the model ignores."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, TargetEncoder
from sklearn.utils import check_array

from lading.bundles.signature import Feed, Field, Form
from lading.bundles.tensors.values import kind_of
from lading.converters.boosting.frameworks import boosting_of
from lading.converters.converter import Problem
from lading.converters.sklearn.derived import is_derived
from lading.converters.sklearn.dictionaries import Keys, keys_of, knows
from lading.converters.sklearn.formulas.composites import FINAL, by_name, is_constant, is_fed_alike, members
from lading.converters.sklearn.trees import splits_on_categories
from lading.converters.sklearn.unwrapping import unwrapped

Kind = Literal["number", "text"]

ENSEMBLES = (VotingClassifier, VotingRegressor, StackingClassifier, StackingRegressor)
BAGS = (BaggingClassifier, BaggingRegressor)
ALIKE = (OneVsRestClassifier, OneVsOneClassifier, MultiOutputRegressor)
"""Ensembles of estimators alike that are fed the very columns that they are fed themselves."""
ENCODERS = (OneHotEncoder, OrdinalEncoder, TargetEncoder)
NUMERIC, TEXT, MATRIX = "numeric", "text", "x"
MISSING = "\0missing"
"""The text that stands for a missing one: that of an empty cell, "nan" or "None", is a word like others to scikit-learn."""


@dataclass(frozen=True)
class Column:
    """One column of what a step is fed."""

    kind: Kind
    place: int
    """Its position in the matrix of its kind."""
    field: Field | None = None
    """The field that it is, as long as nothing was computed from it."""
    source: int = 0
    """Which of the matrices that come in holds it."""
    missing: str = MISSING
    """The text that stands for a missing value."""
    none: bool = False
    """Whether the model learnt missing text as None, which an imputer that looks for NaN leaves as it is."""

    def text(self, value: object) -> str:
        """``value`` as the text matrix holds it."""
        if is_missing(value):
            return self.missing
        if isinstance(value, str):
            return value
        kind = "number" if self.field is None else kind_of(self.field)
        number = float(value)  # type: ignore[arg-type]
        if kind == "boolean":
            return str(bool(number))
        return str(int(number)) if kind == "integer" else repr(number)


def is_missing(value: object) -> bool:
    """Whether ``value`` is None, NaN, NaT or pandas' NA."""
    return bool(pd.isna(value))  # type: ignore[call-overload]


def moved(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns where they stand once they are a matrix of their own."""
    return tuple(replace(column, place=place, source=0) for place, column in enumerate(columns))


@dataclass(frozen=True)
class Use:
    """A step that is fed columns of the data as they are."""

    path: str
    step: Any
    positions: tuple[int, ...]


def named(path: str, name: str) -> str:
    """The path of the step ``name`` inside ``path``."""
    return f"{path} › {name}" if path else name


def uses(model: Any, positions: Sequence[int], path: str = "") -> Iterator[Use]:
    """Every step that is fed columns of the data as they are, outside in, left to right."""
    model = unwrapped(model)
    yield from [Use(path, model, tuple(positions))] if is_derived(model) else _uses(model, positions, path)


def _uses(model: Any, positions: Sequence[int], path: str) -> Iterator[Use]:
    if isinstance(model, Pipeline):
        yield from _uses_of_pipeline(model, positions, path)
    elif isinstance(model, ColumnTransformer):
        for name, step, columns in branches(model):
            yield from uses(step, [positions[column] for column in columns], named(path, name))
    elif isinstance(model, FeatureUnion):
        for name, step in model.transformer_list:
            if not is_drop(step):
                yield from uses(step, positions, named(path, name))
    elif splits_on_categories(model):
        yield from uses(model._preprocessor, positions, path)
    elif (inside := _fed(model, positions)) is None:
        yield Use(path, model, tuple(positions))
    else:
        for name, member, places in inside:
            yield from uses(member, places, named(path, name))


def takes_dictionaries(model: Any) -> bool:
    """Whether a row is a dictionary to a fitted model, by the steps that it is fed to first."""
    model = unwrapped(model)
    if isinstance(model, Pipeline):
        first = next((step for _, step in model.steps if not is_passthrough(step)), None)
        return takes_dictionaries(first)
    if isinstance(model, FeatureUnion):
        return any(takes_dictionaries(step) for _, step in model.transformer_list)
    if not isinstance(model, BaseEstimator):
        return False
    members = [*getattr(model, "estimators_", ()), *map(_member, getattr(model, "calibrated_classifiers_", ()))]
    members += [getattr(model, name, None) for name in ("estimator_", "regressor_")]
    return isinstance(model, DictVectorizer | FeatureHasher) or any(map(takes_dictionaries, members))


def _member(calibrated: Any) -> Any:
    return calibrated.estimator


def _fed(model: Any, positions: Sequence[int]) -> list[tuple[str, Any, Sequence[int]]] | None:
    """The members that are fed columns of the model's own, each with these; None where there are none."""
    if isinstance(model, (*ENSEMBLES, TransformedTargetRegressor)) or is_fed_alike(model):
        return [(name, member, positions) for name, member in _members(model)]
    if not isinstance(model, (*BAGS, *ALIKE)) or takes_dictionaries(model):
        return None
    found = [member for member in model.estimators_ if not is_constant(member)]
    if not isinstance(model, BAGS):
        return [("estimator", member, positions) for member in found]
    chosen = zip(found, model.estimators_features_, strict=True)
    return [("estimator", member, [positions[int(place)] for place in places]) for member, places in chosen]


def _members(model: Any) -> list[tuple[str, Any]]:
    if isinstance(model, TransformedTargetRegressor):
        return [("regressor", model.regressor_)]
    if is_fed_alike(model):
        return [(name, member) for name, member in members(model) if name != FINAL and not is_constant(member)]
    return by_name(model)


def _uses_of_pipeline(model: Pipeline, positions: Sequence[int], path: str) -> Iterator[Use]:
    for name, step in model.steps:
        if is_passthrough(step):
            continue
        yield from uses(step, positions, named(path, name))
        kept = handed_on(step, range(len(positions)))
        if kept is None:
            return
        positions = [positions[place] for place in kept]


def handed_on(step: Any, places: Sequence[int]) -> Sequence[int] | None:
    """Which columns a fitted step hands on as they are, or with what was missing filled in; None where it makes others."""
    step = unwrapped(step)
    if is_passthrough(step):
        return places
    if is_derived(step):
        return None
    if isinstance(step, Pipeline):
        kept: Sequence[int] | None = places
        for _, inner in step.steps:
            kept = None if kept is None else handed_on(inner, kept)
        return kept
    if isinstance(step, SimpleImputer) and not (step.add_indicator and len(step.indicator_.features_)):
        return [places[place] for place in kept_columns(step)]
    if isinstance(step, SelectorMixin) and not hasattr(step, "predict"):
        return [places[int(place)] for place in step.get_support(indices=True)]
    return None


def kept_columns(imputer: SimpleImputer) -> list[int]:
    """The columns that come out of a fitted imputer; it drops those that were missing throughout."""
    statistics = enumerate(imputer.statistics_)
    return [place for place, value in statistics if imputer.keep_empty_features or not is_missing(value)]


def branches(transformer: ColumnTransformer) -> list[tuple[str, Any, list[int]]]:
    """The fitted branches that take part, each with the positions of its columns."""
    places = transformer._transformer_to_input_indices
    found = [(name, step, [int(place) for place in places[name]]) for name, step, _ in transformer.transformers_]
    return [(name, step, columns) for name, step, columns in found if columns and not is_drop(step)]


def is_drop(step: object) -> bool:
    """Whether ``step`` drops its columns."""
    return isinstance(step, str) and step == "drop"


def is_passthrough(step: object) -> bool:
    """Whether ``step`` hands its columns on as they are."""
    if step is None or isinstance(step, str):
        return step is None or step == "passthrough"
    # Histogram gradient boosting over categories has its numbers checked by a step of its own.
    return (
        isinstance(step, FunctionTransformer)
        and (step.func is None or getattr(step.func, "func", None) is check_array)
        and not is_derived(step)
    )


def takes_apart(step: object) -> bool:
    """Whether a step takes each column by itself, text beside numbers."""
    return boosting_of(step) is not None or isinstance(step, DictVectorizer)


def is_text(field: Field) -> bool:
    """Whether the model saw the field's values as text."""
    return kind_of(field) == "string"


@dataclass(frozen=True)
class Layout:
    """Where each field goes."""

    form: Form
    columns: tuple[Column | None, ...]
    """By the field's position; None for a field that the model ignores."""

    @property
    def widths(self) -> Mapping[Kind, int]:
        """The columns of each matrix that the graph takes, numbers first."""
        kinds: tuple[Kind, ...] = ("number", "text")
        counts = {kind: sum(column is not None and column.kind == kind for column in self.columns) for kind in kinds}
        return {kind: count for kind, count in counts.items() if count}

    def input(self, kind: Kind) -> str:
        """The name of the graph's input for ``kind``."""
        if self.form == "array":
            return MATRIX
        return NUMERIC if kind == "number" else TEXT

    def feed(self, position: int) -> Feed | None:
        """The feed of the field at ``position``; None where the model ignores it."""
        column = self.columns[position]
        if column is None:
            return None
        missing = column.missing if column.kind == "text" and column.field and column.field.nullable else None
        return Feed(input=self.input(column.kind), column=column.place, missing=missing)


def layout_of(model: Any, form: Form, fields: Sequence[Field]) -> Layout:
    """Where each of ``fields`` goes: text, and what is encoded together with text, into the text matrix."""
    found = list(uses(model, range(len(fields))))
    used = (
        {position for use in found for position in _read(use, fields)} if form == "frame" else set(range(len(fields)))
    )
    text = {position for use in found for position in _texts(use, fields)} & used
    both = 0 < len(text) < len(used)
    places: dict[Kind, int] = {"number": 0, "text": 0}
    columns: list[Column | None] = []
    for position, field in enumerate(fields):
        if position not in used:
            columns.append(None)
            continue
        kind: Kind = "text" if position in text else "number"
        missing, none = _missing_text(position, field, found)
        columns.append(Column(kind, places[kind], field, int(both and kind == "text"), missing, none))
        places[kind] += 1
    return Layout(form, tuple(columns))


def _read(use: Use, fields: Sequence[Field]) -> Sequence[int]:
    """The columns of which a step makes something."""
    if not isinstance(use.step, DictVectorizer):
        return use.positions
    return [use.positions[place] for place in _keys(use, fields).read]


def _keys(use: Use, fields: Sequence[Field]) -> Keys:
    return keys_of(use.step, [fields[position] for position in use.positions])


def _texts(use: Use, fields: Sequence[Field]) -> list[int]:
    """The columns that a step takes as text: those that hold some, and what it encodes together with them."""
    text = [position for position in use.positions if is_text(fields[position])]
    apart = takes_apart(use.step)
    return text if apart or not text else list(use.positions)


def _missing_text(position: int, field: Field, found: Sequence[Use]) -> tuple[str, bool]:
    """A text that no value of the field is, and whether the model learnt None as what is missing, and not NaN."""
    known = {value for value in field.categories or () if isinstance(value, str)}
    learnt: list[object] = []
    for use in found:
        if position in use.positions and hasattr(use.step, "categories_"):
            learnt.extend(use.step.categories_[use.positions.index(position)])
    known |= {value for value in learnt if isinstance(value, str)}
    none = any(value is None for value in learnt)
    vectorizers = [use.step for use in found if isinstance(use.step, DictVectorizer)]
    token = MISSING
    while token in known or any(knows(step, field.name, token) for step in vectorizers):
        token = f"<{token}>"
    return token, none


def diagnose_layout(model: Any, form: Form, fields: Sequence[Field]) -> list[Problem]:
    """Columns whose use has no place in the two matrices."""
    found = list(uses(model, range(len(fields))))
    problems = [problem for use in found for problem in _dates(use, fields)]
    if takes_dictionaries(model) and not all(isinstance(use.step, DictVectorizer) for use in found):
        remedy = "put it before: make_pipeline(DictVectorizer(), ...)"
        problems.append(
            Problem("", "has a DictVectorizer inside of an estimator that the graph asks by columns", remedy)
        )
    mixed = len({is_text(field) for field in fields}) > 1
    if mixed and form == "array":
        problems.append(
            Problem("", "was trained on an array of text and numbers", "give a data frame, with a type for each column")
        )
    if mixed and isinstance(model, StackingClassifier | StackingRegressor):
        remedy = "put the preprocessing before it: make_pipeline(transformer, StackingClassifier(...))"
        problems.append(Problem("", "is a stack over columns of text and of numbers", remedy))
    for use in found:
        if not takes_apart(use.step) and _texts(use, fields):
            problems.extend(_shared(use, found, fields))
        if isinstance(use.step, DictVectorizer):
            problems.extend(Problem(use.path, *problem) for problem in _keys(use, fields).problems)
    return problems


def _dates(use: Use, fields: Sequence[Field]) -> Iterator[Problem]:
    for position in _read(use, fields):
        if fields[position].type == "datetime":
            yield Problem(
                use.path,
                f"takes the dates of column {fields[position].name!r}, for which ONNX has no type",
                "turn them into a number before the model, days since a fixed date for instance",
            )


def _shared(use: Use, found: Sequence[Use], fields: Sequence[Field]) -> Iterator[Problem]:
    for position in use.positions:
        others = [other for other in found if position in other.positions and position not in _texts(other, fields)]
        if not is_text(fields[position]) and others:
            yield Problem(
                use.path,
                f"takes column {fields[position].name!r} together with text, "
                f'and step "{others[0].path}" takes it as a number',
                "give the numbers an encoder of their own, apart from the text columns",
            )
