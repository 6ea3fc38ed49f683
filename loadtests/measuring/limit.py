"""The limit: whether it was the load generator, and not the server, that was measured."""

from lading.loadtests.measuring.latencies import Latencies
from lading.loadtests.measuring.step import Generator

MOST_BUSY = 0.9
"""The share of a processor above which a process has no time left to be punctual: answers wait for it, not it for them."""

MOST_LAG = 0.001
"""Seconds. A request that is handed out late waits in the generator, and its latency counts that, since it counts from
when the request was due. Up to a millisecond, which is what a busy machine's scheduler takes now and then, is let pass."""

MOST_OF_LATENCY = 0.25
"""The share of the 99th percentile of the latencies that the same percentile of the lag may be beyond that: where it is
more, an objective that was missed might have been met without it."""


def limit_of(generator: Generator, latencies: Latencies) -> str | None:
    """Why the load generator was the limit, in words; None where it was not, and the ``latencies`` are the server's.

    Where the server runs on the same machine it takes processors from the generator as well: a lag then says that the
    machine was too small for both.
    """
    if generator.busiest > MOST_BUSY:
        return (
            f"a process of the load generator kept a processor {generator.busiest:.0%} busy; "
            "let more processes make the load, or ask less"
        )
    lag, latency = generator.lag.quantile(0.99), latencies.quantile(0.99)
    if lag is not None and latency is not None and lag > MOST_LAG and lag > MOST_OF_LATENCY * latency:
        return (
            f"one request in a hundred was handed out {lag * 1000:.1f} ms late or later, beside latencies of "
            f"{latency * 1000:.1f} ms; leave the machine more processors, or make the load from another one"
        )
    return None
