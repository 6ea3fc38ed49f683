"""The result: everything that one load test measured and what it comes to; it is the JSON report."""

from typing import Literal

from lading.bundles.records import Digest, FrozenMap, Record
from lading.loadtests.judging.objective import Objective
from lading.loadtests.measuring.step import Step
from lading.loadtests.plan import Plan

Outcome = Literal["met", "missed", "undecided"]
"""What came of one objective."""
Verdict = Literal["passed", "failed", "undecided", "none"]
"""What came of all; none where nothing can be said: the load generator was the limit, or the test did not end."""


class Subject(Record):
    """A bundle that was tested, and where it answered."""

    name: str
    version: str
    digest: Digest
    target: str
    """``a server of its own``, ``a container of IMAGE``, or the address."""
    lading: str | None = None
    """The version of Lading that served it, as far as it says."""
    replicas: int | None = None
    waiver: str | None = None
    """Why its proof of parity was waived, where it was."""


class Judged(Record):
    """One objective, and what was measured of it."""

    objective: Objective
    outcome: Outcome
    measured: float | None = None
    """In the objective's own unit: seconds, a share, requests a second; of a comparison the ratio to the baseline."""
    interval: tuple[float, float] | None = None
    """Within which that lies, at the confidence of the plan; None where one measurement decides."""
    why: str = ""
    """In words, for a person."""


class Capacity(Record):
    """The highest rate at which the objectives were met."""

    rate: float
    """Requests a second."""
    above: float | None = None
    """The lowest rate at which they were missed; None where none was found."""
    limit: Literal["objectives", "generator", "range"] = "objectives"
    """What stopped the search: missed objectives; the load generator; the highest rate that was allowed."""
    confirmed: bool = True
    """Whether the rate held when it was asked for longer; where none did, it is just below the last that was asked."""


class Machine(Record):
    """The machine that generated the load, and, where it was the same, served."""

    system: str
    processor: str
    processors: float
    """That this process may use."""
    memory_bytes: int
    versions: FrozenMap[str]
    """Of Python, Lading, locust, ONNX Runtime, Ray as far as they are installed."""


class LoadTest(Record):
    """One load test."""

    format: Literal[1] = 1
    started: str
    """The time in UTC, as in ``2026-03-01T12:00:00Z``."""
    seconds: float
    plan: Plan
    candidate: Subject
    baseline: Subject | None = None
    machine: Machine
    steps: tuple[Step, ...]
    earlier: tuple[Step, ...] = ()
    """The baseline's, where they were measured in another test, whose report stands for the baseline."""
    judged: tuple[Judged, ...] = ()
    capacity: Capacity | None = None
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    """Why it is that, in words."""
    warnings: tuple[str, ...] = ()
    """What a reader should know of the figures: that other programs kept the machine busy."""
    complete: bool = True
    """Whether it came to its end; what was interrupted is told as far as it went."""

    @property
    def told(self) -> tuple[Step, ...]:
        """All steps that there is something to say of: those of this test, and the baseline's of an earlier one."""
        return (*self.steps, *self.earlier)
