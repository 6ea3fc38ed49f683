"""Rewriting: a fitted model becomes a copy that skl2onnx converts rightly; the model itself stays as it is.

The arithmetic up to the last estimator is float64, as scikit-learn's own is. Encoders, imputers, selections of columns
and casts become steps of our own. Trees are fed float64 and cast where scikit-learn casts.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from skl2onnx._supported_operators import _get_sklearn_operator_name
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from lading.converters.boosting.coding import coded
from lading.converters.boosting.frameworks import Boosting, Categories, Untold, boosting_of
from lading.converters.converter import Precision, Problem
from lading.converters.sklearn.computing import ASKED, Computed, computes
from lading.converters.sklearn.counting import count_step
from lading.converters.sklearn.derived import is_derived
from lading.converters.sklearn.dictionaries import keys_of
from lading.converters.sklearn.encoding import encode_step
from lading.converters.sklearn.formulas.composites import FINAL, asks, is_constant, is_fed_alike
from lading.converters.sklearn.formulas.composites import members as members_of
from lading.converters.sklearn.imputing import fill_step
from lading.converters.sklearn.layout import (
    ENCODERS,
    ENSEMBLES,
    Column,
    branches,
    is_drop,
    is_passthrough,
    moved,
    named,
)
from lading.converters.sklearn.sparsity import gives_sparse
from lading.converters.sklearn.steps import Apply, Cast, Hollow, Power, Scale, Select, Weigh
from lading.converters.sklearn.trees import BOOSTED, FORESTS, HISTOGRAM, SINGLE, splits_on_categories
from lading.converters.sklearn.unwrapping import unwrapped
from lading.converters.sklearn.vectorizing import vectorize_steps

Columns = tuple[Column, ...] | None
"""What a step is fed: columns of the data as they are, or, when None, one matrix of computed numbers."""

SINGLE_ONLY = (PolynomialFeatures,)
"""Transformers whose converters have no float64 version."""

FLOAT_ONLY = (AdaBoostClassifier, AdaBoostRegressor, BaggingClassifier, BaggingRegressor)
"""Estimators whose converters mix up float32 and float64 when they are fed float64."""

SCALERS = (MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler)
"""Transformers of a target that are undone by a line for each column."""

TREES = (*SINGLE, *FORESTS, *BOOSTED, *HISTOGRAM)

OPERATORS: dict[Any, str] = {
    np.log1p: "Log1p",
    np.expm1: "Expm1",
    np.log: "Log",
    np.exp: "Exp",
    np.sqrt: "Sqrt",
    np.abs: "Abs",
    np.square: "Square",
    np.sin: "Sin",
    np.cos: "Cos",
    np.tanh: "Tanh",
    np.negative: "Neg",
    np.reciprocal: "Reciprocal",
    np.floor: "Floor",
    np.ceil: "Ceil",
}
"""The functions of a FunctionTransformer that have an ONNX operator, or two."""


class RewritingError(Exception):
    """A step has no place in the graph; carries the problem to the converter."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True)
class Rewritten:
    """A stretch of the pipeline, and what comes out of it."""

    steps: tuple[Any, ...]
    columns: Columns


class Rewriter:
    """Rewrites one model for one precision."""

    def __init__(self, precision: Precision) -> None:
        self._wide = precision == "double"
        self.sparse = False
        """Whether the next step is fed a sparse matrix, where scikit-learn runs the model."""
        self.zeros_kept = False
        """Whether such a matrix may hold zeros beside those that are not in it."""
        self.reads_text = False
        """Whether a step cuts text into words or characters, which takes a locale."""

    def model(self, model: Any, columns: Columns, path: str = "") -> Pipeline:
        """The copy of a whole model. Raises ``RewritingError`` for a step that has no place in a graph."""
        return _pipeline(self._rewrite(model, columns, path, last=True).steps)

    def _rewrite(self, model: Any, columns: Columns, path: str, last: bool = False) -> Rewritten:
        """A step's stand-ins; ``last`` where its answers, rather than what it makes of its columns, are wanted."""
        model = unwrapped(model)
        if isinstance(model, Problem):
            raise RewritingError(model.within(path))
        if is_passthrough(model):
            return Rewritten((), columns)
        return self._registered(model, columns, path) if is_derived(model) else self._own(model, columns, path, last)

    def _own(self, model: Any, columns: Columns, path: str, last: bool) -> Rewritten:
        """The stand-ins of a step that answers as its class of scikit-learn's does."""
        if isinstance(model, Pipeline):
            return self._pipeline(model, columns, path, last)
        if isinstance(model, ColumnTransformer | FeatureUnion):
            parallel = self._column_transformer if isinstance(model, ColumnTransformer) else self._feature_union
            return parallel(model, columns, path)
        if isinstance(model, SimpleImputer):
            return self._imputer(model, columns, path)
        if isinstance(model, ENCODERS):
            return self._encoder(model, columns, path)
        if isinstance(model, SelectorMixin):
            return self._selector(model, columns, path, last)
        if splits_on_categories(model):
            return Rewritten((*self._rewrite(model._preprocessor, columns, path).steps, model), None)
        if isinstance(model, TransformedTargetRegressor):
            return self._target(model, columns, path, last)
        return self._other(model, columns, path)

    def _target(self, model: TransformedTargetRegressor, columns: Columns, path: str, last: bool) -> Rewritten:
        inner = self._rewrite(model.regressor_, columns, named(path, "regressor"), last)
        if isinstance(model.transformer, SCALERS):
            return Rewritten((*inner.steps, Cast(double=True), _scale_back(model.transformer_)), None)
        back = () if model.inverse_func is None else (Apply(OPERATORS[model.inverse_func]),)
        return Rewritten((*inner.steps, *back), None)

    def _encoder(self, model: Any, columns: Columns, path: str) -> Rewritten:
        step = encode_step(model, _or_numbers(columns, len(model.categories_)))
        if not any(table.width for table in step.tables):
            raise RewritingError(Problem(path, "makes no columns at all", "leave the step out"))
        return Rewritten((step,), None)

    def _dictionaries(self, model: DictVectorizer, columns: Columns, path: str) -> Rewritten:
        fed = () if columns is None else columns
        keys = keys_of(model, [None if column is None else column.field for column in fed])
        if not keys.read:
            raise RewritingError(Problem(path, "makes no columns of the data's keys", "make it the first step"))
        self.zeros_kept |= bool(model.sparse and keys.numbers)
        return Rewritten(vectorize_steps(model, fed), None)

    def _selector(self, model: Any, columns: Columns, path: str, last: bool) -> Rewritten:
        kept = [int(place) for place in model.get_support(indices=True)]
        taken = None if columns is None else moved([columns[place] for place in kept])
        choice = Select(tuple(kept))
        if last and hasattr(model, "predict"):
            return Rewritten((choice, *self._rewrite(model.estimator_, taken, path, last).steps), None)
        return Rewritten((choice,), taken)

    def _pipeline(self, model: Pipeline, columns: Columns, path: str, last: bool) -> Rewritten:
        steps: list[Any] = []
        for name, step in model.steps:
            fed = self.sparse
            done = self._rewrite(step, columns, named(path, name), last and step is model.steps[-1][1])
            self.sparse = gives_sparse(step, fed)
            steps.extend(done.steps)
            columns = done.columns
        return Rewritten(tuple(steps), columns)

    def _column_transformer(self, model: ColumnTransformer, columns: Columns, path: str) -> Rewritten:
        fed, made = _or_numbers(columns, model.n_features_in_), []
        for name, step, places in branches(model):
            taken = tuple(fed[place] for place in places)
            if len({column.source for column in taken}) > 1:  # which the step inside chooses from itself
                inner = self._rewrite(step, taken, named(path, name))
                made.append((name, self._closed(model, name, inner.steps, inner.columns, path)))
                continue
            # skl2onnx forgets the order of columns when it is told to take all of them, so the choice is a step of
            # ours.
            choice = Select(tuple(column.place for column in taken), taken[0].source)
            inner = self._rewrite(step, None if columns is None else moved(taken), named(path, name))
            made.append((name, self._closed(model, name, (choice, *inner.steps), inner.columns, path)))
        return Rewritten((FeatureUnion(made),), None)

    def _feature_union(self, model: FeatureUnion, columns: Columns, path: str) -> Rewritten:
        made = []
        for name, step in model.transformer_list:
            if not is_drop(step):
                inner = self._rewrite(step, columns, named(path, name))
                made.append((name, self._closed(model, name, inner.steps, inner.columns, path)))
        return Rewritten((FeatureUnion(made),), None)

    def _closed(self, model: Any, name: str, steps: tuple[Any, ...], columns: Columns, path: str) -> Pipeline:
        """A branch, with the weight that ``model`` gives it."""
        if columns is not None and any(column.kind == "text" for column in columns):
            raise RewritingError(_text_left(named(path, name)))
        weights = {} if model.transformer_weights is None else model.transformer_weights
        return _pipeline((*steps, Weigh(weights[name])) if name in weights else steps)

    def _imputer(self, model: SimpleImputer, columns: Columns, path: str) -> Rewritten:
        fed = _or_numbers(columns, model.n_features_in_)
        step = fill_step(model, fed)
        if step.indicators and fed[0].kind == "text":
            raise RewritingError(
                Problem(path, "adds indicators beside text", "set add_indicator=False, or add them by a step apart")
            )
        unknown = columns is None or step.indicators
        return Rewritten((step,), None if unknown else moved([fed[place] for place in step.kept]))

    def _other(self, model: Any, columns: Columns, path: str) -> Rewritten:
        if isinstance(model, CountVectorizer):
            return self._vectorizer(model)
        if isinstance(model, DictVectorizer):
            return self._dictionaries(model, columns, path)
        if isinstance(model, ENSEMBLES) and not asks(model):
            return Rewritten((self._ensemble(model, columns, path),), None)
        if (boosting := boosting_of(model)) is not None:
            return self._boosted(model, boosting, columns, path)
        alike = is_fed_alike(model) and computes(model)
        if not alike and columns is not None and any(column.kind == "text" for column in columns):
            raise RewritingError(_text_left(path))
        if computes(model):
            return self._computed(model, columns if alike else None, path)
        if isinstance(model, FunctionTransformer):
            return Rewritten((Apply(OPERATORS[model.func]),), None)
        if isinstance(model, PowerTransformer):
            return Rewritten((_power(model),), None)
        return self._stock(model, path)

    def _registered(self, model: Any, columns: Columns, path: str) -> Rewritten:
        """An estimator of a class that somebody has registered a converter for."""
        if columns is not None and any(column.kind == "text" for column in columns):
            raise RewritingError(_text_left(path))
        return self._stock(model, path)

    def _stock(self, model: Any, path: str) -> Rewritten:
        """An estimator that skl2onnx converts, in the precision that its converter can."""
        if isinstance(model, SINGLE_ONLY):
            return Rewritten((Cast(double=False), model, Cast(double=True)), None)
        fresh = self._with_members(model, path)
        if fresh is not model:
            return Rewritten((fresh,), None)
        transforms = hasattr(model, "transform") and not hasattr(model, "predict")
        if isinstance(model, FLOAT_ONLY) or not (transforms or self._wide or isinstance(model, TREES)):
            return Rewritten((Cast(double=False), model), None)
        return Rewritten((model,), None)

    def _boosted(self, model: Any, boosting: Boosting, columns: Columns, path: str) -> Rewritten:
        """Boosted trees, fed the codes of their categories in place of these."""
        fields = {} if columns is None else {place: one.field for place, one in enumerate(columns) if one.field}
        known = boosting.categories(model, fields)
        if columns is None and known:
            found = "splits on categories of columns that were computed"
            raise RewritingError(Problem(path, found, "make it the first step, or train it on numbers"))
        untold = next((one for one in known.values() if isinstance(one, Untold)), None)
        if untold is not None:
            raise RewritingError(Problem(path, untold.found, untold.remedy))
        sure = {place: one for place, one in known.items() if isinstance(one, Categories)}
        fed = () if columns is None else columns
        for place, column in enumerate(fed):
            if column.kind == "text" and place not in sure:
                raise RewritingError(_text_left(path))
        if not sure and not any(column.source for column in fed):
            hollow = self.sparse and boosting.sparse_zeros_missing
            if hollow and self.zeros_kept:
                found = "takes a key that is 0 for 0, and one that is not there for missing"
                raise RewritingError(Problem(path, found, "train with DictVectorizer(sparse=False)"))
            blank = (Hollow(),) if hollow else ()
            return Rewritten((*blank, Computed(model)), None)
        return Rewritten((*coded(fed, sure), Computed(model, categories=sure)), None)

    def _ensemble(self, model: Any, columns: Columns, path: str) -> Any:
        """A copy of an ensemble whose members that are pipelines are rewritten too, all in float64."""
        fresh = copy.copy(model)
        names = [name for name, member in model.estimators if not is_drop(member)]
        members = zip(names, model.estimators_, strict=True)
        fresh.estimators_ = [self._member(member, columns, named(path, name)) for name, member in members]
        if isinstance(model, StackingClassifier | StackingRegressor):
            fresh.final_estimator_ = self._member(model.final_estimator_, None, named(path, "final_estimator"))
        if isinstance(model, VotingClassifier | VotingRegressor) and model.weights is not None:
            fresh.weights = np.asarray(model._weights_not_none, dtype=np.float64)  # skl2onnx knows no lists
        if isinstance(model, VotingClassifier):
            fresh.flatten_transform = False  # skl2onnx asks for it; it changes transform() only
        return fresh

    def _vectorizer(self, model: CountVectorizer) -> Rewritten:
        self.reads_text = True
        weighed = (Computed(model._tfidf),) if isinstance(model, TfidfVectorizer) else ()
        return Rewritten((count_step(model), *weighed), None)

    def _computed(self, model: Any, columns: Columns, path: str) -> Rewritten:
        found = members_of(model) if asks(model) else []
        members = [
            _answering(self._asked(member, None if name == FINAL else columns, named(path, name)))
            for name, member in found
        ]
        return Rewritten((Computed(model, tuple(members)),), None)

    def _with_members(self, model: Any, path: str) -> Any:
        """A copy of an ensemble of estimators alike, where these need copies of ours; else the ensemble itself."""
        members = getattr(model, "estimators_", None)
        if not isinstance(members, list | tuple) or all(map(_is_plain, members)):
            return model
        fresh = copy.copy(model)
        fresh.estimators_ = [self._member(member, None, named(path, "estimator")) for member in members]
        return fresh

    def _member(self, member: Any, columns: Columns, path: str) -> Any:
        return member if _is_plain(member) else self._asked(member, columns, path)

    def _asked(self, member: Any, columns: Columns, path: str) -> Pipeline:
        """A member as a pipeline, rewritten in float64."""
        if is_constant(member):
            return _pipeline(())  # which nobody asks
        inner = Rewriter("double")
        inner.sparse, inner.zeros_kept = self.sparse, self.zeros_kept
        made = inner.model(member, columns, path)
        self.reads_text |= inner.reads_text
        return made


def _answering(member: Pipeline) -> Pipeline:
    """The member of a composite, whose last step we compute ourselves where skl2onnx converts it only alone."""
    *others, (name, last) = member.steps
    return Pipeline([*others, (name, Computed(last))]) if type(last) in ASKED else member


def _scale_back(scaler: Any) -> Scale:
    """What a fitted scaler does to get back: a line for each column, so that two points tell of it."""
    at = [scaler.inverse_transform(np.full((1, scaler.n_features_in_), value)).ravel() for value in (0.0, 1.0)]
    return Scale(at[1] - at[0], at[0])


def _is_plain(model: Any) -> bool:
    """Whether skl2onnx converts an estimator rightly without a copy of ours."""
    if isinstance(model, Pipeline) or computes(model) or splits_on_categories(model):
        return False
    return _get_sklearn_operator_name(type(model)) is not None


def _power(model: PowerTransformer) -> Power:
    mean = model._scaler.mean_ if model.standardize else np.zeros(len(model.lambdas_))
    scale = model._scaler.scale_ if model.standardize else np.ones(len(model.lambdas_))
    return Power(np.asarray(model.lambdas_, dtype=np.float64), model.method == "yeo-johnson", mean, scale)


def _or_numbers(columns: Columns, count: int) -> tuple[Column, ...]:
    """The columns, or ``count`` columns of computed numbers where nothing else is known."""
    return tuple(Column("number", place) for place in range(count)) if columns is None else columns


def _text_left(path: str) -> Problem:
    return Problem(path, "takes text as it is", "encode the text columns first, with OneHotEncoder for instance")


def _pipeline(steps: Sequence[BaseEstimator]) -> Pipeline:
    return Pipeline([(f"s{number}", step) for number, step in enumerate(steps)] or [("s0", Cast(double=True))])
