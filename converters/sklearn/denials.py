"""Denials: what is known to convert wrongly or not at all, each with the step that it concerns and a remedy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import FeatureAgglomeration
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import DictionaryLearning, MiniBatchDictionaryLearning, SparseCoder
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_selection import SelectorMixin
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.impute._iterative import IterativeImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_approximation import Nystroem
from sklearn.kernel_ridge import KernelRidge
from sklearn.manifold import Isomap
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OutputCodeClassifier
from sklearn.neighbors import (
    NearestCentroid,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
    RadiusNeighborsTransformer,
)
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, PowerTransformer, SplineTransformer
from sklearn.semi_supervised import LabelPropagation, LabelSpreading

from lading.converters.boosting.frameworks import boosting_of
from lading.converters.converter import Problem, class_name
from lading.converters.sklearn import text_denials
from lading.converters.sklearn.computing import computes
from lading.converters.sklearn.derived import is_derived, is_registered, parent_of
from lading.converters.sklearn.fitted import is_fitted
from lading.converters.sklearn.formulas.composites import hides_ranks, hides_scores, is_scored
from lading.converters.sklearn.formulas.kernels import KERNELS, is_covariance
from lading.converters.sklearn.formulas.labels import hands_on_margins, judges_otherwise
from lading.converters.sklearn.formulas.margins import breaks_ties, is_machine
from lading.converters.sklearn.layout import ENCODERS, branches, is_drop, is_missing, is_passthrough, named
from lading.converters.sklearn.members import members_of
from lading.converters.sklearn.rewriting import OPERATORS, SCALERS
from lading.converters.sklearn.several import classes_of, is_several
from lading.converters.sklearn.unwrapping import unwrapped

OURS = (
    Pipeline, ColumnTransformer, FeatureUnion, DictVectorizer, SimpleImputer, FunctionTransformer, PowerTransformer,
    SelectorMixin, TransformedTargetRegressor, *ENCODERS,
)  # fmt: skip
"""What is converted without asking skl2onnx for the class."""

UNKNOWN = (
    "has no ONNX converter",
    "replace it, compute it before the model, or register a converter for the class "
    "with skl2onnx.update_registered_converter",
)
"""What is wrong with a class that is not known, and the way out."""


@dataclass(frozen=True)
class Denial:
    """One rule: which estimators it concerns, what is wrong with them, and what to do instead."""

    concerns: Callable[[Any], bool]
    found: str
    remedy: str


def _class_is(*names: str) -> Callable[[Any], bool]:
    return lambda model: type(model).__name__ in names and type(model).__module__.startswith("sklearn.")


THRESHOLDS = (FixedThresholdClassifier, TunedThresholdClassifierCV)
CODERS = (DictionaryLearning, MiniBatchDictionaryLearning, SparseCoder)
RADIUS = (RadiusNeighborsClassifier, RadiusNeighborsRegressor, RadiusNeighborsTransformer)

_FUNCTIONS = ", ".join(sorted(function.__name__ for function in OPERATORS))

DENIALS: tuple[Denial, ...] = (
    Denial(
        lambda model: isinstance(model, THRESHOLDS) and not _decides_by_probabilities(model),
        "decides by a threshold of its decision function, which the graph does not have",
        'train with response_method="predict_proba", of an estimator that has probabilities',
    ),
    Denial(
        lambda model: (
            hides_ranks(model)
            or (isinstance(model, OutputCodeClassifier) and not all(is_scored(member) for member in model.estimators_))
        ),
        "asks estimators for their decision functions, which the graph does not have",
        "use linear estimators, or ones with probabilities alone, such as RandomForestClassifier",
    ),
    Denial(
        lambda model: breaks_ties(model) and (hasattr(model, "predict_proba") or not is_machine(model)),
        "breaks ties by a decision function which the graph does not have beside probabilities, or of such a kernel",
        "train with break_ties=False, or with probability=False and a kernel that has a name",
    ),
    *(Denial(*one) for one in text_denials.DENIALS),
    Denial(
        lambda model: isinstance(model, FunctionTransformer) and model.func is not None and model.func not in OPERATORS,
        "calls a Python function, which cannot go into a graph",
        "compute it before the model, or use one of NumPy's: " + _FUNCTIONS,
    ),
    Denial(
        lambda model: isinstance(model, FunctionTransformer) and bool(model.kw_args),
        "calls a function with arguments of its own",
        "compute it before the model",
    ),
    Denial(
        lambda model: (
            isinstance(model, ENCODERS) and any(sum(map(is_missing, known)) > 1 for known in model.categories_)
        ),
        "knows two kinds of missing value as categories, None and NaN",
        "make them one before training: data.where(data.notna(), None)",
    ),
    Denial(
        lambda model: is_several(model) and not computes(model),
        "predicts several labels at once in a way that is not known here",
        "train MultiOutputClassifier or ClassifierChain around it, or package one model for each label",
    ),
    Denial(
        hands_on_margins,
        "hands on decision functions, which the graph does not have",
        'train with chain_method="predict" or "predict_proba", or with linear estimators',
    ),
    Denial(
        hides_scores,
        "stacks decision functions that the graph does not have",
        'train with stack_method="predict", or SVC(probability=True)',
    ),
    Denial(
        judges_otherwise,
        "has as its first label one that all rows have, or none, by which scikit-learn judges the others otherwise",
        "leave that label out, or put it behind another",
    ),
    Denial(
        lambda model: is_classifier(model) and not _names_classes(model),
        "has class names that are neither text nor whole numbers nor true and false",
        "train with text labels: y.astype(str)",
    ),
    Denial(
        lambda model: (
            isinstance(model, TransformedTargetRegressor)
            and (
                not isinstance(model.transformer, (type(None), *SCALERS))
                or model.inverse_func not in (None, *OPERATORS)
            )
        ),
        "transforms the target in a way that cannot go into a graph",
        "use StandardScaler or another scaler, or func and inverse_func of NumPy's: " + _FUNCTIONS,
    ),
    Denial(
        lambda model: (
            isinstance(model, AdaBoostClassifier | AdaBoostRegressor) and any(map(computes, model.estimators_))
        ),
        "weighs estimators that the graph computes otherwise than its own",
        "use decision trees in it, or the estimator alone",
    ),
    Denial(
        lambda model: isinstance(model, GaussianProcessClassifier) and not _is_gaussian_process(model),
        "has a kernel that ONNX cannot compute, or compares its classes one by one",
        'use RBF, Matern (nu 0.5, 1.5, 2.5), RationalQuadratic, DotProduct, their sums and products, and multi_class="one_vs_rest"',
    ),
    Denial(
        lambda model: isinstance(model, KernelRidge | Nystroem) and model.kernel not in KERNELS,
        "has a kernel that ONNX cannot compute",
        "use one of these kernels: " + ", ".join(sorted(KERNELS)),
    ),
    Denial(
        lambda model: isinstance(model, LabelPropagation | LabelSpreading) and model.kernel not in ("rbf", "knn"),
        "has a kernel of its own, which cannot go into a graph",
        'use kernel="rbf" or kernel="knn"',
    ),
    Denial(
        lambda model: isinstance(model, (*RADIUS, Isomap)) and not _is_euclidean(model),
        "measures distances in a way that ONNX cannot compute",
        'use metric="minkowski" with p=2, and weights="uniform" or "distance"',
    ),
    Denial(
        lambda model: isinstance(model, RadiusNeighborsClassifier) and model.outlier_label_ is None,
        "fails for rows without neighbours, as a graph cannot",
        'train with outlier_label="most_frequent", or use KNeighborsClassifier',
    ),
    Denial(
        lambda model: isinstance(model, Isomap) and model.n_neighbors is None,
        "takes neighbours within a radius, which the graph does not have here",
        "train with n_neighbors",
    ),
    Denial(
        lambda model: isinstance(model, DummyClassifier) and model.strategy in ("stratified", "uniform"),
        "draws its answers at random",
        'use strategy="prior", "most_frequent" or "constant"',
    ),
    Denial(
        lambda model: isinstance(model, FeatureAgglomeration) and model.pooling_func is not np.mean,
        "pools columns by a Python function, which cannot go into a graph",
        "train with pooling_func=np.mean",
    ),
    Denial(
        lambda model: isinstance(model, SplineTransformer) and model.extrapolation == "error",
        "fails outside of its knots, as a graph cannot",
        'train with extrapolation="constant", "linear", "continue" or "periodic"',
    ),
    Denial(
        lambda model: isinstance(model, IsotonicRegression) and model.out_of_bounds == "raise",
        "fails outside of the numbers that it was trained on, as a graph cannot",
        'train with out_of_bounds="clip" or "nan"',
    ),
    Denial(
        lambda model: isinstance(model, MissingIndicator) and _fails_on_new(model),
        "fails where a column lacks a value that never lacked one before, as a graph cannot",
        'train with error_on_new=False, or features="all"',
    ),
    Denial(
        lambda model: isinstance(model, NearestCentroid) and model.metric != "euclidean",
        "measures distances in a way that the graph does not",
        'train with metric="euclidean"',
    ),
    Denial(
        lambda model: isinstance(model, IterativeImputer) and model.sample_posterior,
        "draws what is missing at random",
        "train with sample_posterior=False",
    ),
    Denial(
        lambda model: isinstance(model, IterativeImputer) and len(_statistics(model)) < model.n_features_in_,
        "leaves out columns that were missing throughout",
        "leave them out before the model",
    ),
    Denial(
        lambda model: isinstance(model, CalibratedClassifierCV) and model.method == "temperature",
        "calibrates by a temperature, which the graph does not have",
        'train with method="sigmoid"',
    ),
    Denial(
        _class_is("NMF", "MiniBatchNMF"),
        "searches for its answer step by step, until all rows that it is asked together are good enough",
        "use PCA, TruncatedSVD or FactorAnalysis",
    ),
    Denial(
        _class_is("LatentDirichletAllocation"),
        "searches for each answer step by step, which the graph cannot",
        "use PCA, TruncatedSVD or FactorAnalysis",
    ),
    Denial(
        lambda model: isinstance(model, CODERS) and model.transform_algorithm != "threshold",
        "searches for each code step by step, which the graph cannot",
        'train with transform_algorithm="threshold", which is a formula, or use PCA, TruncatedSVD or FactorAnalysis',
    ),
    Denial(
        _class_is("PatchExtractor"),
        "cuts each image into rows of their own, which are no answer to it",
        "cut the images before the model",
    ),
    Denial(
        lambda model: isinstance(model, KNNImputer) and (callable(model.weights) or model.metric != "nan_euclidean"),
        "measures or weighs neighbours by a Python function, which cannot go into a graph",
        'use metric="nan_euclidean", and weights="uniform" or "distance"',
    ),
    Denial(
        _class_is("LabelEncoder", "LabelBinarizer", "MultiLabelBinarizer"),
        "turns targets into numbers, not rows",
        "package the model that is trained on the target, which keeps its class names",
    ),
    Denial(
        _class_is("LocallyLinearEmbedding"),
        "solves equations for each row, which the graph cannot",
        "use Isomap or PCA",
    ),
)
"""Every rule; CONTRIBUTING says how to find such cases, the parity proof catches those that are not known yet."""


def diagnose_steps(model: Any) -> list[Problem]:
    """The problems of every step of ``model``, in the order in which data flows."""
    return list(_diagnosed(model, ""))


def _diagnosed(model: Any, path: str) -> Iterator[Problem]:
    model = unwrapped(model)
    if isinstance(model, Problem):
        yield model.within(path)
        return
    if is_passthrough(model) or is_drop(model):
        return
    if is_derived(model):
        yield from _of_derived(model, path)
        return
    if isinstance(model, Pipeline):
        yield from _of_pipeline(model, path)
    elif not is_fitted(model):
        yield Problem(path, "is not fitted", "call fit before packaging")
    elif isinstance(model, ColumnTransformer):
        for name, step, _ in branches(model):
            yield from _diagnosed(step, named(path, name))
    elif isinstance(model, FeatureUnion):
        for name, step in model.transformer_list:
            yield from _diagnosed(step, named(path, name))
    else:
        yield from _of_estimator(model, path)


def _of_derived(model: Any, path: str) -> Iterator[Problem]:
    parent = parent_of(model)
    if parent is not None and not is_registered(model):
        yield Problem(path, f"({class_name(model)}) answers otherwise than {parent.__name__}, {UNKNOWN[0]}", UNKNOWN[1])


def _of_pipeline(model: Pipeline, path: str) -> Iterator[Problem]:
    for place, (name, step) in enumerate(model.steps):
        yield from _diagnosed(step, named(path, name))
        inside = place < len(model.steps) - 1
        if inside and hasattr(step, "predict") and not isinstance(step, Pipeline | SelectorMixin):
            yield Problem(
                named(path, name), "both predicts and transforms", "use it as the last step, or a pure transformer"
            )


def _of_estimator(model: Any, path: str) -> Iterator[Problem]:
    for denial in DENIALS:
        if denial.concerns(model):
            yield Problem(path, denial.found, denial.remedy)
            return
    boosting = boosting_of(model)
    if boosting is not None and (denied := boosting.denial(model)) is not None:
        yield Problem(path, *denied)
        return
    if not is_known(model):
        yield Problem(path, f"({class_name(model)}) {UNKNOWN[0]}", UNKNOWN[1])
    for name, member in members_of(model):
        yield from _diagnosed(member, named(path, name))


def is_known(model: object) -> bool:
    """Whether there is a converter for the class: ours, or one that is registered with skl2onnx."""
    return isinstance(model, OURS) or computes(model) or is_registered(model)


def _decides_by_probabilities(model: Any) -> bool:
    member = getattr(model, "estimator_", model.estimator)
    return model.response_method != "decision_function" and hasattr(member, "predict_proba")


def _is_gaussian_process(model: Any) -> bool:
    single = len(model.classes_) == 2 or model.multi_class == "one_vs_rest"
    members = getattr(model.base_estimator_, "estimators_", [model.base_estimator_])
    return single and all(is_covariance(member.kernel_) for member in members)


def _is_euclidean(model: Any) -> bool:
    plain = model.metric == "euclidean" or (model.metric == "minkowski" and model.p == 2)
    return plain and getattr(model, "weights", "uniform") in ("uniform", "distance")


def _fails_on_new(model: Any) -> bool:
    """Whether values that a request may hold stand for what is missing in columns that lacked nothing."""
    strict = model.error_on_new and model.features == "missing-only" and not is_missing(model.missing_values)
    return bool(strict) and len(model.features_) < model.n_features_in_


def _statistics(model: Any) -> list[float]:
    return [value for value in model.initial_imputer_.statistics_ if not is_missing(value)]


def _names_classes(model: Any) -> bool:
    classes = getattr(model, "classes_", None)
    known = classes_of(model) if is_several(model) else [classes] if isinstance(classes, np.ndarray) else []
    return all(map(_are_names, known))


def _are_names(classes: np.ndarray) -> bool:
    if classes.dtype.kind == "f":
        return bool((classes == np.trunc(classes)).all())
    return classes.dtype.kind in "biuU" or all(isinstance(name, str) for name in classes)
