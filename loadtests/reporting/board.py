"""The board: how a load test is getting on, on standard error while it runs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from lading.core.console import one_line, progress
from lading.loadtests.judging.phrases import rate, seconds, three_digits
from lading.loadtests.measuring.latencies import together
from lading.loadtests.measuring.step import INVALID, Window

EVERY = 5.0
"""Seconds between two lines where standard error is no terminal."""


@dataclass(frozen=True)
class Now:
    """Where a load test is."""

    doing: str
    """As in ``constant``, ``warm-up``, ``step 4 of a search, 800 /s``, ``pair 7, baseline``."""
    elapsed: float
    """Seconds since the step began."""
    total: float
    """Seconds that the step takes."""
    due: float
    """Requests a second that are due now."""


@dataclass(frozen=True)
class Facts:
    """What the last second and all until now come to."""

    answered: float
    """Requests a second."""
    p50: float | None
    p99: float | None
    failed: int
    """Of the whole step."""
    ended: int


class Board:
    """Progress on standard error: a board on a terminal, a line every five seconds elsewhere; a context manager."""

    def __init__(self, title: str) -> None:
        self._title = one_line(title)
        self._console = progress()
        self._live = Live(console=self._console, transient=True, auto_refresh=False, redirect_stdout=False)
        self._said: tuple[str, float] | None = None

    def show(self, now: Now, windows: Sequence[Window]) -> None:
        """Show where the test is; ``windows`` are all of the step so far, the last of which may still fill."""
        facts = facts_of(now, windows)
        if self._console.is_terminal:
            self._live.update(self._drawn(now, facts), refresh=True)
        elif windows and self._is_due(now):
            self._said = (now.doing, time.monotonic())
            self._console.print(Text(one_line(f"{self._title}: {line(now, facts)}")))

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def _is_due(self, now: Now) -> bool:
        """Whether a line is: the first of a step that is no short round, or five seconds after the one before."""
        if self._said is None or (self._said[0] != now.doing and now.total > EVERY):
            return True
        return time.monotonic() - self._said[1] >= EVERY

    def _drawn(self, now: Now, facts: Facts) -> Group:
        bar = Table.grid(padding=(0, 1))
        elapsed = Text(f"{now.elapsed:.0f} of {now.total:.0f} s", style="dim")
        bar.add_row(
            Text(self._title, style="bold"),
            Text(one_line(now.doing), style="cyan"),
            ProgressBar(now.total, min(now.elapsed, now.total), width=30),
            elapsed,
        )
        numbers = Table.grid(padding=(0, 3))
        cells = [
            (name, value, "bold red" if name == "failed" and facts.failed else "bold")
            for name, value in _numbers(now, facts)
        ]
        numbers.add_row(*(Text(name, style="dim") for name, _, _ in cells))
        numbers.add_row(*(Text(value, style=style) for _, value, style in cells))
        return Group(bar, numbers)


def facts_of(now: Now, windows: Sequence[Window]) -> Facts:
    """What the windows of a step come to; of the seconds the last whole one counts."""
    second = max((window.second for window in windows if window.second < int(now.elapsed)), default=None)
    last = [window for window in windows if window.second == second]
    latencies = together(window.latencies for window in last if window.form != INVALID)
    failed = sum(sum(window.failures.values()) for window in windows)
    return Facts(
        answered=float(sum(window.latencies.count for window in last)),
        p50=latencies.quantile(0.5),
        p99=latencies.quantile(0.99),
        failed=failed,
        ended=failed + sum(window.latencies.count for window in windows),
    )


def line(now: Now, facts: Facts) -> str:
    """The same in one line, for a log."""
    numbers = ", ".join(f"{name} {value}" for name, value in _numbers(now, facts))
    return f"{now.doing}, {now.elapsed:.0f} of {now.total:.0f} s: {numbers}"


def _numbers(now: Now, facts: Facts) -> list[tuple[str, str]]:
    return [
        ("due", rate(now.due)),
        ("answered", rate(facts.answered)),
        ("p50", "-" if facts.p50 is None else seconds(facts.p50)),
        ("p99", "-" if facts.p99 is None else seconds(facts.p99)),
        ("failed", f"{three_digits(facts.failed)} of {facts.ended:,}"),
    ]
