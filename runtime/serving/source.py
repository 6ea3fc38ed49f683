"""The source: where a server learns what it is to answer with, at first and when it is to look again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lading.bundles.signing.policy import read_policy
from lading.core.settings import Settings
from lading.runtime.serving.desired import Desired
from lading.runtime.serving.switch import Switch

if TYPE_CHECKING:
    from lading.runtime.serving.metrics import Metrics

Check = Callable[[tuple[str, ...]], None]
"""Raises what forbids that these names, and no others, are answered to."""


class Source(Protocol):
    """What a server is to answer with."""

    async def read(self) -> Desired:
        """What it is to answer with at first; raises what keeps it from that."""
        ...

    async def renew(self, switch: Switch) -> None:
        """Look again, and change what is answered with where that is something else; raises as ``Switch.change`` does."""
        ...

    def opened(self, switch: Switch, metrics: "Metrics | None") -> AbstractAsyncContextManager[None]:
        """Have ``switch`` changed, and ``metrics`` read, by whoever may, while it lasts: the server is ready."""
        ...


class BundleSource:
    """The bundles at ``paths``, and nothing else."""

    def __init__(self, paths: Sequence[Path], settings: Settings, check: Check) -> None:
        self._paths, self._settings, self._check = paths, settings, check

    async def read(self) -> Desired:
        """What the bundles make; raises what ``read_policy`` and ``Desired.read`` do."""
        policy = read_policy(self._settings.policy, self._settings.trust)
        desired = await asyncio.to_thread(Desired.read, self._paths, self._settings.threads, policy)
        self._check(desired.names)
        return desired

    async def renew(self, switch: Switch) -> None:
        """Read the bundles and the trust file again."""
        desired = await self.read()
        if (desired.bundles, desired.policy) != (switch.current.bundles, switch.current.policy):
            await switch.change(desired, lambda: None)

    @asynccontextmanager
    async def opened(self, switch: Switch, metrics: "Metrics | None") -> AsyncIterator[None]:
        """Nobody changes anything."""
        yield
