"""The figures: the charts of all requests together: by percentile, pair by pair, and rate by rate."""

import math
from collections.abc import Iterable
from typing import get_args

from lading.loadtests.judging.comparison import log_ratios
from lading.loadtests.judging.conclusion import limit_of_step
from lading.loadtests.judging.objective import QUANTILES, Measure, Objective
from lading.loadtests.judging.phrases import rate, seconds, three_digits, what_was_found
from lading.loadtests.judging.sample import under_load
from lading.loadtests.measuring.latencies import Latencies, together
from lading.loadtests.measuring.step import Role, Step
from lading.loadtests.reporting.charts import Band, Bound, Chart, Line, Mark
from lading.loadtests.reporting.scales import Scale, fitting, linear, shares
from lading.loadtests.result import LoadTest

CAME_OF = {"met": "met the objectives", "missed": "missed them", "late": "the load generator was late"}
"""What may come of a step of a search, in words."""
RAREST = 1e-4
"""The share of requests beyond the last quantile that is drawn: 99.99 %."""


def percentiles(result: LoadTest) -> Chart | None:
    """The latency that each share of requests stays below, up to 99.99 %, of both sides."""
    found: dict[Role, Latencies] = {
        role: together(step.latencies for step in under_load(result.told, role, result.capacity))
        for role in get_args(Role)
    }
    found = {role: latencies for role, latencies in found.items() if latencies.count}
    if not found:
        return None
    x = shares(RAREST)
    lines = tuple(Line(_name(result, role), role, (_curve(latencies),), seconds) for role, latencies in found.items())
    bounds = latency_bounds(result, QUANTILES)
    values = [y for line in lines for _, y in line.stretches[0]]
    y = fitting([*values, *(bound for _, bound in bounds)])
    marks = tuple(
        Mark((1 / (1 - QUANTILES[one.measure]), bound), "objective", f"{one}", text=str(one)) for one, bound in bounds
    )
    says = "; ".join(f"{_name(result, role)}: {_quantiles_said(latencies)}" for role, latencies in found.items())
    return Chart(
        "Latency by percentile",
        says,
        x,
        y,
        lambda value: f"p{100 * (1 - 1 / value):.4g}",
        seconds,
        lines,
        marks,
        styles={"objective": "objective"} if marks else {},
    )


def ratios(result: LoadTest, objective: Objective, interval: tuple[float, float] | None) -> Chart | None:
    """How much slower each round of the candidate was than the baseline's beside it, and the bound."""
    found = [math.exp(one) for one in log_ratios(objective.measure, result.steps)]
    if len(found) < 2:
        return None
    bound = 1 - objective.bound if objective.measure == "rps" else 1 + objective.bound
    y = linear([*(100 * (one - 1) for one in found), 100 * (bound - 1), 0.0])
    marks = tuple(
        Mark((place, 100 * (one - 1)), "pair", f"pair {place}: {100 * (one - 1):+.1f} %")
        for place, one in enumerate(found, 1)
    )
    ends = () if interval is None else tuple(100 * (end - 1) for end in interval)
    return Chart(
        f"{objective.measure} of the candidate against the baseline, pair by pair",
        f"{len(found)} pairs, from {100 * (min(found) - 1):+.1f} % to {100 * (max(found) - 1):+.1f} %",
        Scale(0.0, len(found) + 1.0, _every(len(found))),
        y,
        lambda value: f"{value:.0f}",
        lambda value: f"{value:+.6g} %",
        marks=marks,
        bounds=(Bound(100 * (bound - 1), f"bound {100 * (bound - 1):+.6g} %"), Bound(0.0, "", "zero")),
        bands=(Band(ends[0], ends[1], "interval", across=True),) if ends else (),
        styles={"pair": "one pair of rounds"} | ({"interval": "interval of the ratio"} if ends else {}),
    )


def search(result: LoadTest) -> Chart | None:
    """The rates that a search of the capacity tried, with the latency at each."""
    steps = [step for step in result.steps if step.purpose == "search" and step.answered]
    if not steps:
        return None
    capacity = 0.0 if result.capacity is None else result.capacity.rate
    measure: Measure = next((one.measure for one in result.plan.objectives if one.measure in QUANTILES), "p99")
    points = [
        (step.rate, step.latencies.quantile(QUANTILES[measure]) or 0.0, _came_of(step, capacity)) for step in steps
    ]
    bounds = latency_bounds(result, [measure])
    y = fitting([*(point[1] for point in points), *(bound for _, bound in bounds)])
    marks = tuple(
        Mark(
            (at, value),
            kind,
            f"{rate(at)}: {measure} {seconds(value)}, {CAME_OF[kind]}",
            rate(at) if abs(at - capacity) < 1e-9 else "",
        )
        for at, value, kind in points
    )
    return Chart(
        f"{measure} at each rate that was tried",
        "none held" if result.capacity is None else f"the {what_was_found(result.capacity)} is {rate(capacity)}",
        linear([at for at, _, _ in points]),
        y,
        three_digits,
        seconds,
        marks=marks,
        bounds=tuple(Bound(bound, str(one)) for one, bound in bounds),
        styles={kind: CAME_OF[kind] for kind in CAME_OF if kind != "late" or any(one == kind for _, _, one in points)},
        note="requests a second",
    )


def _came_of(step: Step, capacity: float) -> str:
    """What came of a step of a search that found that capacity, by the keys of ``CAME_OF``."""
    if step.rate <= capacity * (1 + 1e-9):
        return "met"
    return "missed" if limit_of_step(step) is None else "late"


def _curve(latencies: Latencies) -> tuple[tuple[float, float], ...]:
    """The latency at each share that so many requests can tell, evenly on the axis of the shares."""
    rarest = max(RAREST, 1 / latencies.count)
    points = []
    for place in range(121):
        odds = 2 * (1 / (2 * rarest)) ** (place / 120)
        value = latencies.quantile(1 - 1 / odds)
        if value is not None:
            points.append((odds, value))
    return tuple(points)


def latency_bounds(result: LoadTest, measures: Iterable[Measure]) -> list[tuple[Objective, float]]:
    """The absolute objectives on some latencies, with their bounds in seconds."""
    wanted = set(measures)
    return [(one, one.bound) for one in result.plan.objectives if one.measure in wanted and not one.relative]


def _name(result: LoadTest, role: str) -> str:
    subject = result.candidate if role == "candidate" or result.baseline is None else result.baseline
    return f"{role} {subject.version}"


def _quantiles_said(latencies: Latencies) -> str:
    said = ((one, latencies.quantile(QUANTILES[one])) for one in ("p50", "p99", "p99.9"))
    return ", ".join(f"{one} {seconds(value)}" for one, value in said if value is not None)


def _every(count: int) -> tuple[float, ...]:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1000) if count / step <= 12)
    return tuple(float(place) for place in range(step, count + 1, step))
