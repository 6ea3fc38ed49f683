"""The headcount: whether as many replicas answer as should, said when that changes."""

from collections.abc import Callable

LOOKS = 2
"""Looks in a row that must find too few, for one may fall into the moment in which the edge dies."""


class Headcount:
    """Warns, in words, when fewer than ``wanted`` replicas answer, and tells when all answer again.

    Nothing is told of what the server itself brought about: between ``begin_change`` and the next look after
    ``end_change`` that finds all of them, too few are no news.
    """

    def __init__(self, wanted: int, tell: Callable[[str], None], warn: Callable[[str], None]) -> None:
        self._wanted, self._tell, self._warn = wanted, tell, warn
        self._looks, self._changing, self._settled = 0, False, True

    def begin_change(self) -> None:
        """Replicas are being replaced, or the edge has to find them anew."""
        self._changing, self._settled = True, False

    def end_change(self) -> None:
        """What was begun came to its end."""
        self._changing = False

    def look(self, found: int) -> None:
        """``found`` replicas answer now."""
        if found >= self._wanted:
            if self._looks >= LOOKS:
                self._tell(
                    "the replica answers again" if self._wanted == 1 else f"{self._wanted} replicas answer again"
                )
            self._looks, self._settled = 0, not self._changing
        elif self._settled or self._looks >= LOOKS:
            self._looks += 1
            if self._looks == LOOKS:
                self._warn(f"a replica ended; a fresh one is starting ({found} of {self._wanted} answer)")
