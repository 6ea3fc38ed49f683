"""The deployer: changes what a running server answers with, one change after the other, and remembers each."""

import asyncio
from collections.abc import Callable

from lading.bundles.bundle import open_bundle
from lading.core.errors import IntegrityError
from lading.runtime.administration.state import Author, State, Version
from lading.runtime.administration.state_folder import StateFolder
from lading.runtime.serving.desired import Desired
from lading.runtime.serving.switch import Switch


class MisnamedBundleError(IntegrityError):
    """A bundle in the state folder is not the one that its file name says."""

    def __init__(self, path: str, found: str) -> None:
        super().__init__(path, found)
        self.path, self.found = path, found

    def __str__(self) -> str:
        return f"{self.path} is bundle {self.found}; remove it, and bring the right one with `lading deploy`"


class Deployer:
    """Has the replicas of ``switch`` answer with bundles of ``folder``, and tells ``tell`` of it.

    ``desired`` is what they answer with in a state.
    """

    def __init__(
        self,
        folder: StateFolder,
        switch: Switch,
        desired: Callable[[State], Desired],
        tell: Callable[[str], None],
    ) -> None:
        self._folder, self._switch, self._desired, self._tell = folder, switch, desired, tell
        self.state = State()
        """What is deployed, and how that came to be."""
        self._lock = asyncio.Lock()

    def keep(self, state: State) -> None:
        """Remember ``state``, which is what is answered with."""
        self._folder.write(state)
        self.state = state

    async def deploy(self, name: str, digest: str, author: Author) -> State:
        """Have the bundle of that digest, which the folder has, answer to ``name``; nothing changes when it does.

        Raises ``UnknownBundleError``, what ``open_bundle`` raises, and what ``Switch.change`` raises.
        """
        async with self._lock:
            bundle = await asyncio.to_thread(self._checked, digest)
            found = self.state.deployed.get(name)
            if found is None or found.bundle != bundle:
                await self._change(self.state.deploy(name, bundle, author))
            return self.state

    async def rollback(self, name: str, author: Author) -> State:
        """Have what answered to ``name`` before answer again; raises as ``State.rollback`` and ``deploy`` do."""
        async with self._lock:
            await self._change(self.state.rollback(name, author))
            return self.state

    async def undeploy(self, name: str, author: Author) -> State:
        """Have nothing answer to ``name``; raises as ``State.undeploy`` and ``Switch.change`` do."""
        async with self._lock:
            await self._change(self.state.undeploy(name, author))
            return self.state

    async def change(self, change: Callable[[State], State]) -> None:
        """Have what is deployed be what ``change`` makes of it, in a thread; raises as that and ``deploy`` do."""
        async with self._lock:
            state = await asyncio.to_thread(change, self.state)
            if state != self.state:
                await self._change(state)

    async def _change(self, state: State) -> None:
        latest = self.state.history[-1].number if self.state.history else 0
        await self._switch.change(self._desired(state), lambda: self.keep(state))
        for change in state.history:
            if change.number > latest:
                self._tell(str(change))
        await asyncio.to_thread(self._folder.keep, state.kept())

    def _checked(self, digest: str) -> Version:
        path = self._folder.bundle(digest)
        with open_bundle(path) as bundle:
            if bundle.digest != digest:
                raise MisnamedBundleError(str(path), bundle.digest)
            return Version(version=bundle.manifest.version, digest=digest)
