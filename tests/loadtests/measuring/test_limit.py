"""The limit: when nothing can be said of the server."""

import pytest

from lading.loadtests.measuring.latencies import Latencies, bucket_of, gathered
from lading.loadtests.measuring.limit import limit_of
from lading.loadtests.measuring.step import Generator


def all_at(seconds: float) -> Latencies:
    return gathered({bucket_of(seconds): 1000})


@pytest.mark.parametrize(
    ("busiest", "lag", "latency", "word"),
    [
        pytest.param(0.5, 0.0001, 0.002, None, id="punctual"),
        pytest.param(0.95, 0.0001, 0.002, "95% busy", id="a processor is full"),
        pytest.param(0.5, 0.002, 0.004, "2.0 ms late", id="lag makes up half of the latencies"),
        pytest.param(0.5, 0.002, 0.1, None, id="the same lag is little beside long latencies"),
        pytest.param(0.5, 0.0009, 0.0009, None, id="less than a millisecond is a machine's own"),
    ],
)
def test_limit(busiest: float, lag: float, latency: float, word: str | None) -> None:
    found = limit_of(Generator(processes=1, busiest=busiest, lag=all_at(lag)), all_at(latency))
    assert (found is None) if word is None else (found is not None and word in found)


def test_without_a_request_only_the_processor_counts() -> None:
    assert limit_of(Generator(processes=1, busiest=0.1), Latencies()) is None
