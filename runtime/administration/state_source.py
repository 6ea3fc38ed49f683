"""The state as a source: what a server with a state folder answers with, and the door by which that is changed."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lading.bundles.signing.policy import OFF, read_policy
from lading.bundles.storage.offered import offered
from lading.core.settings import Settings
from lading.runtime.administration.api import administration
from lading.runtime.administration.author import author, this_user
from lading.runtime.administration.deployer import Deployer
from lading.runtime.administration.door import open_door
from lading.runtime.administration.figures import read_figures, told
from lading.runtime.administration.guard import Guard
from lading.runtime.administration.state import Change, State, Trial, Version
from lading.runtime.administration.state_folder import StateFolder
from lading.runtime.happening import Happening
from lading.runtime.names import take
from lading.runtime.older import check_age
from lading.runtime.serving.desired import Desired, DesiredBundle, DesiredCanary
from lading.runtime.serving.source import Check
from lading.runtime.serving.switch import Switch

if TYPE_CHECKING:
    from lading.runtime.serving.metrics import Metrics

WHY = "given to lading serve"
SHOWN_CHANGES = 50
"""How many of the latest changes the page shows, of all names together."""


class StateSource:
    """The state in ``folder``, with the bundles at ``paths``, each under its own name.

    What was deployed under a name since its bundle was given stays until another bundle is given.
    """

    def __init__(
        self,
        folder: StateFolder,
        paths: Sequence[Path],
        settings: Settings,
        check: Check,
        tell: Callable[[str], None],
        listener: socket.socket | None = None,
    ) -> None:
        self._folder, self._paths, self._settings, self._check, self._tell = folder, paths, settings, check, tell
        self._listener = listener
        self._state = folder.read()
        self._deployer: Deployer | None = None
        self._policy = OFF

    async def read(self) -> Desired:
        """What the state and the bundles make; raises as ``read_policy``, ``StateFolder.bring`` and ``desired`` do."""
        self._policy = read_policy(self._settings.policy, self._settings.trust)
        self._state = await asyncio.to_thread(self._given, self._state)
        return self.desired(self._state)

    async def renew(self, switch: Switch) -> None:
        """Read the bundles and the trust file again; raises as ``read`` and ``Switch.change`` do."""
        if self._deployer is None:
            return
        before, self._policy = self._policy, read_policy(self._settings.policy, self._settings.trust)
        try:
            await self._deployer.change(self._given, anew=self._policy != before)
        except BaseException:
            self._policy = before
            raise

    @asynccontextmanager
    async def opened(self, switch: Switch, metrics: "Metrics | None") -> AsyncIterator[None]:
        """Remember what is answered with, and open the door."""
        self._deployer = Deployer(self._folder, switch, self.desired, self.check_age, self._tell)
        self._deployer.keep(self._state)
        app = administration(self._deployer, partial(told, switch.run), self._tell, metrics)
        guard = Guard(self._deployer, partial(read_figures, switch.run), self._tell)
        async with open_door(app, self._folder.path, self._listener, self._tell):
            watching = asyncio.create_task(guard.watch())
            try:
                yield
            finally:
                watching.cancel()

    def desired(self, state: State) -> Desired:
        """What replicas answer with in ``state``; raises ``UnknownBundleError``, and what the check does."""
        self._check(tuple(state.deployed))
        deployed = state.deployed.items()
        return Desired(
            bundles=tuple(self._desired(name, found.bundle) for name, found in deployed),
            canaries=tuple(self._tried(name, found.canary) for name, found in deployed if found.canary is not None),
            shadows=tuple(self._desired(name, found.shadow) for name, found in deployed if found.shadow is not None),
            history=tuple(_happening(change, self._settings.page_authors) for change in state.history[-SHOWN_CHANGES:]),
            threads=self._settings.threads,
            policy=self._policy,
        )

    def check_age(self, state: State, name: str, bundle: Version) -> None:
        """That ``bundle`` is not older than what answers to ``name``; raises ``OlderVersionError``, or tells of it."""
        last = state.last(name)
        if last is not None and not self._settings.allow_older:
            check_age(name, bundle.version, last.version, self._policy.mode, self._tell)

    def _desired(self, name: str, bundle: Version) -> DesiredBundle:
        path = self._folder.bundle(bundle.digest).resolve()
        return DesiredBundle(path=str(path), name=name, version=bundle.version, digest=bundle.digest)

    def _tried(self, name: str, trial: Trial) -> DesiredCanary:
        return DesiredCanary(**dict(self._desired(name, trial.bundle)), share=trial.share)

    def _given(self, state: State) -> State:
        """``state`` with the bundles in it, all that it keeps tried.

        Raises what ``offered``, ``StateFolder.bring`` and ``prove``, ``check_age`` and ``take`` do.
        """
        taken = dict[str, str]()
        for path in offered(self._paths):
            name, bundle = self._folder.bring(path, vet=self._policy.vet)
            take(taken, name, str(path))
            if state.served(name) != bundle:
                self.check_age(state, name, bundle)
                state = state.deploy(name, bundle, author(this_user(), WHY, self._settings.allow_older), "serve")
        for found in state.deployed.values():
            for version in found.answering():
                self._folder.prove(version.digest)
        return state


def _happening(change: Change, authors: bool) -> Happening:
    """The change, with who made it and why where ``authors`` may be known: what is not told never gets to a replica."""
    before, after, tried = (None if one is None else one.version for one in (change.before, change.after, change.tried))
    return Happening(
        number=change.number,
        time=change.time,
        action=change.action,
        allow_older=change.allow_older,
        name=change.name,
        before=before,
        after=after,
        tried=tried,
        who=change.who if authors else None,
        why=change.why if authors else None,
    )


@contextmanager
def state_source(
    place: Path,
    paths: Sequence[Path],
    settings: Settings,
    check: Check,
    tell: Callable[[str], None],
    listener: socket.socket | None = None,
) -> Iterator[StateSource]:
    """The source in the state folder ``place``, which is this server's while it lasts; changed over ``listener`` too.

    Raises ``StateFolderError``, ``StateInUseError`` and ``BrokenStateError``.
    """
    folder = StateFolder(place, settings, tell)
    with folder.held():
        yield StateSource(folder, paths, settings, check, tell, listener)
