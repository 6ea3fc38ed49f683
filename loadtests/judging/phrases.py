"""Phrases: quantities of a load test as a person reads them."""

from lading.loadtests.judging.objective import Objective
from lading.loadtests.result import Capacity


def seconds(value: float) -> str:
    """A time, with three digits that count.

    >>> seconds(0.0000123), seconds(0.04567), seconds(2.5), seconds(125.3)
    ('12.3 µs', '45.7 ms', '2.5 s', '125 s')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size * 0.9995:
            return f"{three_digits(value / size)} {unit}"
    return f"{three_digits(value * 1e6)} µs"


def share(value: float) -> str:
    """A part of a whole in percent; never ``0 %`` of something.

    >>> share(0.0), share(0.00123), share(1e-7)
    ('0 %', '0.123 %', '< 0.001 %')
    """
    if 0 < value < 1e-5:
        return "< 0.001 %"
    return f"{three_digits(100 * value)} %"


def rate(value: float) -> str:
    """Requests a second.

    >>> rate(1234.5)
    '1,230 /s'
    """
    return f"{three_digits(value)} /s"


def what_was_found(capacity: Capacity) -> str:
    """What the rate of a capacity is.

    >>> what_was_found(Capacity(rate=50))
    'highest rate that met the objectives'
    """
    if capacity.confirmed:
        return "highest rate that met the objectives"
    return "next rate below those that missed the objectives when they were asked for longer"


def what_was_above(capacity: Capacity) -> str:
    """What the next higher rate was that was tried.

    >>> what_was_above(Capacity(rate=50, above=52, limit="generator"))
    'the load generator was late at'
    """
    return "the load generator was late at" if capacity.limit == "generator" else "missed at"


def ratio(value: float) -> str:
    """How much more or less than the baseline.

    >>> ratio(1.123), ratio(0.95), ratio(1.0)
    ('+12.3 %', '-5.0 %', '+0.0 %')
    """
    return f"{100 * (value - 1):+.1f} %"


def memory(value: float) -> str:
    """Bytes.

    >>> memory(3 << 29)
    '1.5 GiB'
    """
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= size:
            return f"{three_digits(value / size)} {unit}"
    return f"{value:.0f} B"


def three_digits(value: float) -> str:
    """Three digits that count, without an exponent, grouped."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:,.6g}"


def in_words(objective: Objective, value: float) -> str:
    """What was measured for an objective, with its unit."""
    if objective.relative:
        return ratio(value)
    if objective.measure == "errors":
        return share(value)
    return rate(value) if objective.measure == "rps" else seconds(value)


def bound_in_words(objective: Objective) -> str:
    """The bound, and on which side of it what is measured should lie."""
    sign = "≥" if objective.measure == "rps" else "≤"
    if objective.relative:
        return f"{sign} baseline {'-' if objective.measure == 'rps' else '+'} {share(objective.bound)}"
    return f"{sign} {in_words(objective, objective.bound)}"


def interval_in_words(objective: Objective, interval: tuple[float, float] | None) -> str:
    """The interval, or nothing where there is none."""
    return "" if interval is None else " … ".join(in_words(objective, end) for end in interval)
