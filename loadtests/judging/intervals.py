"""Intervals: within which a share, a quantile or a mean of one service lies, when its seconds are not all alike.

Requests of one second wait behind one another, so that a thousand of them tell less than a thousand independent ones.
Each second is a cluster, as in a survey: the sample is counted as of so many requests as independent ones would have
to be to vary as much between seconds.
"""

import math
from collections.abc import Callable, Sequence

from lading.loadtests.judging.distributions import (
    beta_quantile,
    binomial_share,
    normal_quantile,
    student_quantile,
)
from lading.loadtests.judging.sample import Sample, at_most, bucket_at, total
from lading.loadtests.measuring.latencies import bucket_of, seconds_of

Interval = tuple[float, float]


def errors_interval(found: Sample, confidence: float) -> Interval:
    """The share of requests that fail: Clopper and Pearson (1934), for surveys as Korn and Graubard (1998) do it."""
    return _share_interval([one.ended for one in found.seconds], [one.failed for one in found.seconds], confidence)


def slower_interval(found: Sample, seconds: float, confidence: float) -> Interval:
    """The share of right answers that take longer than so many ``seconds``, as that of errors."""
    kept = [one.latencies for one in found.seconds if one.latencies.count]
    slower = [one.count - at_most(one, bucket_of(seconds)) for one in kept]
    return _share_interval([one.count for one in kept], slower, confidence)


def _share_interval(counts: Sequence[int], hits: Sequence[int], confidence: float) -> Interval:
    size = effective_size(counts, hits, confidence)
    hit, tail = sum(hits) / sum(counts) * size, (1 - confidence) / 2
    low = beta_quantile(tail, hit, size - hit + 1) if hit > 0 else 0.0
    high = beta_quantile(1 - tail, hit + 1, size - hit) if hit < size else 1.0
    return low, high


def quantile_interval(found: Sample, share: float, confidence: float) -> tuple[float, float | None]:
    """Seconds between which the quantile lies; no upper end where there are too few requests to know one.

    Order statistics whose ranks the binomial distribution gives (Conover, Practical Nonparametric Statistics, 3.2), in
    a sample of the effective size (Woodruff 1952).
    """
    count = found.latencies.count
    bucket = bucket_at(found.latencies, max(1, math.ceil(share * count)))
    kept = [one for one in found.seconds if one.latencies.count]
    below = [at_most(one.latencies, bucket) for one in kept]
    size = int(effective_size([one.latencies.count for one in kept], below, confidence))
    low, high = _ranks(max(size, 1), share, (1 - confidence) / 2)
    scale = count / max(size, 1)
    lower = 0.0 if low is None else _seconds_at(found, low * scale)
    return lower, None if high is None else _seconds_at(found, high * scale)


def mean_interval(found: Sample, confidence: float) -> Interval | None:
    """Seconds between which the mean lies: Student's t of a ratio over clusters (Cochran, Sampling Techniques, 6.3).

    None where all requests ended in one second.
    """
    kept = [one.latencies for one in found.seconds if one.latencies.count]
    if len(kept) < 2:
        return None
    mean = sum(map(total, kept)) / found.latencies.count
    error = math.sqrt(_cluster_variance([one.count for one in kept], [total(one) for one in kept], mean))
    reach = student_quantile((1 + confidence) / 2, len(kept) - 1) * error
    return max(0.0, mean - reach), mean + reach


def effective_size(counts: Sequence[int], hits: Sequence[int], confidence: float) -> float:
    """Of how many independent requests the share ``hits / counts`` would be as well known.

    The count over Kish's design effect, but never more than the count, times (z / t)² for that the effect is itself
    known from so few seconds (Korn and Graubard 1998). The count itself where nothing or everything was hit, or where
    there is one second.
    """
    count, share = sum(counts), sum(hits) / sum(counts)
    if len(counts) < 2 or share in (0.0, 1.0):
        return float(count)
    alone = share * (1 - share) / count
    effect = max(1.0, _cluster_variance(counts, hits, share) / alone)
    tail = (1 + confidence) / 2
    return count / effect * (normal_quantile(tail) / student_quantile(tail, len(counts) - 1)) ** 2


def _cluster_variance(counts: Sequence[int], sums: Sequence[float], mean: float) -> float:
    """The variance of ``sum(sums) / sum(counts)`` between clusters."""
    squares = sum((one - mean * count) ** 2 for count, one in zip(counts, sums, strict=True))
    return len(counts) / (len(counts) - 1) * squares / sum(counts) ** 2


def _ranks(size: int, share: float, tail: float) -> tuple[int | None, int | None]:
    """The ranks of the order statistics on both sides of a quantile, each beyond it with at most probability ``tail``."""
    low = _first(size, lambda rank: binomial_share(rank - 1, size, share) > tail) - 1
    high = _first(size, lambda rank: binomial_share(rank - 1, size, share) >= 1 - tail)
    return low if low >= 1 else None, high if high <= size else None


def _first(size: int, holds: Callable[[int], bool]) -> int:
    """The first rank from 1 on at which it holds; ``size + 1`` where it never does. It holds from some rank on."""
    below, above = 0, size + 1
    while above - below > 1:
        middle = (below + above) // 2
        if holds(middle):
            above = middle
        else:
            below = middle
    return above


def _seconds_at(found: Sample, rank: float) -> float:
    return seconds_of(bucket_at(found.latencies, min(found.latencies.count, max(1, math.ceil(rank - 1e-9)))))
