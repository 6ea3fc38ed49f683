"""The grammar of objectives: text from a command line or a project file becomes an objective, or is refused with help."""

import math
import re
from collections.abc import Iterable
from typing import get_args

from lading.core.errors import UsageError, cut
from lading.loadtests.judging.objective import Measure, Objective

GRAMMAR = (
    "p50, p90, p95, p99, p99.9 or mean with a time in us, ms or s (p99=50ms); errors with a share (errors=0.1%); rps with a "
    "number (rps=500); or how much worse than the baseline it may be (p99=baseline+10%, rps=baseline-10%). < and <= may "
    "stand for = with a latency or errors, > and >= with rps"
)
"""How objectives are written, in words."""

COMPARED: tuple[Measure, ...] = ("p50", "p95")
"""What ``--regression`` compares; docs/decisions/0123 says why no rarer quantile."""

_SECONDS = {"us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0}
_OTHER_NAMES: dict[str, Measure] = {
    "median": "p50",
    "average": "mean",
    "avg": "mean",
    "error": "errors",
    "throughput": "rps",
    "p999": "p99.9",
}
_NUMBER = r"(\d+\.?\d*|\.\d+)"
_WRITTEN = re.compile(r"\s*([A-Za-z0-9.]+)\s*(<=|>=|=<|=>|≤|≥|<|>|==?|:)\s*(.+?)\s*")
_RELATIVE = re.compile(rf"baseline\s*([+-])\s*{_NUMBER}\s*%", re.IGNORECASE)


class ObjectiveError(UsageError):
    """An objective is not written as one."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(text, problem)
        self.text, self.problem = text, problem

    def __str__(self) -> str:
        return f"the objective {cut(self.text, 80)!r} cannot be read: {self.problem}; write {GRAMMAR}"


class RegressionError(UsageError):
    """How much worse than the baseline something may be is not written as a share."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"the regression {cut(self.text, 80)!r} is no share from above 0% to below 100%; write it as in 10%"


def parse_objective(text: str) -> Objective:
    """The objective that ``text`` writes; raises ``ObjectiveError``.

    >>> parse_objective("p99<50ms").bound, parse_objective("rps >= 500").bound
    (0.05, 500.0)
    """
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise ObjectiveError(text, "it is no measure, an equals sign and a bound")
    name, sign, value = written.groups()
    measure = _measure(text, name)
    least = measure == "rps"
    if ("<" if least else ">") in sign or ("≤" if least else "≥") in sign:
        raise ObjectiveError(text, f"{measure} is bounded from {'below' if least else 'above'}")
    if value.casefold().startswith("baseline"):
        return _relative(text, measure, value)
    return Objective(measure=measure, bound=_bound(text, measure, value))


def parse_regression(text: str) -> float:
    """The share that a ``text`` such as ``10%`` writes; raises ``RegressionError``.

    >>> parse_regression("10%")
    0.1
    """
    found = re.fullmatch(rf"\s*{_NUMBER}\s*%\s*", text)
    if found is None or not 0 < float(found[1]) < 100:
        raise RegressionError(text)
    return _scaled(float(found[1]), 0.01)


def compared(regression: float, measures: Iterable[Measure] = COMPARED) -> tuple[Objective, ...]:
    """That each of these measures is worse than the baseline's by at most the share ``regression``."""
    return tuple(Objective(measure=measure, bound=regression, relative=True) for measure in measures)


def _measure(text: str, name: str) -> Measure:
    lower = name.casefold()
    lower = _OTHER_NAMES.get(lower, lower)
    for measure in get_args(Measure):
        if lower == measure:
            return measure  # type: ignore[no-any-return]
    raise ObjectiveError(text, f"there is no measure {cut(name, 40)!r}")


def _relative(text: str, measure: Measure, value: str) -> Objective:
    found = _RELATIVE.fullmatch(value)
    if found is None:
        raise ObjectiveError(text, "how much worse than the baseline it may be is missing, as in baseline+10%")
    if measure == "errors":
        raise ObjectiveError(text, "the share of errors has a bound of its own, whatever the baseline's is")
    wanted = "-" if measure == "rps" else "+"
    share = _scaled(float(found[2]), 0.01)
    if found[1] != wanted or share <= 0 or (wanted == "-" and share >= 1):
        raise ObjectiveError(text, f"{measure} may be worse by a share, as in {measure}=baseline{wanted}10%")
    return Objective(measure=measure, bound=share, relative=True)


def _bound(text: str, measure: Measure, value: str) -> float:
    found = re.fullmatch(rf"{_NUMBER}\s*(\S*)", value)
    if found is None:
        raise ObjectiveError(text, f"{cut(value, 40)!r} does not begin with a number")
    number, unit = float(found[1]), found[2].casefold()
    if not math.isfinite(number):
        raise ObjectiveError(text, f"{cut(value, 40)!r} is no finite number")
    if measure == "errors":
        return _errors(text, number, unit)
    if measure == "rps":
        if unit not in ("", "/s", "rps") or number <= 0:
            raise ObjectiveError(text, "rps is a number above 0 without a unit")
        return number
    if unit not in _SECONDS or number <= 0:
        raise ObjectiveError(text, "a latency is a number above 0 in us, ms or s")
    return _scaled(number, _SECONDS[unit])


def _errors(text: str, number: float, unit: str) -> float:
    if not (unit == "%" or number == 0) or number >= 100:
        raise ObjectiveError(text, "a share of errors is a number from 0 to below 100 and a percent sign")
    return _scaled(number, 0.01)


def _scaled(number: float, factor: float) -> float:
    """The double nearest to the decimal that was meant: 0.1 % is 0.001, which 0.1 * 0.01 is not."""
    return float(f"{number * factor:.15g}")
