"""The step: a stretch of a load test in which one server was asked at one rate, or at one that changes evenly."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from lading.bundles.records import FrozenMap, Record
from lading.loadtests.measuring.latencies import Latencies, together

Role = Literal["candidate", "baseline"]
"""Whose turn it was: the bundle's that is to be released, or that of the release before."""
Purpose = Literal["warm-up", "load", "search", "comparison"]
"""What a step is for: nothing is judged of a warm-up; a search looks for the capacity; a comparison is one round of
each server, of which nothing but how they compare, and their errors, is judged."""


INVALID = "invalid"
"""The form of requests that a server should refuse."""
INTERRUPTED = "interrupted"
"""Why a step ended that somebody broke off."""
GENERATOR_FAILED = "the load generator failed"
"""With what the reason begins of a step that ended since nobody made its load any more."""


class Window(Record):
    """What happened in one second to requests of one form."""

    second: int
    """Whole seconds since the step began."""
    form: str
    """The protocol and the rows of each: ``V2 JSON, 32 rows``; ``invalid`` for those that should be refused."""
    due: int = 0
    """Requests whose time came in it."""
    latencies: Latencies = Latencies()
    """Of those that were answered rightly in it, from when each was due: what waited for the server counts."""
    service: Latencies = Latencies()
    """The same from when each was sent."""
    failures: FrozenMap[int] = Field(default_factory=dict)
    """Of those that ended in it otherwise, by kind: ``503``, ``timeout``, ``connection refused``, ``wrong answer``."""


def merged(windows: Iterable[Window]) -> tuple[Window, ...]:
    """One window for each second and form, in their order, with all that ``windows`` hold of it."""
    by_place: dict[tuple[int, str], list[Window]] = {}
    for window in windows:
        by_place.setdefault((window.second, window.form), []).append(window)
    return tuple(_together(by_place[place]) for place in sorted(by_place))


def _together(windows: Sequence[Window]) -> Window:
    """The windows of one second and one form as one."""
    failures: Counter[str] = Counter()
    for window in windows:
        failures.update(window.failures)
    return Window(
        second=windows[0].second,
        form=windows[0].form,
        due=sum(window.due for window in windows),
        latencies=together(window.latencies for window in windows),
        service=together(window.service for window in windows),
        failures=dict(failures),
    )


class MachineSample(Record):
    """What the server and the machine did in about a second; of a server elsewhere nothing is known."""

    at: float
    """Seconds since the step began."""
    server_cpu: float | None = None
    """Processors that the server's processes kept busy: 1.5 is one and a half."""
    server_bytes: int | None = None
    """The memory of all of them (proportional set size)."""
    generator_cpu: float | None = None
    """Processors that the load generator kept busy."""
    machine_cpu: float | None = None
    """Processors of this machine that anything kept busy."""


class Phases(Record):
    """Where the server itself says that its time went, from its own metrics: seconds, all requests together."""

    requests: int
    queue: float
    decode: float
    compute: float
    encode: float


class Generator(Record):
    """How hard the load generator worked: when it was the limit, there is nothing to say of the server."""

    processes: int
    busiest: float
    """The share of one processor that the busiest of them kept busy, in its busiest seconds."""
    lag: Latencies = Latencies()
    """How much later than they were due requests were handed to a user, through no fault of the server."""
    unsent: int = 0
    """Requests that were due and never sent."""


def worked(many: Sequence[Generator]) -> Generator:
    """How hard it worked in several steps, of which there is one at least; busiest counts the worst of them."""
    return Generator(
        processes=max(one.processes for one in many),
        busiest=max(one.busiest for one in many),
        lag=together(one.lag for one in many),
        unsent=sum(one.unsent for one in many),
    )


class Step(Record):
    """What one server did in one stretch."""

    role: Role = "candidate"
    purpose: Purpose = "load"
    start: float
    """Seconds since the load test began."""
    seconds: float
    """How long requests became due, breaks included; of a step that ended before its time, until then."""
    breaks: float = 0.0
    """How long of that nothing became due, since it was the other server's turn."""
    rate: float
    """Requests a second that were due, at its begin; where the rate jumps, as in a spike, on average."""
    rate_after: float
    """The same at its end."""
    windows: tuple[Window, ...]
    machine: tuple[MachineSample, ...] = ()
    phases: Phases | None = None
    """None where the server's metrics were not to be had."""
    generator: Generator
    ended: str | None = None
    """Why it ended before its time: ``interrupted``, ``the server ended with exit code 1``, ``the load generator failed:
    …``; None when it did not."""

    @property
    def due(self) -> int:
        """Requests that were due."""
        return sum(window.due for window in self.windows)

    @property
    def answered(self) -> int:
        """Requests that were answered rightly."""
        return self.latencies.count

    @property
    def failed(self) -> int:
        """Requests that were not."""
        return sum(sum(window.failures.values()) for window in self.windows)

    @property
    def latencies(self) -> Latencies:
        """Of all that were answered rightly, from when each was due; those that should be refused are left out."""
        return together(window.latencies for window in self.windows if window.form != INVALID)

    @property
    def asked(self) -> float:
        """Seconds in which requests became due, breaks left out."""
        return self.seconds - self.breaks

    @property
    def throughput(self) -> float:
        """Requests a second that were answered rightly, breaks left out."""
        return self.answered / self.asked if self.asked else 0.0
