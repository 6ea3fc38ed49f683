"""The source: where a server learns what it is to answer with, at first and when it is to look again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lading.bundles.signing.policy import read_policy
from lading.bundles.storage.offered import offered
from lading.bundles.store.proving import prove
from lading.bundles.store.store import Store
from lading.core.settings import Settings
from lading.runtime.names import take
from lading.runtime.older import check_age
from lading.runtime.serving.desired import Desired, DesiredBundle
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
    """The bundles at ``paths``, and nothing else, as ``store`` has them."""

    def __init__(
        self, paths: Sequence[Path], settings: Settings, check: Check, store: Store, tell: Callable[[str], None]
    ) -> None:
        self._paths, self._settings, self._check, self._store, self._tell = paths, settings, check, store, tell
        self._held = ExitStack()
        self._versions: dict[str, str] = {}
        """The version that answers to each name, or did so last."""

    async def read(self) -> Desired:
        """What the bundles make; raises what ``read_policy``, ``offered``, ``Store.bring``, ``prove`` and ``take`` do."""
        self._held, desired = await self._read()
        self._remember(desired)
        return desired

    async def renew(self, switch: Switch) -> None:
        """Read the bundles and the trust file again; raises ``OlderVersionError`` too, where the policy forbids that."""
        held, desired = await self._read()
        if (desired.bundles, desired.policy) == (switch.current.bundles, switch.current.policy):
            held.close()
            return
        try:
            self._check_ages(desired)
            await switch.change(desired, lambda: None)
        except BaseException:
            held.close()
            raise
        self._held.close()
        self._held = held
        self._remember(desired)

    def close(self) -> None:
        """Let the store remove what was served."""
        self._held.close()

    def _check_ages(self, desired: Desired) -> None:
        """That no bundle is older than what answers to its name, where that is not allowed."""
        for bundle in () if self._settings.allow_older else desired.bundles:
            if bundle.name in self._versions:
                check_age(bundle.name, bundle.version, self._versions[bundle.name], desired.policy.mode, self._tell)

    def _remember(self, desired: Desired) -> None:
        self._versions |= {bundle.name: bundle.version for bundle in desired.bundles}

    async def _read(self) -> tuple[ExitStack, Desired]:
        """What the bundles make, and what holds them in the store."""
        with ExitStack() as held:
            desired = await asyncio.to_thread(self._brought, held)
            self._check(desired.names)
            return held.pop_all(), desired

    def _brought(self, held: ExitStack) -> Desired:
        policy = read_policy(self._settings.policy, self._settings.trust)
        found, taken = list[DesiredBundle](), dict[str, str]()
        for path in offered(self._paths):
            brought = held.enter_context(self._store.bring(path, limits=self._settings, vet=policy.vet))
            take(taken, brought.name, str(path.resolve()))
            prove(self._store, brought.digest, self._settings)
            named = DesiredBundle(
                path=str(brought.path.resolve()), name=brought.name, version=brought.version, digest=brought.digest
            )
            found.append(named)
        return Desired(bundles=tuple(found), threads=self._settings.threads, policy=policy)

    @asynccontextmanager
    async def opened(self, switch: Switch, metrics: "Metrics | None") -> AsyncIterator[None]:
        """Nobody changes anything."""
        yield
