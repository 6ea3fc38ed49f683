"""The switch: brings all replicas from one desired state to the next, every one of them or none."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from lading.core.errors import LadingError
from lading.runtime.serving.desired import Desired
from lading.runtime.serving.edge import Edge
from lading.runtime.serving.errors import replica_error
from lading.runtime.serving.plan import Plan, write_plan
from lading.runtime.serving.standing import Standing, lives, read_standings

LOOK_SECONDS = 0.02

Done = Callable[[Standing], bool]
"""Whether a replica is as far as it should be; raises what keeps it from getting there."""


class SwitchTimeoutError(LadingError):
    """The replicas did not get ready for a change in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f"after {self.seconds:g} s not every replica had got ready for the change; what was deployed before goes on "
            "answering. LADING_SWITCH_SECONDS gives more time"
        )


class LostReplicaError(LadingError):
    """A replica ended while it got ready for a change."""

    def __str__(self) -> str:
        return (
            "a replica ended while it got ready for the change, by which it may have been killed; what was deployed "
            "before goes on answering"
        )


class Switch:
    """Changes what the replicas of the run folder ``run`` answer with; ``seconds`` is how long that may take."""

    def __init__(self, run: Path, edge: Edge, seconds: float) -> None:
        self.run, self._edge, self._seconds = run, edge, seconds
        self.current = Desired(bundles=(), threads=1)
        """What they answer with."""
        self._number = 0

    def begin(self, desired: Desired) -> None:
        """What they are to answer with at first."""
        self.current = self._numbered(desired)
        write_plan(self.run, Plan(current=self.current))

    async def change(self, desired: Desired, settle: Callable[[], None]) -> None:
        """Have every replica answer with what is ``desired``.

        All of them load and prove it first, beside what they answer with. When all are ready ``settle`` is called, and
        all turn to it. When one cannot get ready, when it takes too long, or when ``settle`` raises, none does: raises
        ``SwitchTimeoutError``, ``LostReplicaError``, or what kept a replica.
        """
        following = self._numbered(desired)
        write_plan(self.run, Plan(current=self.current, following=following))
        try:
            await self._until(lambda standing: _ready(standing, following.number))
            settle()
        except BaseException:
            write_plan(self.run, Plan(current=self.current))
            raise
        self.current = following
        write_plan(self.run, Plan(current=following))
        await self._until(lambda standing: standing.current == following.number, patient=True)

    async def end(self, seconds: float) -> None:
        """Have every replica write what waits to be written, for ``seconds`` at most: nothing is asked any more."""
        if not _living(read_standings(self.run)):
            return
        try:
            write_plan(self.run, Plan(current=self.current, over=True))
        except OSError:  # a full disk keeps nobody from ending
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while _living(read_standings(self.run)) and loop.time() < deadline:
            await asyncio.sleep(LOOK_SECONDS)

    def _numbered(self, desired: Desired) -> Desired:
        self._number += 1
        return desired.model_copy(update={"number": self._number})

    async def _until(self, done: Done, patient: bool = False) -> None:
        """Wait until every replica that requests are sent to is as far.

        Raises ``SwitchTimeoutError``, and ``LostReplicaError`` when one is lost, unless ``patient``: it has been
        decided by then, and whoever comes later begins with it.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds
        begun = _living(read_standings(self.run))  # one that was killed before may have left its standing
        while True:
            found, up = read_standings(self.run), await self._up()
            if not patient and any(_lost(one, found.values()) for one in begun.values()):
                raise LostReplicaError
            standings = _living(found)
            if up and all(name in standings and done(standings[name]) for name in up):
                return
            if loop.time() > deadline:
                if patient:
                    return
                raise SwitchTimeoutError(self._seconds)
            await asyncio.sleep(LOOK_SECONDS)

    async def _up(self) -> frozenset[str]:
        try:
            return await self._edge.up()
        except OSError:  # the edge is being started again
            return frozenset()


def _living(standings: Mapping[str, Standing]) -> Mapping[str, Standing]:
    return {name: standing for name, standing in standings.items() if lives(standing.pid)}


def _lost(before: Standing, now: Iterable[Standing]) -> bool:
    """Whether a replica that stood there still does, and is dead; one that leaves takes its standing along."""
    return any(one.pid == before.pid for one in now) and not lives(before.pid)


def _ready(standing: Standing, number: int) -> bool:
    if standing.failed == number and standing.failure is not None:
        raise replica_error(standing.failure)
    return standing.following == number
