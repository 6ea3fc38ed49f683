"""The tracking: which models were trained while it was on, on what, and with which results."""

import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from lading.bundles.provenance import Training
from lading.converters.seen_rows import SeenRows
from lading.core.plugins import PluginNeedsError, discover, load

GROUP = "lading.watchers"

Watch = Callable[["Tracking"], AbstractContextManager[None]]
"""Tells a tracking what one framework's models do, as long as the context is open; offered in ``lading.watchers``."""

Value = TypeVar("Value")


class ByIdentity(Generic[Value]):
    """Values by the very object that they belong to, which they do not keep alive."""

    def __init__(self) -> None:
        self._values: dict[int, tuple[weakref.ref[Any], Value]] = {}

    def put(self, thing: object, value: Value) -> None:
        """Keep ``value`` for as long as ``thing`` is there; nothing where ``thing`` cannot be referred to weakly."""
        place = id(thing)
        try:
            self._values[place] = (weakref.ref(thing, lambda _: self._values.pop(place, None)), value)
        except TypeError:
            self._values.pop(place, None)

    def get(self, thing: object) -> Value | None:
        """The value of ``thing``, if it has one."""
        reference, value = self._values.get(id(thing), (None, None))
        return value if reference is not None and reference() is thing else None

    def drop(self, thing: object) -> None:
        """Forget the value of ``thing``."""
        self._values.pop(id(thing), None)


@dataclass(frozen=True)
class Score:
    """One result: what was measured, and on which rows."""

    metric: str
    value: float
    rows: SeenRows


@dataclass(frozen=True)
class Seen:
    """What was seen of one model."""

    call: str
    rows: SeenRows
    """What it was trained on."""
    scores: list[Score] = field(default_factory=list)

    @property
    def training(self) -> Training | None:
        """The record of the training; ``None`` where the rows have no digest."""
        if self.rows.inputs is None:
            return None
        return Training(
            call=self.call, digest=self.rows.inputs, target_digest=self.rows.target_digest, rows=self.rows.count
        )


_MODELS: ByIdentity[Seen] = ByIdentity()


def seen_of(model: object) -> Seen | None:
    """What was seen of ``model`` while a tracking was on; of its last training, where there were several."""
    return _MODELS.get(model)


class Tracking:
    """What is seen while ``track`` is open, by the thread that opened it."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        """The names of the module that opened it, for watchers of functions that were imported into it before."""
        self._thread = threading.get_ident()
        self._on = self._inside = False
        self._trainings: list[Training] = []

    @property
    def trainings(self) -> tuple[Training, ...]:
        """Every training that was seen, in order."""
        return tuple(self._trainings)

    @contextmanager
    def outermost(self) -> Iterator[bool]:
        """Around every call that a watcher sees: whether it is to be told, or is but a part of one that is."""
        told = self._on and not self._inside and threading.get_ident() == self._thread
        if not told:
            yield False
            return
        self._inside = True
        try:
            yield True
        finally:
            self._inside = False

    def trained(self, model: object, call: str, rows: SeenRows) -> None:
        """A call trained ``model`` on these rows, and on nothing else."""
        seen = Seen(call, rows)
        _MODELS.put(model, seen)
        if seen.training is not None:
            self._trainings.append(seen.training)

    def changed(self, model: object) -> None:
        """A call changed ``model``, so that what was seen of it says no longer how it came to be."""
        _MODELS.drop(model)

    def scored(self, model: object, metric: str, value: object, rows: SeenRows) -> None:
        """A metric was measured of ``model``; what is no single number is passed by."""
        seen = seen_of(model)
        if seen is not None and isinstance(number := _number(value), float):
            seen.scores.append(Score(metric, number, rows))

    @contextmanager
    def on(self) -> Iterator["Tracking"]:
        """Watch, with every watcher that is installed."""
        with ExitStack() as stack:
            for name in discover(GROUP):
                try:
                    watch = cast(Watch, load(GROUP, name))
                except PluginNeedsError:  # a framework that is not there trains nothing
                    continue
                stack.enter_context(watch(self))
            self._on = True
            try:
                yield self
            finally:
                self._on = False


def track() -> AbstractContextManager[Tracking]:
    """Watch what is trained and measured within the context, so that ``package`` knows it.

    Of scikit-learn's estimators: the calls of ``fit`` with the digests of their rows, the scores of ``score`` and of
    the functions of ``sklearn.metrics`` that are given what a model answered. Only what the opening thread itself
    calls counts, not what estimators call within. Nothing is changed but for the time of the context::

        with track():
            model = LogisticRegression().fit(train[columns], train["species"])
            model.score(test[columns], test["species"])
        package(model, name="penguins")
    """
    return Tracking(sys._getframe(1).f_globals).on()


def _number(value: object) -> float | None:
    if isinstance(value, bool) or getattr(value, "ndim", 0) != 0:
        return None
    try:
        return float(cast(Any, value))
    except (TypeError, ValueError):
        return None
