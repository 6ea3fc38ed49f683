"""Strictness: encoders that fail for what they have not seen, and the fields of which they take nothing else."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import OneHotEncoder

from lading.bundles.records import Scalar
from lading.converters.converter import Problem
from lading.converters.sklearn.derived import is_derived
from lading.converters.sklearn.encoding import accepts_unseen
from lading.converters.sklearn.layout import ENCODERS, Use, branches, is_drop, is_missing, is_passthrough, named, uses
from lading.converters.sklearn.members import members_of
from lading.converters.sklearn.unwrapping import unwrapped

FOUND = "fails for categories that it has not seen, of columns that the graph computes and nobody can check before"
IGNORING = 'train it with handle_unknown="ignore", or encode columns of the data'
NUMBERING = 'train it with handle_unknown="use_encoded_value" and unknown_value=-1, or encode columns of the data'


def is_strict(step: Any) -> bool:
    """Whether a step fails for categories that it has not seen."""
    return isinstance(step, ENCODERS) and not accepts_unseen(step)


def diagnose_strictness(model: Any, fields: int) -> list[Problem]:
    """The strict encoders that are fed others than columns of the data, of which a request could be told."""
    known = {id(use.step) for use in uses(model, range(fields))}
    return [
        Problem(path, FOUND, IGNORING if isinstance(step, OneHotEncoder) else NUMBERING)
        for path, step in _encoders(model, "")
        if is_strict(step) and id(step) not in known
    ]


def _encoders(model: Any, path: str) -> Iterator[tuple[str, Any]]:
    model = unwrapped(model)
    if is_passthrough(model) or is_drop(model) or is_derived(model):
        return
    if isinstance(model, ENCODERS):
        yield path, model
    for name, member in _inside(model):
        yield from _encoders(member, named(path, name))


def _inside(model: Any) -> Sequence[tuple[str, Any]]:
    if isinstance(model, Pipeline):
        return list(model.steps)
    if isinstance(model, ColumnTransformer):
        return [(name, step) for name, step, _ in branches(model)]
    return list(model.transformer_list) if isinstance(model, FeatureUnion) else members_of(model)


def taken_of(position: int, found: Sequence[Use], scalar: Callable[[Any], Scalar]) -> list[set[Scalar]]:
    """What each of the strict encoders takes of the field at a position, as values of that field."""
    fed = [use for use in found if position in use.positions]
    imputers = [use for use in fed if isinstance(use.step, SimpleImputer)]
    taken = []
    for use in fed:
        if is_strict(use.step):
            # What an imputer takes for missing never reaches the encoder.
            words = [one.step.missing_values for one in imputers if use.path.startswith(one.path.rpartition(" › ")[0])]
            known = [*use.step.categories_[use.positions.index(position)], *words]
            taken.append({scalar(value) for value in known if not is_missing(value)})
    return taken
