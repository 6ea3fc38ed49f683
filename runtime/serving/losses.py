"""The losses: replicas that ended without having been told to, each of which a fresh one replaces."""

from collections.abc import Iterable

from lading.runtime.serving.standing import Standing, lives


class Losses:
    """Counts the replicas that are lost: their standing is there, and they are not."""

    def __init__(self) -> None:
        self._lost = set[int]()

    @property
    def count(self) -> int:
        """How many were lost."""
        return len(self._lost)

    def look(self, standings: Iterable[Standing]) -> None:
        """Count those that were lost since the last look; one that leaves as it was told to takes its standing along."""
        self._lost |= {standing.pid for standing in standings if not lives(standing.pid)}
