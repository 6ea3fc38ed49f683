"""The state: which bundle answers to which name, what answered before, and who changed it, when and why."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from lading.bundles.records import Digest, FrozenMap, Record
from lading.core.errors import ConflictError, UsageError

Action = Literal["serve", "deploy", "rollback", "undeploy"]

MOST_PREVIOUS = 10
"""How many bundles that answered before are kept for one name."""
MOST_CHANGES = 1000
"""How many changes are remembered."""


class NotDeployedError(UsageError):
    """Nothing answers to that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        return f"nothing is deployed as {self.name!r}; deployed are: {', '.join(self.known) or 'none'}"


class NothingBeforeError(ConflictError):
    """There is no bundle to go back to."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"no bundle answered to {self.name!r} before the one that does; deploy the one that should"


class Version(Record):
    """A bundle, as people and as machines call it."""

    version: str
    digest: Digest


class Deployed(Record):
    """What answers to one name."""

    bundle: Version
    previous: tuple[Version, ...] = ()
    """What answered before it, the latest first: where a rollback goes."""
    since: str
    """When it began to answer, in UTC."""


class Change(Record):
    """One change of what is deployed."""

    number: int
    """They are counted from 1."""
    time: str
    """In UTC."""
    who: str
    action: Action
    name: str
    before: Version | None
    after: Version | None
    why: str

    def __str__(self) -> str:
        """The change, for a log."""
        before, after = (None if one is None else f"{one.version} ({one.digest})" for one in (self.before, self.after))
        why = f": {self.why}" if self.why else ""
        return f"{self.name}: {after or 'nothing'} answers, {before or 'nothing'} before ({self.action} by {self.who}{why})"


class Author(Record):
    """Who changes something, when and why."""

    who: str
    time: str
    why: str = ""


class State(Record):
    """All that is deployed, and how it came to be; each change makes a new one."""

    format: Literal[1] = 1
    deployed: FrozenMap[Deployed] = Field(default_factory=dict)
    history: tuple[Change, ...] = ()
    """The latest last."""

    def deploy(self, name: str, bundle: Version, author: Author, action: Action = "deploy") -> "State":
        """The state in which ``bundle`` answers to ``name``."""
        before = self.deployed.get(name)
        previous = () if before is None else (before.bundle, *before.previous)
        # What comes back is what answers: it is not what answered before, too.
        earlier = tuple(one for one in previous if one.digest != bundle.digest)[:MOST_PREVIOUS]
        return self._changed(name, Deployed(bundle=bundle, previous=earlier, since=author.time), author, action)

    def rollback(self, name: str, author: Author) -> "State":
        """The state in which what answered to ``name`` before answers again; once more goes back further.

        Raises ``NotDeployedError`` and ``NothingBeforeError``.
        """
        before = self.get(name)
        if not before.previous:
            raise NothingBeforeError(name)
        again, *earlier = before.previous
        deployed = Deployed(bundle=again, previous=tuple(earlier), since=author.time)
        return self._changed(name, deployed, author, "rollback")

    def undeploy(self, name: str, author: Author) -> "State":
        """The state in which nothing answers to ``name``; raises ``NotDeployedError``."""
        self.get(name)
        return self._changed(name, None, author, "undeploy")

    def get(self, name: str) -> Deployed:
        """What answers to ``name``; raises ``NotDeployedError``."""
        if name not in self.deployed:
            raise NotDeployedError(name, tuple(sorted(self.deployed)))
        return self.deployed[name]

    def last(self, name: str) -> Version | None:
        """What answered to ``name`` last, whether it is deployed or not; None where nothing is known of it."""
        if name in self.deployed:
            return self.deployed[name].bundle
        changes = (change for change in reversed(self.history) if change.name == name)
        return next((change.before for change in changes if change.before is not None), None)

    def served(self, name: str) -> Version | None:
        """The bundle that the server was last started with for ``name``."""
        changes = (change for change in reversed(self.history) if change.name == name and change.action == "serve")
        return next((change.after for change in changes), None)

    def kept(self) -> frozenset[str]:
        """The digests of all bundles that are needed: those that answer, and those that a rollback or a load brings."""
        versions = [one for found in self.deployed.values() for one in (found.bundle, *found.previous)]
        gone = {change.name for change in self.history} - set(self.deployed)
        versions += [last for name in gone if (last := self.last(name)) is not None]
        return frozenset(version.digest for version in versions)

    def _changed(self, name: str, deployed: Deployed | None, author: Author, action: Action) -> "State":
        before = self.deployed.get(name)
        change = Change(
            number=self.history[-1].number + 1 if self.history else 1,
            time=author.time,
            who=author.who,
            action=action,
            name=name,
            before=None if before is None else before.bundle,
            after=None if deployed is None else deployed.bundle,
            why=author.why,
        )
        others: Mapping[str, Deployed] = {key: value for key, value in self.deployed.items() if key != name}
        now = others if deployed is None else {**others, name: deployed}
        return State(deployed=dict(sorted(now.items())), history=(*self.history, change)[-MOST_CHANGES:])
