"""Derived classes: whether an estimator answers as the class of scikit-learn's does that it is derived from."""

from skl2onnx._supported_operators import _get_sklearn_operator_name
from skl2onnx.common._registration import _converter_pool
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin

HARMLESS = frozenset(
    {
        "__init__", "__module__", "__qualname__", "__doc__", "__annotations__", "__annotate__", "__dict__",
        "__weakref__", "__slots__", "__static_attributes__", "__firstlineno__", "__orig_bases__", "__parameters__",
        "__abstractmethods__", "_abc_impl", "__repr__", "__str__", "__getstate__", "__setstate__", "__reduce__",
        "__sklearn_clone__", "__sklearn_tags__", "__sklearn_is_fitted__", "_more_tags", "_get_tags",
        "_parameter_constraints", "_required_parameters", "_estimator_type", "_sklearn_auto_wrap_output_keys",
        "_doc_link_module", "_doc_link_template", "_get_param_names", "get_params", "set_params", "fit", "partial_fit",
        "fit_transform", "fit_predict", "score", "get_feature_names_out", "get_support", "_get_support_mask",
    }
)  # fmt: skip
"""What a class may say otherwise and still answer as what it is derived from, by what that was fitted to."""

ANSWERS = frozenset(
    {
        "predict", "predict_proba", "predict_log_proba", "decision_function", "transform", "inverse_transform",
        "__getattr__", "__getattribute__",
    }
)  # fmt: skip
"""What a search hands on to the estimator that it found."""


def parent_of(model: object) -> type | None:
    """The class of scikit-learn's that the model's is derived from, or is; None where it is from none but base classes."""
    return next((kind for kind in type(model).__mro__ if _is_own(kind) and _is_whole(kind)), None)


def is_derived(model: object) -> bool:
    """Whether the model's class changes what a class of scikit-learn's says, so that it may answer otherwise."""
    parent = parent_of(model)
    if parent is None:
        return False
    changed = _changed(model)
    known = {name for name in changed if name in dir(parent)} | (changed & {"__getattr__"})
    return any(name not in HARMLESS and not _is_request(name) for name in known)


def is_registered(model: object) -> bool:
    """Whether skl2onnx has a converter for the model's very class."""
    name = _get_sklearn_operator_name(type(model))
    return name is not None and name in _converter_pool


def answers_otherwise(model: object) -> bool:
    """Whether the model's class has methods of its own for what a class of scikit-learn's answers."""
    return bool(_changed(model) & ANSWERS)


def _changed(model: object) -> set[str]:
    """What the classes say that are not scikit-learn's."""
    kinds = type(model).__mro__
    parent = parent_of(model)
    before = kinds if parent is None else kinds[: kinds.index(parent)]
    return {name for kind in before if not _is_own(kind) for name in vars(kind)}


def _is_own(kind: type) -> bool:
    return kind.__module__.split(".")[0] == "sklearn"


def _is_whole(kind: type) -> bool:
    return kind is SelectorMixin or (issubclass(kind, BaseEstimator) and kind.__module__ != "sklearn.base")


def _is_request(name: str) -> bool:
    """Whether scikit-learn adds the method to every class that is made."""
    return name.startswith("set_") and name.endswith("_request")
