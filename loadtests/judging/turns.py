"""Turns: whose round is next, so that neither a drift of the machine nor a rhythm of it falls on one side alone."""

from collections.abc import Iterator
from random import Random

from lading.loadtests.measuring.step import Role


def turns(seed: int = 0) -> Iterator[Role]:
    """Candidate and baseline without end, in fours: ABBA or BAAB by lot, where A is the candidate.

    Each two form a pair. In each four a steady drift falls out; the lot keeps a rhythm of the machine from doing
    otherwise.
    """
    lots = Random(seed)  # noqa: S311 no secret
    while True:
        first: Role = lots.choice(("candidate", "baseline"))
        second: Role = "baseline" if first == "candidate" else "candidate"
        yield from (first, second, second, first)
