"""The deployer: changes what a running server answers with, one change after the other, and remembers each."""

import asyncio
from collections.abc import Callable

from lading.bundles.bundle import open_bundle
from lading.core.errors import IntegrityError
from lading.runtime.administration.state import State, Version
from lading.runtime.administration.state_folder import StateFolder
from lading.runtime.serving.desired import Desired
from lading.runtime.serving.switch import Switch

Change = Callable[[State], State]
"""What becomes of the state."""

CheckAge = Callable[[State, str, Version], None]
"""Raises what forbids that a bundle answers to a name because it is older than what does."""


class MisnamedBundleError(IntegrityError):
    """A bundle in the state folder is not the one that its file name says."""

    def __init__(self, path: str, found: str) -> None:
        super().__init__(path, found)
        self.path, self.found = path, found

    def __str__(self) -> str:
        return f"{self.path} is bundle {self.found}; remove it, and bring the right one with `lading deploy`"


class Deployer:
    """Has the replicas of ``switch`` answer with bundles of ``folder``, and tells ``tell`` of it.

    ``desired`` is what they answer with in a state, and ``check_age`` forbids versions that are too old for one.
    """

    def __init__(
        self,
        folder: StateFolder,
        switch: Switch,
        desired: Callable[[State], Desired],
        check_age: CheckAge,
        tell: Callable[[str], None],
    ) -> None:
        self._folder, self._switch, self._desired, self._tell = folder, switch, desired, tell
        self._check_age = check_age
        self.state = State()
        """What is deployed, and how that came to be."""
        self._lock = asyncio.Lock()

    def keep(self, state: State) -> None:
        """Remember ``state``, which is what is answered with."""
        self._folder.write(state)
        self.state = state

    async def change(self, change: Change, anew: bool = False) -> State:
        """Have what is answered with be what ``change``, called in a thread, makes of the state; one after the other.

        Where that is the same state nothing is done, unless it is to be done ``anew``.

        Raises what ``change`` does, what forbids the names, and what ``Switch.change`` raises; nothing changed then.
        """
        async with self._lock:
            state = await asyncio.to_thread(change, self.state)
            if state != self.state or anew:
                await self._turn(state)
            return self.state

    def bundle(self, digest: str) -> Version:
        """The bundle of that digest, which the folder has, every file checked, and tried in a process of its own.

        Raises ``UnknownBundleError``, ``MisnamedBundleError``, and what ``open_bundle`` and ``StateFolder.prove``
        raise.
        """
        path = self._folder.bundle(digest)
        with open_bundle(path, limits=self._folder.limits) as bundle:
            if bundle.digest != digest:
                raise MisnamedBundleError(str(path), bundle.digest)
            version = Version(version=bundle.manifest.version, digest=digest)
        self._folder.prove(digest)
        return version

    def fit(self, state: State, name: str, digest: str, allow_older: bool) -> Version:
        """The bundle of that digest, where it may take the place of what answers to ``name`` in ``state``.

        Raises what ``bundle`` and, unless ``allow_older``, what the check of ages does.
        """
        found = self.bundle(digest)
        if not allow_older:
            self._check_age(state, name, found)
        return found

    async def _turn(self, state: State) -> None:
        latest = self.state.history[-1].number if self.state.history else 0
        await self._switch.change(self._desired(state), lambda: self.keep(state))
        for change in state.history:
            if change.number > latest:
                self._tell(str(change))
        await asyncio.to_thread(self._folder.keep, state.kept())
