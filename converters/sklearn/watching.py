"""Watching scikit-learn: what estimators are fitted on, what they answer, and what is measured of that."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import update_wrapper
from typing import Any

import numpy as np
import sklearn.metrics
from sklearn.base import BaseEstimator

from lading.converters.seen_rows import SeenRows, seen_rows
from lading.converters.tracking import ByIdentity, Tracking

TRAINS = ("fit", "fit_predict", "fit_transform")
CHANGES = ("partial_fit",)
ANSWERS = ("predict", "predict_proba", "predict_log_proba", "decision_function")
SCORES = ("score",)
METHODS = (*TRAINS, *CHANGES, *ANSWERS, *SCORES)

Answers = ByIdentity[tuple[object, SeenRows]]
"""By what a model answered: the model, and what it was asked."""


@contextmanager
def watch(tracking: Tracking) -> Iterator[None]:
    """Tell ``tracking`` what estimators do: each class's own methods are looked after while the context is open.

    Classes that come into being meanwhile too. Afterwards everything is as it was, whatever left the context.
    """
    watcher = _Watcher(tracking)
    watcher.begin()
    try:
        yield
    finally:
        watcher.end()


class _Watcher:
    """Puts what watches in the place of methods and functions, and takes it away again."""

    def __init__(self, tracking: Tracking) -> None:
        self._tracking, self._answers = tracking, Answers()
        self._methods: list[tuple[type, str, _Method]] = []
        self._functions: dict[int, _Function] = {}

    def begin(self) -> None:
        for kind in _kinds(BaseEstimator):
            self._wrap(kind)
        watcher = self

        def created(cls: type, /, **options: Any) -> None:
            super(BaseEstimator, cls).__init_subclass__(**options)  # type: ignore[misc]
            watcher._wrap(cls)

        BaseEstimator.__init_subclass__ = classmethod(created)
        for name in sklearn.metrics.__all__:
            if _measures(function := getattr(sklearn.metrics, name)):
                self._functions[id(function)] = _Function(function, self._tracking, self._answers)
        for names in (vars(sklearn.metrics), self._tracking.names):
            self._replace(names, self._functions)

    def end(self) -> None:
        back = {id(watched): watched.original for watched in self._functions.values()}
        for names in (vars(sklearn.metrics), self._tracking.names):
            self._replace(names, back)
        if "__init_subclass__" in vars(BaseEstimator):
            del BaseEstimator.__init_subclass__
        for kind, name, method in reversed(self._methods):
            if vars(kind).get(name) is method:  # what somebody else put over it stays, and ours beneath is idle
                setattr(kind, name, method.original)

    def _wrap(self, kind: type) -> None:
        for base in kind.__mro__[:-1]:
            for name in METHODS:
                original = vars(base).get(name)
                if original is None or (isinstance(original, _Method) and original.tracking is self._tracking):
                    continue
                method = _Method(name, original, self._tracking, self._answers)
                with suppress(TypeError):  # a class that is not written in Python stays as it is
                    setattr(base, name, method)
                    self._methods.append((base, name, method))

    @staticmethod
    def _replace(names: dict[str, Any], by: Mapping[int, object]) -> None:
        for name, value in list(names.items()):
            if id(value) in by:
                names[name] = by[id(value)]


class _Method:
    """A method of a class, in whose place it stands; on an instance it is a call that is watched."""

    def __init__(self, name: str, original: Any, tracking: Tracking, answers: Answers) -> None:
        self.name, self.original, self.tracking, self.answers = name, original, tracking, answers

    def __get__(self, model: object, kind: type | None = None) -> Any:
        bound = self.original.__get__(model, kind)
        return bound if model is None else _Call(self, model, bound)


class _Call:
    """A bound method that is watched; pickled it is the method alone."""

    def __init__(self, method: _Method, model: object, bound: Callable[..., Any]) -> None:
        update_wrapper(self, bound)  # which takes over what the other has, if it is one of these
        self._method, self._model, self._bound = method, model, bound

    def __call__(self, *given: Any, **named: Any) -> Any:
        """What the method answers."""
        with self._method.tracking.outermost() as told:
            return self._told(*given, **named) if told else self._bound(*given, **named)

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._model, self._method.name)

    def _told(self, *given: Any, **named: Any) -> Any:
        tracking, name = self._method.tracking, self._method.name
        rows = seen_rows(_argument(given, named, 0, "X"), _argument(given, named, 1, "y"))
        answer = self._bound(*given, **named)
        if name in TRAINS:
            tracking.trained(self._model, name, rows)
        elif name in CHANGES:
            tracking.changed(self._model)
        elif name in SCORES:
            tracking.scored(self._model, name, answer, rows)
        elif (owner := _owner(answer)) is not _owner(rows.rows):
            self._method.answers.put(owner, (self._model, rows))
        return answer


class _Function:
    """A metric that is watched; pickled it is the metric alone."""

    def __init__(self, original: Callable[..., Any], tracking: Tracking, answers: Answers) -> None:
        update_wrapper(self, original)
        self.original, self._tracking, self._answers = original, tracking, answers

    def __call__(self, *given: Any, **named: Any) -> Any:
        """What the metric is."""
        with self._tracking.outermost() as told:
            value = self.original(*given, **named)
            if told:
                self._tell(value, inspect.signature(self.original).bind(*given, **named).arguments)
        return value

    def __reduce__(self) -> tuple[Any, ...]:
        return _metric, (self.original.__name__,)

    def _tell(self, value: object, arguments: Mapping[str, Any]) -> None:
        target, answer, *_ = (*arguments.values(), None)
        options = list(arguments.items())[2:]
        known = self._answers.get(_owner(answer))
        if known is None:
            return
        model, asked = known
        rows = seen_rows(asked.rows, target)
        if rows.inputs == asked.inputs:  # else they were changed since the model was asked
            self._tracking.scored(model, _with_options(self.original.__name__, options), value, rows)


def _metric(name: str) -> Any:
    return getattr(sklearn.metrics, name)


def _kinds(kind: type) -> Iterator[type]:
    yield kind
    derived: list[type] = kind.__subclasses__()
    for one in derived:
        yield from _kinds(one)


def _measures(function: object) -> bool:
    """Whether a function compares a target with what a model answered."""
    if not inspect.isfunction(function):
        return False
    names = list(inspect.signature(function).parameters)
    return names[:1] == ["y_true"] and names[1:2] != [] and names[1].startswith("y_")


def _argument(given: tuple[Any, ...], named: Mapping[str, Any], place: int, name: str) -> Any:
    return given[place] if len(given) > place else named.get(name)


def _owner(values: object) -> object:
    """The array whose memory ``values`` looks at, so that a column of an answer is known as a part of it."""
    return values.base if isinstance(values, np.ndarray) and isinstance(values.base, np.ndarray) else values


def _with_options(name: str, options: list[tuple[str, Any]]) -> str:
    """The metric's name, with the options that it was given: ``f1_score(average=macro)``."""
    told = [f"{option}={_option(value)}" for option, value in options]
    return f"{name}({', '.join(told)})" if told else name


def _option(value: object) -> str:
    return str(value) if value is None or isinstance(value, str | int | float) else type(value).__name__
