"""The tables: what a report says in words and numbers, ready to be laid out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lading.loadtests.judging.objective import QUANTILES
from lading.loadtests.judging.phrases import (
    bound_in_words,
    in_words,
    interval_in_words,
    memory,
    rate,
    ratio,
    seconds,
    share,
    three_digits,
)
from lading.loadtests.judging.sample import counted, failures_by_kind, sample, under_load
from lading.loadtests.measuring.latencies import Latencies, together
from lading.loadtests.measuring.step import INVALID, Role, Step
from lading.loadtests.reporting.charts import bars_svg, range_svg
from lading.loadtests.reporting.scales import Scale, fitting
from lading.loadtests.result import Judged, LoadTest, Machine, Subject

PARTS = ("queue", "decode", "compute", "encode", "outside")
"""Where the time of a request went; the last is what the server's metrics do not tell: the network, the edge, the kernel."""


@dataclass(frozen=True)
class Objective:
    """One row of the table of objectives."""

    text: str
    implied: bool
    bound: str
    measured: str
    interval: str
    outcome: str
    why: str
    drawn: Markup | None


@dataclass(frozen=True)
class Split:
    """Where the time of one side's requests went, each part in words and as a bar."""

    name: str
    parts: tuple[tuple[str, str], ...]
    drawn: Markup
    whole: str


def objectives(result: LoadTest) -> list[Objective]:
    """What became of each objective."""
    return [_objective(one) for one in result.judged]


def latencies(result: LoadTest) -> list[tuple[str, ...]]:
    """Each quantile and the mean: of the candidate and, if there is one, of the baseline, and how they differ."""
    sides = [_latencies(result, role) for role in roles(result)]
    ways: list[tuple[str, Callable[[Latencies], float | None]]] = [
        *((name, _quantile(place)) for name, place in QUANTILES.items()),
        ("p99.99", _quantile(0.9999)),
        ("mean", lambda one: one.mean),
        ("slowest", _quantile(1.0)),
    ]
    return [(name, *_beside([of(side) for side in sides], seconds)) for name, of in ways]


def totals(result: LoadTest) -> list[tuple[str, ...]]:
    """Requests that were due, that were answered and that failed; beside the baseline's."""
    sides = [counted(result.told, role, result.capacity) for role in roles(result)]
    ways: list[tuple[str, Callable[[Sequence[Step]], str]]] = [
        ("due", lambda steps: f"{sum(step.due for step in steps):,}"),
        ("answered as they should be", lambda steps: f"{sample(steps).ended - sample(steps).failed:,}"),
        ("failed", lambda steps: f"{sample(steps).failed:,}"),
        ("share that failed", _failed_share),
        ("right answers a second", lambda steps: rate(_throughput(steps))),
    ]
    return [(name, *(of(steps) for steps in sides)) for name, of in ways]


def failures(result: LoadTest) -> list[tuple[str, ...]]:
    """How many of the requests in ``totals`` failed in which way; beside the baseline's."""
    sides = [failures_by_kind(counted(result.told, role, result.capacity)) for role in roles(result)]
    kinds = sorted(
        {kind for side in sides for kind in side}, key=lambda kind: -sum(side.get(kind, 0) for side in sides)
    )
    return [(kind, *(f"{side.get(kind, 0):,}" for side in sides)) for kind in kinds]


def forms(result: LoadTest) -> list[tuple[str, ...]]:
    """The candidate's requests by their form: how many were answered, and how quickly."""
    steps = under_load(result.steps, "candidate", result.capacity)
    names = sorted({window.form for step in steps for window in step.windows}, key=lambda name: (name == INVALID, name))
    rows = []
    for name in names:
        windows = [window for step in steps for window in step.windows if window.form == name]
        found = together(window.latencies for window in windows)
        failed = sum(sum(window.failures.values()) for window in windows)
        times = [found.quantile(QUANTILES[one]) for one in ("p50", "p95", "p99")]
        shown = "invalid, refused as they should be" if name == INVALID else name
        rows.append((shown, f"{found.count:,}", f"{failed:,}", *(_said(one, seconds) for one in times)))
    return rows


def splits(result: LoadTest) -> list[Split]:
    """Where the time went, of each side whose server told it."""
    found = [(role, _split(under_load(result.told, role, result.capacity))) for role in roles(result)]
    told = [(role, parts) for role, parts in found if parts is not None]
    whole = max((sum(parts.values()) for _, parts in told), default=0.0)
    return [
        Split(
            named(result, role),
            tuple((part, seconds(parts[part])) for part in PARTS),
            bars_svg([(part, parts[part]) for part in PARTS], whole or 1.0),
            seconds(sum(parts.values())),
        )
        for role, parts in told
    ]


def generator(result: LoadTest) -> list[tuple[str, str]]:
    """How hard the load generator worked."""
    steps = [step for step in result.steps if step.purpose != "warm-up"]
    if not steps:
        return []
    late = together(step.generator.lag for step in steps)
    return [
        ("processes", str(max(step.generator.processes for step in steps))),
        ("busiest, of one processor", share(max(step.generator.busiest for step in steps))),
        ("sent later than due, p99", _said(late.quantile(0.99), seconds)),
        ("due and never sent", f"{sum(step.generator.unsent for step in steps):,}"),
    ]


def subject(one: Subject) -> list[tuple[str, str]]:
    """What was tested."""
    facts = {
        "bundle": f"{one.name} {one.version}",
        "digest": one.digest,
        "answered by": one.target,
        "served by Lading": one.lading,
        "replicas": None if one.replicas is None else str(one.replicas),
        "proof of parity waived": one.waiver,
    }
    return [(name, value) for name, value in facts.items() if value is not None]


def machine(one: Machine) -> list[tuple[str, str]]:
    """Where it was tested."""
    return [
        ("system", one.system),
        ("processor", one.processor),
        ("processors", three_digits(one.processors)),
        ("memory", memory(one.memory_bytes)),
        *one.versions.items(),
    ]


def plan(result: LoadTest) -> list[tuple[str, str]]:
    """What was asked."""
    traffic, own = result.plan.traffic, result.plan
    weights = sum(one.weight for one in traffic.rows)
    return [
        ("shape", own.shape),
        ("rate", rate(own.rate)),
        ("time", f"{three_digits(own.seconds)} s after {three_digits(own.warm_up)} s of warm-up"),
        ("protocols", ", ".join(traffic.protocols)),
        ("rows of a request", ", ".join(f"{one.rows} ({share(one.weight / weights)})" for one in traffic.rows)),
        ("golden rows", share(traffic.golden)),
        ("invalid requests", share(traffic.invalid)),
        ("failed after", f"{three_digits(traffic.timeout)} s"),
        ("under way at most", f"{traffic.users:,}"),
        ("seed", str(traffic.seed)),
        ("confidence of intervals", f"{100 * own.confidence:g} %"),
    ]


def roles(result: LoadTest) -> tuple[Role, ...]:
    """The sides that there are."""
    return ("candidate",) if result.baseline is None else ("candidate", "baseline")


def named(result: LoadTest, role: Role) -> str:
    """A side and its version."""
    one = result.candidate if role == "candidate" or result.baseline is None else result.baseline
    return f"{role} {one.version}"


def _objective(one: Judged) -> Objective:
    measured = "" if one.measured is None else in_words(one.objective, one.measured)
    interval = interval_in_words(one.objective, one.interval)
    return Objective(
        text=str(one.objective),
        implied=one.objective.implied,
        bound=bound_in_words(one.objective),
        measured=measured,
        interval=interval,
        outcome=one.outcome,
        why=one.why,
        drawn=_range(one),
    )


def _range(one: Judged) -> Markup | None:
    if one.measured is None:
        return None
    bound = one.objective.bound
    if one.objective.relative:
        bound = 1 - bound if one.objective.measure == "rps" else 1 + bound
        ends = [bound, one.measured, 1.0, *(one.interval or ())]
        reach = 1.15 * max(abs(end - 1) for end in ends)
        scale = Scale(1 - reach, 1 + reach, ())
    else:
        scale = fitting([bound * 1.05, one.measured, *(one.interval or ())])
    return range_svg(one.interval, one.measured, bound, scale)


def _latencies(result: LoadTest, role: Role) -> Latencies:
    return together(step.latencies for step in under_load(result.told, role, result.capacity))


def _quantile(place: float) -> Callable[[Latencies], float | None]:
    """A quantile; None where fewer requests than would be beyond it, on average, could tell it."""
    return lambda one: one.quantile(place) if place == 1.0 or one.count * (1 - place) >= 1 else None


def _beside(values: Sequence[float | None], words: Callable[[float], str]) -> list[str]:
    said = [_said(value, words) for value in values]
    if len(values) == 2:
        one, other = values
        said.append(ratio(one / other) if one is not None and other else "")
    return said


def _said(value: float | None, words: Callable[[float], str]) -> str:
    return "—" if value is None else words(value)


def _failed_share(steps: Sequence[Step]) -> str:
    found = sample(steps)
    return share(found.failed / found.ended) if found.ended else "—"


def _throughput(steps: Iterable[Step]) -> float:
    found = list(steps)
    lasted = sum(step.asked for step in found)
    return sum(step.answered for step in found) / lasted if lasted else 0.0


def _split(steps: Sequence[Step]) -> dict[str, float] | None:
    """The mean seconds of a request in each of ``PARTS``."""
    told = [step.phases for step in steps if step.phases is not None]
    requests = sum(one.requests for one in told)
    if not requests:
        return None
    parts = {part: sum(getattr(one, part) for one in told) / requests for part in PARTS[:-1]}
    service = together(window.service for step in steps for window in step.windows).mean
    parts["outside"] = max(0.0, (0.0 if service is None else service) - sum(parts.values()))
    return parts
