"""The follower: brings a replica to what its server's plan says, and says how far it has come."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from lading.runtime.deployments import Deployments
from lading.runtime.mirror import shadowed
from lading.runtime.serving.desired import Desired
from lading.runtime.serving.failures import failure_of
from lading.runtime.serving.plan import Plan, PlanReader
from lading.runtime.serving.standing import Standing, remove_standing, write_standing

LOG = logging.getLogger("lading.runtime")

LOOK_SECONDS = 0.05
"""How often the plan is looked at; a look takes some microseconds."""

SHADOW_SECONDS = 0.5

Load = Callable[[Desired, Deployments], Deployments]
"""Loads and proves what is desired; what is deployed already is taken from there. It may take long."""


class Follower:
    """Follows the plan of the run folder ``folder`` for the replica whose slot is at ``slot``."""

    def __init__(self, folder: Path, slot: Path, load: Load) -> None:
        self._reader, self._slot, self._load = PlanReader(folder), slot, load
        self._current = self._following = Deployments()
        self._plan: Plan | None = None
        self._told = 0.0
        self._standing = Standing(pid=os.getpid(), current=-1)

    async def first(self) -> Deployments:
        """What is to be answered with at first; raises what loading does."""
        while (plan := self._reader.fresh()) is not None:
            await self._take(plan.current)
            self._plan = plan
        return self._current

    async def follow(self, switch: Callable[[Deployments], None], end: Callable[[], Awaitable[None]]) -> None:
        """Call ``switch`` with what is to be answered with, whenever that changes, until this is cancelled.

        When all is over ``end`` is called, and nothing any more. Raises what loading does where what every other replica
        answers with cannot be loaded here.
        """
        while True:
            if self._plan is not None and self._plan.following is not None:
                await self._prepare(self._plan.following)
            self._say()
            while (plan := self._reader.fresh()) is None:
                await asyncio.sleep(LOOK_SECONDS)
                self._tell_shadows()
            self._plan = plan
            if plan.over:
                await end()
                self.leave()
                await asyncio.Event().wait()
            if plan.current.number != self._standing.current:
                await self._take(plan.current)
                switch(self._current)
            if plan.following is None:
                self._drop()

    async def _take(self, desired: Desired) -> None:
        """Have what is ``desired`` as what is answered with, from what was got ready, or loaded now."""
        if self._standing.following == desired.number:
            self._current = self._following
        else:
            self._current = await asyncio.to_thread(self._load, desired, self._current)
        self._standing = Standing(pid=os.getpid(), current=desired.number)
        self._following = Deployments()

    async def _prepare(self, desired: Desired) -> None:
        """Get ready for what is ``desired``; when that fails, say why."""
        if desired.number in (self._standing.following, self._standing.failed):
            return
        changes: dict[str, object] = {"following": desired.number, "failed": None, "failure": None}
        try:
            self._following = await asyncio.to_thread(self._load, desired, self._current)
        except Exception as error:  # whatever it is, the server hears of it, and what is answered with stays
            LOG.warning("what was to come is not taken: %s", error)
            changes = {"following": None, "failed": desired.number, "failure": failure_of(error)}
        self._standing = self._standing.model_copy(update=changes)

    def leave(self) -> None:
        """Stand nowhere any more."""
        remove_standing(self._slot)

    def _drop(self) -> None:
        """Let go of what was got ready and did not come."""
        self._following = Deployments()
        self._standing = self._standing.model_copy(update={"following": None, "failed": None, "failure": None})

    def _tell_shadows(self) -> None:
        """Say what came of the shadows, some times a second at most."""
        now = time.monotonic()
        if now < self._told + SHADOW_SECONDS:
            return
        self._told = now
        shadows = shadowed(self._current)
        if shadows != self._standing.shadows:
            self._standing = self._standing.model_copy(update={"shadows": shadows})
            self._say()

    def _say(self) -> None:
        write_standing(self._slot, self._standing)
