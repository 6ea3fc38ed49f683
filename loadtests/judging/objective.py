"""The objective: what is asked of a service, as in ``p99=50ms``, ``errors=0.1%``, ``rps=500`` or ``p99<=baseline+10%``."""

from typing import Literal

from lading.bundles.records import Record

Measure = Literal["p50", "p90", "p95", "p99", "p99.9", "mean", "errors", "rps"]


class Objective(Record):
    """One measure, and the bound that it must keep."""

    measure: Measure
    """A quantile or the mean of the latencies, the share of requests that failed, or requests a second."""
    bound: float
    """Seconds, a share, or requests a second; where it is relative, the share by which it may be worse than the baseline."""
    relative: bool = False
    """Whether the bound is how much worse than the baseline it may be."""
