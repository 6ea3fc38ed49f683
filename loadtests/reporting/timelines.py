"""Timelines: the charts over the time of a load test, of both sides on the same axes."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from lading.loadtests.judging.objective import QUANTILES, Measure
from lading.loadtests.judging.phrases import memory, rate, seconds, three_digits
from lading.loadtests.measuring.step import MachineSample, Role
from lading.loadtests.reporting.charts import Band, Bound, Chart, Line
from lading.loadtests.reporting.figures import latency_bounds
from lading.loadtests.reporting.scales import Scale, clock, fitting, linear, linear_bytes, times
from lading.loadtests.reporting.series import Bin, Series, series
from lading.loadtests.result import LoadTest

OVER_TIME: tuple[Measure, ...] = ("p50", "p95", "p99")
"""Quantiles that are drawn over time."""


def over_time(result: LoadTest) -> list[tuple[Role, list[Chart]]]:
    """For each side the charts of latency, throughput, processors and memory, on the same axes for both."""
    roles: tuple[Role, ...] = ("candidate",) if result.baseline is None else ("candidate", "baseline")
    sides = [series(result.told, role) for role in roles]
    makers = (_latency, _throughput, _processors, _memory)
    made = [maker(result, sides) for maker in makers]
    return [(role, [charts[place] for charts in made if charts]) for place, role in enumerate(roles)]


def _latency(result: LoadTest, sides: Sequence[Series]) -> list[Chart]:
    drawn = [{one: _line_of(side, one) for one in OVER_TIME} for side in sides]
    bounds = tuple(Bound(bound, str(one)) for one, bound in latency_bounds(result, OVER_TIME))
    values = [y for lines in drawn for line in lines.values() for stretch in line.stretches for _, y in stretch]
    y = fitting([*values, *(bound.value for bound in bounds)])
    return [
        _timed(
            result,
            sides,
            "Latency",
            _extent(lines["p99"]),
            y,
            seconds,
            tuple(lines[one] for one in reversed(OVER_TIME)),
            bounds,
            side,
        )
        for lines, side in zip(drawn, sides, strict=True)
    ]


def _throughput(result: LoadTest, sides: Sequence[Series]) -> list[Chart]:
    ways: tuple[tuple[str, str, Callable[[Bin], float | None]], ...] = (
        ("due", "due", lambda one: one.due),
        ("answered rightly", "answered", lambda one: one.answered),
        ("failed", "failed", lambda one: one.failed),
    )
    drawn = [tuple(_drawn(name, style, side, of, rate) for name, style, of in ways) for side in sides]
    y = linear(_values(chain.from_iterable(drawn)))
    return [
        _timed(result, sides, "Requests a second", _extent(lines[1]), y, three_digits, lines, (), side)
        for lines, side in zip(drawn, sides, strict=True)
    ]


def _processors(result: LoadTest, sides: Sequence[Series]) -> list[Chart]:
    ways: tuple[tuple[str, str, Callable[[MachineSample], float | None]], ...] = (
        ("server", "server", lambda one: one.server_cpu),
        ("load generator", "generator", lambda one: one.generator_cpu),
        ("all of this machine", "machine", lambda one: one.machine_cpu),
    )
    drawn = [tuple(line for way in ways if (line := _sampled(*way, side, _processors_said))) for side in sides]
    if not any(drawn):
        return []
    y = linear([*_values(chain.from_iterable(drawn)), 1.0])
    return [
        _timed(result, sides, "Processors kept busy", _extents(lines), y, three_digits, lines, (), side)
        for lines, side in zip(drawn, sides, strict=True)
    ]


def _memory(result: LoadTest, sides: Sequence[Series]) -> list[Chart]:
    drawn = [
        tuple(
            line
            for line in [_sampled("server", "server", lambda one: one.server_bytes, side, memory)]
            if line is not None
        )
        for side in sides
    ]
    if not any(drawn):
        return []
    y = linear_bytes(_values(chain.from_iterable(drawn)))
    return [
        _timed(result, sides, "Memory of the server", _extents(lines), y, memory, lines, (), side)
        for lines, side in zip(drawn, sides, strict=True)
    ]


def _timed(
    result: LoadTest,
    sides: Sequence[Series],
    title: str,
    says: str,
    y: Scale,
    words: Callable[[float], str],
    lines: tuple[Line, ...],
    bounds: tuple[Bound, ...],
    side: Series,
) -> Chart:
    """A chart over the time of the whole test, with warm-ups shaded."""
    everything = list(chain.from_iterable(chain.from_iterable(one.stretches for one in sides)))
    low = min((one.at for one in everything), default=0.0)
    high = max((one.at + one.seconds for one in everything), default=1.0)
    warm = [stretch for stretch in side.stretches if stretch[0].warm_up]
    bands = tuple(Band(stretch[0].at, stretch[-1].at + stretch[-1].seconds, "warm") for stretch in warm)
    return Chart(
        title,
        says,
        times(low, high),
        y,
        clock(high),
        words,
        lines,
        bounds=bounds,
        bands=bands,
        styles={"warm": "warm-up"} if bands else {},
    )


def _line_of(side: Series, measure: Measure) -> Line:
    def of(one: Bin) -> float | None:
        return None if one.answered is None else one.latencies.quantile(QUANTILES[measure])

    return _drawn(measure, measure, side, of, seconds)


def _drawn(
    name: str, style: str, side: Series, of: Callable[[Bin], float | None], words: Callable[[float], str]
) -> Line:
    stretches = (
        tuple((one.at + one.seconds / 2, value) for one in stretch if (value := of(one)) is not None)
        for stretch in side.stretches
    )
    return Line(name, style, tuple(stretch for stretch in stretches if stretch), words)


def _sampled(
    name: str,
    style: str,
    of: Callable[[MachineSample], float | None],
    side: Series,
    words: Callable[[float], str],
) -> Line | None:
    stretches = (
        tuple((one.at, value) for one in samples if (value := of(one)) is not None) for samples in side.machine
    )
    found = tuple(stretch for stretch in stretches if stretch)
    return Line(name, style, found, words) if found else None


def _values(lines: Iterable[Line]) -> list[float]:
    return [y for line in lines for stretch in line.stretches for _, y in stretch]


def _extent(line: Line) -> str:
    values = _values([line])
    if not values:
        return "nothing was measured"
    return f"{line.name} from {line.words(min(values))} to {line.words(max(values))}"


def _extents(lines: Iterable[Line]) -> str:
    return "; ".join(map(_extent, lines)) or "nothing was measured"


def _processors_said(value: float) -> str:
    return f"{value:.2f} processors"
