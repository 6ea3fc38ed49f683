"""Results of load tests as real ones look, made by arithmetic from a seed: for tests of judging and of reports."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from lading.loadtests.judging.judgement import judge, verdict
from lading.loadtests.judging.objective import Objective
from lading.loadtests.judging.turns import turns
from lading.loadtests.measuring.latencies import Latencies, bucket_of, gathered
from lading.loadtests.measuring.step import (
    INVALID,
    Generator,
    MachineSample,
    Phases,
    Purpose,
    Role,
    Step,
    Window,
)
from lading.loadtests.plan import Plan, Shape, Share, Traffic
from lading.loadtests.result import Capacity, LoadTest, Machine, Subject

FORMS = ("V2 JSON, 1 row", "V2 JSON, 32 rows", INVALID)
SPLIT = (0.88, 0.11, 0.01)


@dataclass(frozen=True)
class Service:
    """A service as it might be: how long it takes, how that varies, and what goes wrong."""

    median: float = 0.005
    """Seconds of a request that meets no other."""
    spread: float = 0.35
    """Of the logarithm of the time of one request."""
    workers: int = 2
    """Requests that it computes at a time."""
    stall_every: float | None = None
    """Seconds between two stalls, each of ``stall`` seconds, in which nothing is answered."""
    stall: float = 0.1
    failing: Mapping[str, float] = field(default_factory=dict)
    """The share of requests that fail, by kind."""
    capacity: float = 1200.0
    """Requests a second above which a line forms."""


def latencies_of(seconds: Sequence[float] | NDArray[np.float64]) -> Latencies:
    """Latencies in their buckets."""
    return gathered(Counter(bucket_of(float(one)) for one in seconds))


def step_of(
    service: Service,
    rng: np.random.Generator,
    *,
    rate: float = 200.0,
    rate_after: float | None = None,
    seconds: float = 30.0,
    start: float = 0.0,
    role: Role = "candidate",
    purpose: Purpose = "load",
    level: float = 0.0,
    ended: str | None = None,
) -> Step:
    """A step in which the service was asked at that rate; ``level`` is by what logarithm all was slower."""
    after = rate if rate_after is None else rate_after
    due, latency, service_time = _requests(service, rng, rate, after, seconds, level)
    windows = _windows(service, rng, due, latency, service_time)
    compute = float(service_time.sum())
    return Step(
        role=role,
        purpose=purpose,
        start=start,
        seconds=seconds,
        rate=rate,
        rate_after=after,
        windows=windows,
        machine=_machine(rng, rate, after, seconds),
        phases=Phases(
            requests=len(due),
            queue=0.12 * compute,
            decode=0.07 * compute,
            compute=0.55 * compute,
            encode=0.05 * compute,
        ),
        generator=Generator(processes=2, busiest=0.41, lag=latencies_of(rng.exponential(0.0002, len(due)))),
        ended=ended,
    )


def _requests(
    service: Service, rng: np.random.Generator, rate: float, after: float, seconds: float, level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    count = round((rate + after) / 2 * seconds)
    even = (np.arange(count) + 0.5) / count
    slope = (after - rate) / seconds
    due = even * seconds if abs(slope) < 1e-9 else (-rate + np.sqrt(rate**2 + 2 * slope * even * count)) / slope
    taken = service.median * np.exp(level) * rng.lognormal(0, service.spread, count)
    line = np.maximum(0.0, np.cumsum(np.gradient(due) * 0 + 1) / service.capacity - due)
    latency = taken + line
    if service.stall_every is not None:
        within = due % service.stall_every
        latency = latency + np.where(within < service.stall, service.stall - within, 0.0)
    return due, latency, taken


def _windows(
    service: Service,
    rng: np.random.Generator,
    due: NDArray[np.float64],
    latency: NDArray[np.float64],
    taken: NDArray[np.float64],
) -> tuple[Window, ...]:
    form = rng.choice(len(FORMS), size=len(due), p=SPLIT)
    factor = np.array([1.0, 1.9, 0.4])[form]
    latency, taken = latency * factor, taken * factor
    kinds = [*service.failing, ""]
    shares = [*service.failing.values(), 1 - sum(service.failing.values())]
    kind = rng.choice(len(kinds), size=len(due), p=shares)
    ended = (due + latency).astype(int)
    begun = due.astype(int)
    found = []
    for second in range(int(max(begun.max(), ended.max())) + 1):
        for number, name in enumerate(FORMS):
            here = (ended == second) & (form == number)
            right = here & (kind == len(kinds) - 1)
            failures = Counter(kinds[one] for one in kind[here & ~right])
            asked = int(((begun == second) & (form == number)).sum())
            if asked or here.any():
                found.append(
                    Window(
                        second=second,
                        form=name,
                        due=asked,
                        latencies=latencies_of(latency[right]),
                        service=latencies_of(taken[right]),
                        failures=dict(failures),
                    )
                )
    return tuple(found)


def _machine(rng: np.random.Generator, rate: float, after: float, seconds: float) -> tuple[MachineSample, ...]:
    samples = []
    for at in range(1, int(seconds) + 1):
        now = (rate + (after - rate) * at / seconds) / 1200
        busy = float(np.clip(1.6 * now + rng.normal(0, 0.03), 0.01, 2))
        samples.append(
            MachineSample(
                at=float(at),
                server_cpu=busy,
                server_bytes=int(760e6 + 4e4 * at + rng.normal(0, 1e6)),
                generator_cpu=float(np.clip(0.5 * now + rng.normal(0, 0.01), 0, 2)),
                machine_cpu=busy + 0.2,
            )
        )
    return tuple(samples)


CANDIDATE = Subject(
    name="churn",
    version="1.5.0",
    digest="sha256:" + "3f9a1c77d2b04e58" * 4,
    target="a server of its own",
    lading="0.1.0",
    replicas=2,
)
BASELINE = CANDIDATE.model_copy(update={"version": "1.4.0", "digest": "sha256:" + "b81e05aa6cf21d93" * 4})
MACHINE = Machine(
    system="Linux 6.1.0 (x86_64)",
    processor="Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz",
    processors=2.0,
    memory_bytes=24 << 30,
    versions={"Python": "3.11.9", "Lading": "0.1.0", "locust": "2.42.0", "ONNX Runtime": "1.24.1", "Ray": "2.60.0"},
)
OBJECTIVES = (
    Objective(measure="p50", bound=0.010),
    Objective(measure="p99", bound=0.050),
    Objective(measure="errors", bound=0.001),
    Objective(measure="rps", bound=200.0),
)


def result_of(
    steps: Sequence[Step],
    objectives: Sequence[Objective] = OBJECTIVES,
    *,
    shape: Shape = "constant",
    baseline: Subject | None = None,
    capacity: Capacity | None = None,
    limits: Sequence[str] = (),
    complete: bool = True,
    candidate: Subject = CANDIDATE,
) -> LoadTest:
    """The load test that consists of ``steps``, judged."""
    traffic = Traffic(protocols=("v2",), rows=(Share(rows=1, weight=8.0), Share(rows=32, weight=1.0)))
    seconds = max((step.start + step.seconds for step in steps), default=0.0)
    plan = Plan(shape=shape, rate=200.0, seconds=60.0, objectives=tuple(objectives), traffic=traffic)
    judged = judge(plan.objectives, steps, plan.confidence, capacity)
    comes_to, reasons = verdict(judged, steps, limits)
    return LoadTest(
        started="2026-03-01T12:00:00Z",
        seconds=seconds,
        plan=plan,
        candidate=candidate,
        baseline=baseline,
        machine=MACHINE,
        steps=tuple(steps),
        judged=judged,
        capacity=capacity,
        verdict=comes_to,
        reasons=reasons,
        complete=complete,
    )


def plain_result(service: Service | None = None, seed: int = 1, seconds: float = 60.0) -> LoadTest:
    """A load test at one rate after a warm-up."""
    rng = np.random.default_rng(seed)
    found = Service() if service is None else service
    warm = step_of(Service(median=0.009), rng, seconds=5.0, purpose="warm-up")
    return result_of([warm, step_of(found, rng, start=5.5, seconds=seconds)])


def compared_steps(slower: float, seed: int, pairs: int = 24, noise: float = 0.05, seconds: float = 4.0) -> list[Step]:
    """Rounds of candidate and baseline in turn, of which the candidate takes ``slower`` times as long."""
    rng = np.random.default_rng(seed)
    level, start, steps = 0.0, 0.0, []
    for _, role in zip(range(2 * pairs), turns(seed), strict=False):
        level = 0.6 * level + noise * 0.8 * float(rng.standard_t(3)) / np.sqrt(3)
        own = Service(median=0.005 * (slower if role == "candidate" else 1.0))
        steps.append(
            step_of(own, rng, rate=100.0, seconds=seconds, start=start, role=role, level=level, purpose="comparison")
        )
        start += seconds + 0.3
    return steps


def compared_result(slower: float = 1.02, seed: int = 1) -> LoadTest:
    """A candidate beside its baseline."""
    relative = [Objective(measure=one, bound=0.1, relative=True) for one in ("p50", "p95")]
    rng, steps = np.random.default_rng(seed), list[Step]()
    for role in get_args(Role):
        own = Service(median=0.005 * (slower if role == "candidate" else 1.0))
        steps.append(step_of(own, rng, rate=100.0, seconds=20.0, start=20.3 * len(steps), role=role))
    rounds = [step.model_copy(update={"start": step.start + 40.6}) for step in compared_steps(slower, seed)]
    return result_of([*steps, *rounds], [*OBJECTIVES[:2], *relative], baseline=BASELINE)


def capacity_result(seed: int = 1, confirmed: bool = True) -> LoadTest:
    """A search of the highest rate that meets the objectives."""
    rng = np.random.default_rng(seed)
    rates, start, steps = (200.0, 400.0, 800.0, 1600.0, 1200.0, 1400.0, 1300.0, 1250.0), 0.0, []
    for rate in rates:
        steps.append(step_of(Service(), rng, rate=rate, seconds=8.0, start=start, purpose="search"))
        start += 8.5
    capacity = Capacity(rate=1200.0, above=1250.0, confirmed=confirmed)
    return result_of(steps, OBJECTIVES[1:3], shape="capacity", capacity=capacity)
