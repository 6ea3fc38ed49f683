"""The sample: what an interval is computed from, kept apart by seconds, since what happens in one second hangs together."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lading.loadtests.measuring.latencies import Latencies, seconds_of, together
from lading.loadtests.measuring.step import INTERRUPTED, INVALID, Role, Step
from lading.loadtests.result import Capacity


@dataclass(frozen=True)
class Second:
    """What ended in one second of one step."""

    latencies: Latencies
    """Of right answers to requests that should have one."""
    ended: int
    """Requests that ended in any way; of those that should be refused, too."""
    failed: int
    """Those of them that ended otherwise than they should."""


@dataclass(frozen=True)
class Sample:
    """What some steps tell, all together."""

    seconds: tuple[Second, ...]
    latencies: Latencies
    ended: int
    failed: int


def under_load(steps: Iterable[Step], role: Role, capacity: Capacity | None) -> list[Step]:
    """The steps by which one side is judged: those of load, and of a search those at the rate that it found.

    Where a search ended before it could ask for longer at that rate, they are what it tried at the highest that held;
    where it found none, all that it tried.
    """
    own = [step for step in steps if step.role == role]
    loads = [step for step in own if step.purpose == "load"]
    if capacity is None:
        return loads or [step for step in own if step.purpose == "search"]
    if confirmed := [step for step in loads if step.rate == capacity.rate]:
        return confirmed
    searched = [step for step in own if step.purpose == "search" and step.rate <= capacity.rate * (1 + 1e-9)]
    highest = max((step.rate for step in searched), default=0.0)
    return [step for step in searched if step.rate == highest]


def counted(steps: Sequence[Step], role: Role, capacity: Capacity | None) -> list[Step]:
    """The steps whose requests and failures count: those, and its rounds of a comparison."""
    rounds = (step for step in steps if step.role == role and step.purpose == "comparison")
    return [*under_load(steps, role, capacity), *rounds]


def sample(steps: Iterable[Step]) -> Sample:
    """All of ``steps``, by seconds; what was due and sent and has no end counts as failed in the last of them."""
    found: list[Second] = []
    for step in steps:
        found += _seconds(step)
    return Sample(
        tuple(found),
        together(one.latencies for one in found),
        sum(one.ended for one in found),
        sum(one.failed for one in found),
    )


def lost(step: Step) -> int:
    """Requests that were due and have no end, neither an answer nor a failure, though nobody broke them off."""
    if step.ended == INTERRUPTED:
        return 0
    ended = sum(window.latencies.count + sum(window.failures.values()) for window in step.windows)
    return max(0, step.due - ended)


def failures_by_kind(steps: Iterable[Step]) -> dict[str, int]:
    """How many requests of ``steps`` failed in which way, the most frequent first."""
    kinds: Counter[str] = Counter()
    for step in steps:
        for window in step.windows:
            kinds.update(window.failures)
        if without := lost(step):
            kinds["no answer when the test ended"] += without
    return dict(kinds.most_common())


def _seconds(step: Step) -> list[Second]:
    counts: dict[int, list[int]] = {}
    latencies: dict[int, list[Latencies]] = {}
    for window in step.windows:
        failed = sum(window.failures.values())
        tally = counts.setdefault(window.second, [0, 0])
        tally[0] += window.latencies.count + failed
        tally[1] += failed
        if window.form != INVALID:
            latencies.setdefault(window.second, []).append(window.latencies)
    found = [
        Second(together(latencies.get(second, ())), *counts[second]) for second in sorted(counts) if counts[second][0]
    ]
    if without := lost(step):
        found.append(Second(Latencies(), without, without))
    return found


def at_most(latencies: Latencies, bucket: int) -> int:
    """Requests of which the latency fell into ``bucket`` or a lower one."""
    return sum(count for one, count in zip(latencies.buckets, latencies.counts, strict=True) if one <= bucket)


def total(latencies: Latencies) -> float:
    """The seconds of all requests together."""
    return sum(seconds_of(one) * count for one, count in zip(latencies.buckets, latencies.counts, strict=True))


def bucket_at(latencies: Latencies, rank: int) -> int:
    """The bucket of the request of that ``rank``, counted from 1 by latency; there must be so many."""
    for bucket, count in zip(latencies.buckets, latencies.counts, strict=True):
        rank -= count
        if rank <= 0:
            return bucket
    raise IndexError(rank)
