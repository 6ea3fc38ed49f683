"""The crew: processes that generate load together, each a locust runner with its share of the users."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from lading.loadtests.endpoint import Endpoint
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.measuring.step import Generator, Window
from lading.loadtests.plan import Traffic

OnWindows = Callable[[Sequence[Window]], None]
"""Told about each second of every window that has ended since; what all of them told together is what ``drive`` returns."""


@dataclass(frozen=True)
class Driven:
    """What came of one drive."""

    began: float
    """When its first second began, in seconds of the monotonic clock, which all processes of a machine share."""
    windows: tuple[Window, ...]
    """Of all processes together, by second and form; answers that came after the last stretch have seconds of their own."""
    generator: Generator
    ended: str | None = None
    """Why it ended before its time: ``interrupted``, or that a process of the crew ended; None when it did not."""


class Crew:
    """Processes that ask one deployment what the users of a bundle's model ask.

    A context manager: it starts its processes, waits until each has opened the bundle, drawn its requests and connected,
    and ends them, and only them, whatever happens; when this process dies, they end as well. They ignore Ctrl-C,
    which is this process's to handle.
    """

    def __init__(self, bundle: Path, endpoint: Endpoint, traffic: Traffic, processes: int = 1) -> None:
        self._bundle, self._endpoint, self._traffic, self._processes = bundle, endpoint, traffic, processes

    def drive(self, stretches: Sequence[Stretch], on_windows: OnWindows | None = None) -> Driven:
        """Ask as ``stretches`` say, one after the other, and wait until all is answered or given up.

        It can be called again and again, and begins at once: processes and connections stay. A Ctrl-C that falls into
        it is raised from it, after ``interrupt``. Raises ``GeneratorError`` when a process of the crew failed.
        """
        raise NotImplementedError

    def interrupt(self) -> None:
        """End the drive that is going on, from another thread or a signal's handler; ``drive`` returns what there is."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError
