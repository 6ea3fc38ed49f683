"""The state as a source: what a server with a state folder answers with, and the door by which that is changed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lading.core.settings import Settings
from lading.runtime.administration.api import administration
from lading.runtime.administration.author import author, this_user
from lading.runtime.administration.deployer import Deployer
from lading.runtime.administration.door import open_door
from lading.runtime.administration.state import State, Version
from lading.runtime.administration.state_folder import StateFolder
from lading.runtime.names import DuplicateNameError
from lading.runtime.serving.desired import Desired, DesiredBundle
from lading.runtime.serving.source import Check
from lading.runtime.serving.switch import Switch

if TYPE_CHECKING:
    from lading.runtime.serving.metrics import Metrics

WHY = "given to lading serve"


class StateSource:
    """The state in ``folder``, with the bundles at ``paths``, each under its own name.

    What was deployed under a name since its bundle was given stays until another bundle is given.
    """

    def __init__(
        self, folder: StateFolder, paths: Sequence[Path], settings: Settings, check: Check, tell: Callable[[str], None]
    ) -> None:
        self._folder, self._paths, self._settings, self._check, self._tell = folder, paths, settings, check, tell
        self._state = folder.read()
        self._deployer: Deployer | None = None

    async def read(self) -> Desired:
        """What the state and the bundles make; raises as ``StateFolder.bring`` and ``desired`` do."""
        self._state = await asyncio.to_thread(self._given, self._state)
        return self.desired(self._state)

    async def renew(self, switch: Switch) -> None:
        """Read the bundles again; raises as ``read`` and ``Switch.change`` do."""
        if self._deployer is not None:
            await self._deployer.change(self._given)

    @asynccontextmanager
    async def opened(self, switch: Switch, metrics: "Metrics | None") -> AsyncIterator[None]:
        """Remember what is answered with, and open the door."""
        self._deployer = Deployer(self._folder, switch, self.desired)
        self._deployer.keep(self._state)
        app = administration(self._deployer, metrics)
        async with open_door(app, self._folder.path, self._settings.admin_port, self._tell):
            yield

    def desired(self, state: State) -> Desired:
        """What replicas answer with in ``state``; raises ``UnknownBundleError``, and what the check does."""
        self._check(tuple(state.deployed))
        bundles = [self._desired(name, found.bundle) for name, found in state.deployed.items()]
        return Desired(bundles=tuple(bundles), threads=self._settings.threads)

    def _desired(self, name: str, bundle: Version) -> DesiredBundle:
        path = self._folder.bundle(bundle.digest).resolve()
        return DesiredBundle(path=str(path), name=name, version=bundle.version, digest=bundle.digest)

    def _given(self, state: State) -> State:
        """``state`` with the bundles in it; raises what ``StateFolder.bring`` does, and ``DuplicateNameError``."""
        seen = dict[str, Path]()
        for path in self._paths:
            name, bundle = self._folder.bring(path)
            if name in seen:
                raise DuplicateNameError(name, str(seen[name]), str(path))
            seen[name] = path
            if state.served(name) != bundle:
                state = state.deploy(name, bundle, author(this_user(), WHY), "serve")
        return state


@contextmanager
def state_source(
    place: Path, paths: Sequence[Path], settings: Settings, check: Check, tell: Callable[[str], None]
) -> Iterator[StateSource]:
    """The source in the state folder ``place``, which is this server's while it lasts.

    Raises ``StateFolderError``, ``StateInUseError`` and ``BrokenStateError``.
    """
    folder = StateFolder(place)
    with folder.held():
        yield StateSource(folder, paths, settings, check, tell)
