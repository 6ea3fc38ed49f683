"""Load tests as they come out: a result with the verdict that a test is about."""

from typing import Any

from lading.bundles.records import Digest
from lading.loadtests.judging.objective import Objective
from lading.loadtests.measuring.latencies import gathered
from lading.loadtests.measuring.step import Generator, Step, Window
from lading.loadtests.plan import Plan
from lading.loadtests.result import Judged, LoadTest, Machine, Outcome, Subject, Verdict

SLOW = Objective(measure="p99", bound=0.05)
ERRORS = Objective(measure="errors", bound=0.001)
REPORT = "sha256:" + "e" * 64


def step(seconds: int = 3, *, purpose: Any = "load", role: Any = "candidate") -> Step:
    """A step of ``seconds``, in each of which 98 requests of 100 took 10 ms, one 1 s, and one failed."""
    counts = gathered({926: 98, 1388: 1})
    windows = [
        Window(second=second, form="V2 JSON, 1 row", due=100, latencies=counts, failures={"503": 1})
        for second in range(seconds)
    ]
    return Step(
        role=role,
        purpose=purpose,
        start=0,
        seconds=seconds,
        rate=100,
        rate_after=100,
        windows=tuple(windows),
        generator=Generator(processes=1, busiest=0.1),
    )


def outcome(verdict: Verdict = "passed", digest: Digest = "sha256:" + "a" * 64, **changes: Any) -> LoadTest:
    """A load test of two objectives, the first of which came out as the ``verdict`` says."""
    first: Outcome = {"passed": "met", "failed": "missed", "undecided": "undecided", "none": "undecided"}[verdict]  # type: ignore[assignment]
    made = LoadTest(
        started="2026-03-01T12:00:00Z",
        seconds=8.0,
        plan=Plan(objectives=(SLOW, ERRORS)),
        candidate=Subject(name="coins", version="1.0.0", digest=digest, target="a server of its own"),
        machine=Machine(system="Linux", processor="x", processors=2.0, memory_bytes=1, versions={"lading": "0.1.0"}),
        steps=(step(purpose="warm-up"), step(), step(role="baseline")),
        judged=(
            Judged(objective=SLOW, outcome=first, measured=0.042, why="p99 is 42 ms"),
            Judged(objective=ERRORS, outcome="met", measured=0.0),
        ),
        verdict=verdict,
    )
    return made.model_copy(update=changes)
