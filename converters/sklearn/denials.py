"""Denials: what is known to convert wrongly or not at all, each with the step that it concerns and a remedy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from skl2onnx._supported_operators import _get_sklearn_operator_name
from skl2onnx.common._registration import _converter_pool
from sklearn.base import BaseEstimator, is_classifier
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer, PowerTransformer
from sklearn.utils.validation import check_is_fitted

from lading.converters.converter import Problem
from lading.converters.sklearn.layout import ENCODERS, branches, is_drop, is_missing, is_passthrough, named
from lading.converters.sklearn.rewriting import OPERATORS
from lading.converters.sklearn.trees import HISTOGRAM

OURS = (
    Pipeline,
    ColumnTransformer,
    FeatureUnion,
    SimpleImputer,
    FunctionTransformer,
    PowerTransformer,
    SelectorMixin,
    TransformedTargetRegressor,
    *ENCODERS,
)
"""What is converted without asking skl2onnx for the class."""


@dataclass(frozen=True)
class Denial:
    """One rule: which estimators it concerns, what is wrong with them, and what to do instead."""

    concerns: Callable[[Any], bool]
    found: str
    remedy: str


def _class_is(*names: str) -> Callable[[Any], bool]:
    return lambda model: type(model).__name__ in names and type(model).__module__.startswith("sklearn.")


def _vectorizer(attribute: str, *allowed: object) -> Callable[[Any], bool]:
    return lambda model: isinstance(model, CountVectorizer) and getattr(model, attribute) not in allowed


_FUNCTIONS = ", ".join(sorted(function.__name__ for function in OPERATORS))

DENIALS: tuple[Denial, ...] = (
    Denial(
        _class_is("TunedThresholdClassifierCV", "FixedThresholdClassifier"),
        "decides by a threshold of its own, which the graph would ignore",
        "package its estimator_ and apply the threshold to the probabilities",
    ),
    Denial(
        lambda model: isinstance(model, HISTOGRAM) and model.is_categorical_ is not None,
        "splits on categories, which the graph would compare as numbers",
        "encode them with OneHotEncoder or OrdinalEncoder and train without categorical_features",
    ),
    Denial(
        lambda model: isinstance(model, TfidfVectorizer) and model.sublinear_tf,
        "uses sublinear_tf, which the graph would compute wrongly",
        "train with sublinear_tf=False",
    ),
    Denial(
        _vectorizer("analyzer", "word", "char"),
        "uses an analyzer that ONNX does not have",
        'use analyzer="word" or analyzer="char"',
    ),
    Denial(
        lambda model: (
            isinstance(model, CountVectorizer)
            and any(getattr(model, name) is not None for name in ("tokenizer", "preprocessor", "strip_accents"))
        ),
        "cleans its text by a tokenizer, a preprocessor or strip_accents, which ONNX does not have",
        "clean the text before the model, and train with these parameters left at None",
    ),
    Denial(
        lambda model: isinstance(model, HashingVectorizer),
        "hashes text in a way that ONNX does not have",
        "use TfidfVectorizer or CountVectorizer",
    ),
    Denial(
        lambda model: isinstance(model, KBinsDiscretizer) and model.encode == "onehot",
        'encodes bins as a sparse matrix, which the graph would get wrong (encode="onehot")',
        'train with encode="onehot-dense"',
    ),
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
        lambda model: is_classifier(model) and _has_labels(model),
        "predicts several labels at once",
        "package one model for each label",
    ),
    Denial(
        lambda model: is_classifier(model) and not _names_classes(model),
        "has class names that are neither text nor whole numbers nor true and false",
        "train with text labels: y.astype(str)",
    ),
    Denial(
        lambda model: (
            isinstance(model, TransformedTargetRegressor)
            and (model.transformer is not None or model.inverse_func not in (None, *OPERATORS))
        ),
        "transforms the target in a way that cannot go into a graph",
        "use func and inverse_func of NumPy's: " + _FUNCTIONS,
    ),
    Denial(
        _class_is("GaussianProcessClassifier"),
        "needs an operator that ONNX Runtime does not have",
        "use another classifier, SVC(probability=True) for instance",
    ),
    Denial(
        _class_is("RadiusNeighborsClassifier", "RadiusNeighborsRegressor"),
        "fails for rows with few neighbours once it is a graph",
        "use KNeighborsClassifier or KNeighborsRegressor",
    ),
    Denial(
        _class_is("KNNImputer"),
        "fails or answers wrongly for rows with few values once it is a graph",
        "use SimpleImputer, or a model that takes missing values, such as HistGradientBoostingClassifier",
    ),
    Denial(
        _class_is("DictVectorizer"),
        "takes dictionaries rather than columns",
        "train on a DataFrame, with OneHotEncoder for the text columns",
    ),
)
"""Every rule; CONTRIBUTING says how to find such cases, the parity proof catches those that are not known yet."""


def diagnose_steps(model: Any) -> list[Problem]:
    """The problems of every step of ``model``, in the order in which data flows."""
    return list(_diagnosed(model, ""))


def _diagnosed(model: Any, path: str) -> Iterator[Problem]:
    if is_passthrough(model) or is_drop(model):
        return
    if isinstance(model, Pipeline):
        yield from _of_pipeline(model, path)
    elif not _is_fitted(model):
        yield Problem(path, "is not fitted", "call fit before packaging")
    elif isinstance(model, ColumnTransformer):
        for name, step, _ in branches(model):
            yield from _diagnosed(step, named(path, name))
    elif isinstance(model, FeatureUnion):
        for name, step in model.transformer_list:
            yield from _diagnosed(step, named(path, name))
    else:
        yield from _of_estimator(model, path)


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
    if not is_known(model):
        kind = type(model)
        yield Problem(
            path,
            f"({kind.__module__.split('.')[0]}.{kind.__qualname__}) has no ONNX converter",
            "replace it, compute it before the model, or register a converter for the class "
            "with skl2onnx.update_registered_converter",
        )
    for name, member in members_of(model):
        yield from _diagnosed(member, named(path, name))


def members_of(model: Any) -> list[tuple[str, Any]]:
    """The fitted estimators inside an ensemble or another wrapper; of many alike the first."""
    members = getattr(model, "estimators_", None)
    if hasattr(model, "estimators") and members is not None:
        names = [name for name, member in model.estimators if not is_drop(member)]
        final = getattr(model, "final_estimator_", None)
        return [*zip(names, members, strict=True), *([] if final is None else [("final_estimator", final)])]
    if members is not None and len(members):
        return [("estimator", np.ravel(members)[0])]
    if isinstance(model, TransformedTargetRegressor):
        return [("regressor", model.regressor_)]
    if isinstance(model, SelectorMixin) and not hasattr(model, "predict"):
        return []
    calibrated = getattr(model, "calibrated_classifiers_", None)
    single = calibrated[0].estimator if calibrated else getattr(model, "estimator_", None)
    return [("estimator", single)] if isinstance(single, BaseEstimator) else []


def is_known(model: object) -> bool:
    """Whether there is a converter for the class: ours, or one that is registered with skl2onnx."""
    if isinstance(model, OURS):
        return True
    name = _get_sklearn_operator_name(type(model))
    return name is not None and name in _converter_pool


def _is_fitted(model: Any) -> bool:
    if not isinstance(model, BaseEstimator):
        return True
    try:
        check_is_fitted(model)
    except NotFittedError:
        return False
    except TypeError:  # not an estimator instance, or no fit method
        return True
    return True


def _has_labels(model: Any) -> bool:
    """Whether a fitted classifier gives each row several labels."""
    if isinstance(getattr(model, "classes_", None), list) or bool(getattr(model, "multilabel_", False)):
        return True
    if type(model).__name__ in ("MultiOutputClassifier", "ClassifierChain"):
        return True
    return getattr(model, "out_activation_", None) == "logistic" and len(model.classes_) > 2


def _names_classes(model: Any) -> bool:
    classes = getattr(model, "classes_", None)
    if not isinstance(classes, np.ndarray):
        return True
    if classes.dtype.kind == "f":
        return bool((classes == np.trunc(classes)).all())
    return classes.dtype.kind in "biuU" or all(isinstance(name, str) for name in classes)
