"""Sparsity: whether a fitted step hands on a sparse matrix, of which some estimators take the zeros for missing."""

from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from lading.converters.sklearn.layout import is_drop, is_passthrough

KEEP = (
    FunctionTransformer, MaxAbsScaler, MinMaxScaler, Normalizer, PolynomialFeatures, RobustScaler, SelectorMixin,
    SimpleImputer, StandardScaler,
)  # fmt: skip
"""Transformers of which comes what goes in, sparse or not."""


def gives_sparse(step: Any, fed: bool) -> bool:
    """Whether ``step`` hands on a sparse matrix, where it is ``fed`` one or not."""
    if is_passthrough(step) or isinstance(step, KEEP):
        return fed
    if isinstance(step, ColumnTransformer):
        return bool(step.sparse_output_)
    if isinstance(step, Pipeline):
        for _, inner in step.steps:
            fed = gives_sparse(inner, fed)
        return fed
    if isinstance(step, FeatureUnion):
        return any(gives_sparse(part, fed) for _, part in step.transformer_list if not is_drop(part))
    if isinstance(step, OneHotEncoder):
        return bool(step.sparse_output)
    if isinstance(step, DictVectorizer):
        return bool(step.sparse)
    if isinstance(step, KBinsDiscretizer):
        return bool(step.encode == "onehot")
    return isinstance(step, CountVectorizer | TfidfTransformer)
