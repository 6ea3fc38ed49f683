"""The tracker: what knows the runs of experiments, of which a bundle tells one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from lading.bundles.provenance import Code, Run
from lading.core.errors import LadingError, UsageError
from lading.core.plugins import PluginNeedsError, discover, load

GROUP = "lading.trackers"


class RunReferenceError(UsageError):
    """A run is not named by its tracker and its id."""

    def __init__(self, found: str, trackers: tuple[str, ...]) -> None:
        super().__init__(found, trackers)
        self.found, self.trackers = found, trackers

    def __str__(self) -> str:
        return (
            f"the run {self.found!r} is not a tracker and an id, as in 'mlflow:0a1b2c'; "
            f"the trackers are: {', '.join(self.trackers)}"
        )


class UnknownRunError(UsageError):
    """The tracker has no such run."""

    def __init__(self, tracker: str, run: str, where: str) -> None:
        super().__init__(tracker, run, where)
        self.tracker, self.run, self.where = tracker, run, where

    def __str__(self) -> str:
        return f"{self.tracker} has no run {self.run!r} at {self.where}; look up its id, or say where its runs are"


class TrackerFailedError(LadingError):
    """A tracker does not tell of a run."""

    def __init__(self, tracker: str, reason: str) -> None:
        super().__init__(tracker, reason)
        self.tracker, self.reason = tracker, reason

    def __str__(self) -> str:
        return f"{self.tracker} does not tell of the run: {self.reason}; see that it can be reached, or name no run"


@dataclass(frozen=True)
class TrackedRun:
    """What a tracker knows of one run."""

    run: Run
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The last value of each; one that is not finite is left out of the bundle, with a note."""
    code: Code = field(default_factory=Code)
    """The code that ran, as far as the tracker knows it."""


class Tracker(Protocol):
    """Knows the runs of one experiment tracker; offered in the group ``lading.trackers``.

    It is made without arguments, and for every bundle; so its module should import the tracker's own library only
    when it is asked something.
    """

    def active(self) -> str | None:
        """The id of the run that is under way in this process; ``None`` where there is none."""
        ...

    def run(self, run: str) -> TrackedRun:
        """The run with that id. Raises ``UnknownRunError`` and ``TrackerFailedError``."""
        ...


@dataclass(frozen=True)
class Found:
    """The run of a bundle, if it has one."""

    tracked: TrackedRun | None = None
    named: bool = False
    """Whether it was asked for by its id, so that it may have been another process that trained."""
    notes: tuple[str, ...] = ()

    @property
    def run(self) -> Run | None:
        """The record of the run."""
        return None if self.tracked is None else self.tracked.run

    @property
    def metrics(self) -> dict[str, float]:
        """Those metrics of the run that are finite numbers."""
        given = {} if self.tracked is None else self.tracked.metrics
        return {name: value for name, value in given.items() if math.isfinite(value)}

    @property
    def code(self) -> Code | None:
        """The code that trained, where the run was named and knows it."""
        if self.tracked is None or not self.named or self.tracked.code == Code():
            return None
        return self.tracked.code


def check_reference(reference: str) -> None:
    """That ``reference`` is a tracker that is there and an id. Raises ``RunReferenceError``."""
    tracker, colon, run = reference.partition(":")
    if not colon or not run or tracker not in discover(GROUP):
        raise RunReferenceError(reference, tuple(discover(GROUP)))


def find_run(reference: str | None) -> Found:
    """The run that ``reference`` names (``mlflow:0a1b2c``), or else the one that is under way in this process.

    With several trackers that is the first one's, by the name of the plugin. A run that was not named and cannot be
    read is a note. Raises ``RunReferenceError``, ``UnknownRunError``, ``TrackerFailedError``.
    """
    if reference is not None:
        check_reference(reference)
        name, _, run = reference.partition(":")
        return _noted(_tracker(name).run(run), named=True)
    for name in discover(GROUP):
        try:
            tracker = _tracker(name)
            if (active := tracker.active()) is not None:
                return _noted(tracker.run(active), named=False)
        except PluginNeedsError:  # nobody uses a tracker that is not installed
            continue
        except (UnknownRunError, TrackerFailedError) as error:
            return Found(notes=(f"the run that is under way was left out: {error}",))
    return Found()


def _tracker(name: str) -> Tracker:
    return cast(type[Tracker], load(GROUP, name))()


def _noted(tracked: TrackedRun, named: bool) -> Found:
    left = sorted(name for name, value in tracked.metrics.items() if not math.isfinite(value))
    notes = tuple(f"the run's metric {name!r} is {tracked.metrics[name]} and was left out" for name in left)
    return Found(tracked, named, notes)
