"""Progress: what a person sees of a load test while it runs, from the servers' start to the last second."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from rich.markup import escape
from rich.status import Status

from lading.core.console import one_line, progress
from lading.loadtests.generating.schedule import Stretch
from lading.loadtests.judging.phrases import rate
from lading.loadtests.measuring.step import Purpose, Role, Window
from lading.loadtests.plan import Plan
from lading.loadtests.reporting.board import Board, Now


class Progress:
    """Says in words what is being prepared, and shows each step on a board; a context manager."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._preparing, self._stepping = ExitStack(), ExitStack()
        self._status: Status | None = None
        self._board = Board("load test")
        self._step = _Step("", ())
        self._steps: Counter[tuple[Role, Purpose]] = Counter()

    def tell(self, text: str) -> None:
        """Say what is being prepared."""
        console = progress()
        if not console.is_terminal:
            console.print(one_line(text), markup=False)
        elif self._status is None:
            self._status = self._preparing.enter_context(console.status(escape(one_line(text))))
        else:
            self._status.update(escape(one_line(text)))

    def begin(self, role: Role, purpose: Purpose, schedule: Sequence[Stretch]) -> None:
        """A step begins."""
        if not any(self._steps.values()):
            self._preparing.close()
            self._stepping.enter_context(self._board)
        self._steps[role, purpose] += 1
        self._step = _Step(self._named(role, purpose, schedule), tuple(schedule))
        self.show(())

    def show(self, windows: Sequence[Window]) -> None:
        """About a second of it has passed."""
        step = self._step
        step.windows += windows
        elapsed = time.monotonic() - step.begun
        self._board.show(Now(step.name, elapsed, step.seconds, step.rate_at(elapsed)), step.windows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._preparing.close()
        self._stepping.close()

    def _named(self, role: Role, purpose: Purpose, schedule: Sequence[Stretch]) -> str:
        number = self._steps[role, purpose]
        if purpose == "search":
            return f"search, step {number}, {rate(schedule[0].rate)}"
        if purpose == "warm-up":
            return f"warm-up, {role}"
        if purpose == "comparison":
            return f"comparison, pair {number}"
        return f"{self._plan.shape}, {role}" if role == "baseline" else self._plan.shape


class _Step:
    """What is known of the step that goes on."""

    def __init__(self, name: str, schedule: tuple[Stretch, ...]) -> None:
        self.name, self._schedule = name, schedule
        self.begun = time.monotonic()
        self.seconds = sum(stretch.seconds for stretch in schedule)
        self.windows: list[Window] = []

    def rate_at(self, seconds: float) -> float:
        """Requests a second that are due after so many seconds; with turns, which are too short to see, on average."""
        if not all(stretch.rate or stretch.rate_after for stretch in self._schedule):
            return sum(stretch.rate * stretch.seconds for stretch in self._schedule) / self.seconds
        for stretch in self._schedule:
            if seconds <= stretch.seconds:
                return stretch.rate + (stretch.rate_after - stretch.rate) * max(seconds, 0) / stretch.seconds
            seconds -= stretch.seconds
        return 0.0
