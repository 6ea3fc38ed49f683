"""The objective: what is asked of a service, as in ``p99=50ms``, ``errors=0.1%``, ``rps=500`` or ``p99=baseline+10%``."""

from typing import Literal

from lading.bundles.records import Record

Measure = Literal["p50", "p90", "p95", "p99", "p99.9", "mean", "errors", "rps"]

QUANTILES: dict[Measure, float] = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}
"""The share of requests that is answered within each of them."""

TOLERATED = 0.001
"""The share of requests that may fail where nobody said which."""


class Objective(Record):
    """One measure, and the bound that it must keep."""

    measure: Measure
    """A quantile or the mean of the latencies, the share of requests that failed, or requests a second."""
    bound: float
    """Seconds, a share, or requests a second; where it is relative, the share by which it may be worse than the baseline."""
    relative: bool = False
    """Whether the bound is how much worse than the baseline it may be."""
    implied: bool = False
    """Whether nobody asked for it: the share of errors is looked at always."""

    def __str__(self) -> str:
        """As it is written on the command line, and read again.

        >>> str(Objective(measure="p99", bound=0.05)), str(Objective(measure="rps", bound=0.1, relative=True))
        ('p99=50ms', 'rps=baseline-10%')
        """
        return f"{self.measure}={self._written}"

    @property
    def _written(self) -> str:
        if self.relative:
            return f"baseline{'-' if self.measure == 'rps' else '+'}{_short(100 * self.bound)}%"
        if self.measure == "errors":
            return f"{_short(100 * self.bound)}%"
        if self.measure == "rps":
            return _short(self.bound)
        for unit, seconds in (("s", 1.0), ("ms", 1e-3)):
            if self.bound >= seconds:
                return f"{_short(self.bound / seconds)}{unit}"
        return f"{_short(self.bound * 1e6)}us"


def _short(value: float) -> str:
    return f"{value:.12g}"
