"""Latencies: how long many requests took, in buckets that each are a hundredth wider than the one before."""

import math
from collections.abc import Iterable, Mapping
from typing import Self

from pydantic import model_validator

from lading.bundles.records import Record

SHORTEST = 1e-6
"""Seconds: whatever took less counts as this."""
GROWTH = math.log(1.01)


def bucket_of(seconds: float) -> int:
    """The bucket of a request that took so many ``seconds``.

    >>> bucket_of(0.0), bucket_of(1e-6), bucket_of(0.001)
    (0, 0, 694)
    """
    return 0 if seconds <= SHORTEST else int(math.log(seconds / SHORTEST) / GROWTH)


def seconds_of(bucket: int) -> float:
    """The seconds that stand for a bucket: the geometric mean of its ends, at most 0.5 % from any of its requests."""
    return SHORTEST * math.exp((bucket + 0.5) * GROWTH)


class Latencies(Record):
    """How many requests fell into which bucket."""

    buckets: tuple[int, ...] = ()
    """In ascending order."""
    counts: tuple[int, ...] = ()
    """Of each of them."""

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if len(self.buckets) != len(self.counts):
            raise ValueError(f"{len(self.buckets)} buckets have {len(self.counts)} counts")
        return self

    @property
    def count(self) -> int:
        """Requests."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """Seconds on average; None where there were no requests."""
        if not self.count:
            return None
        return sum(seconds_of(one) * count for one, count in zip(self.buckets, self.counts, strict=True)) / self.count

    def quantile(self, share: float) -> float | None:
        """The seconds within which a ``share`` of the requests was answered (nearest rank); None where there were none."""
        rank = max(1, math.ceil(share * self.count))
        for bucket, count in zip(self.buckets, self.counts, strict=True):
            rank -= count
            if rank <= 0:
                return seconds_of(bucket)
        return None


def gathered(counts: Mapping[int, int]) -> Latencies:
    """The latencies of so many requests in each bucket."""
    return Latencies(buckets=tuple(sorted(counts)), counts=tuple(counts[bucket] for bucket in sorted(counts)))


def together(many: Iterable[Latencies]) -> Latencies:
    """The latencies of all requests of ``many``."""
    counts: dict[int, int] = {}
    for one in many:
        for bucket, count in zip(one.buckets, one.counts, strict=True):
            counts[bucket] = counts.get(bucket, 0) + count
    return gathered(counts)
