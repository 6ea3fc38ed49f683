"""The state: which bundle answers to which name, what answered before, and who changed it, when and why."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from lading.bundles.records import Digest, FrozenMap, Record
from lading.core.errors import ConflictError, UsageError

Action = Literal["serve", "deploy", "rollback", "undeploy", "canary", "promote", "abort", "shadow", "unshadow"]

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


class NoTrialError(ConflictError):
    """There is no canary, or no shadow."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(name, what)
        self.name, self.what = name, what

    def __str__(self) -> str:
        return f"{self.name!r} has no {self.what}; `lading deploy {self.name} BUNDLE --{self.what}` begins one"


class SameBundleError(ConflictError):
    """What is to be tried answers already."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"this bundle answers to {self.name!r} already; try another one"


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


class Limits(Record):
    """What a canary may be worse by, before it is aborted; what is not set is not looked at."""

    failures: Annotated[float, Field(ge=0, le=1)] | None = None
    """By how much a larger share of its requests may fail than of the others."""
    slowdown: Annotated[float, Field(gt=0)] | None = None
    """How many times as long it may take for an answer, in the mean."""
    drift: Annotated[float, Field(gt=0)] | None = None
    """The largest population stability index that a field of what it is asked may have."""


class Trial(Record):
    """A canary: a bundle that answers a share of the requests."""

    bundle: Version
    share: Annotated[float, Field(gt=0, lt=1)]
    since: str
    limits: Limits = Limits()


class Deployed(Record):
    """What answers to one name."""

    bundle: Version
    canary: Trial | None = None
    shadow: Version | None = None
    """What is asked the same, and answers nobody."""
    previous: tuple[Version, ...] = ()
    """What answered before it, the latest first: where a rollback goes."""
    since: str
    """When it began to answer, in UTC."""

    def versions(self) -> Iterator[Version]:
        """Every bundle that it names."""
        yield from self.previous
        yield from self.answering()

    def answering(self) -> Iterator[Version]:
        """Every bundle that is asked."""
        yield self.bundle
        if self.canary is not None:
            yield self.canary.bundle
        if self.shadow is not None:
            yield self.shadow


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
    tried: Version | None = None
    """The canary or the shadow that it is about."""
    allow_older: bool = False
    """Whether an older version was allowed to take the place of a newer one."""
    why: str

    def __str__(self) -> str:
        """The change, for a log."""
        before, after = (None if one is None else f"{one.version} ({one.digest})" for one in (self.before, self.after))
        why, older = f": {self.why}" if self.why else "", ", older allowed," if self.allow_older else ""
        if self.tried is not None:
            return f"{self.name}: {self.action} {self.tried.version} ({self.tried.digest}){older}, by {self.who}{why}"
        return (
            f"{self.name}: {after or 'nothing'} answers, {before or 'nothing'} before "
            f"({self.action}{older} by {self.who}{why})"
        )


class Author(Record):
    """Who changes something, when and why."""

    who: str
    time: str
    why: str = ""
    allow_older: bool = False
    """Whether they let an older version take the place of a newer one."""


class State(Record):
    """All that is deployed, and how it came to be; each change makes a new one."""

    format: Literal[1] = 1
    deployed: FrozenMap[Deployed] = Field(default_factory=dict)
    history: tuple[Change, ...] = ()
    """The latest last."""

    def deploy(self, name: str, bundle: Version, author: Author, action: Action = "deploy") -> "State":
        """The state in which ``bundle`` alone answers to ``name``; this one where it does."""
        before = self.deployed.get(name)
        if before is not None and action == "deploy" and (before.bundle, before.canary) == (bundle, None):
            return self
        previous = () if before is None else (before.bundle, *before.previous)
        # What comes back is what answers: it is not what answered before, too.
        earlier = tuple(one for one in previous if one.digest != bundle.digest)[:MOST_PREVIOUS]
        return self._changed(name, Deployed(bundle=bundle, previous=earlier, since=author.time), author, action)

    def canary(self, name: str, bundle: Version, share: float, limits: Limits, author: Author) -> "State":
        """The state in which ``bundle`` answers ``share`` of the requests for ``name``.

        Raises ``NotDeployedError`` and ``SameBundleError``.
        """
        trial = Trial(bundle=bundle, share=share, since=author.time, limits=limits)
        deployed = self._untried(name, bundle).model_copy(update={"canary": trial})
        return self._changed(name, deployed, author, "canary", bundle)

    def promote(self, name: str, author: Author) -> "State":
        """The state in which the canary answers every request; raises ``NotDeployedError`` and ``NoTrialError``."""
        return self.deploy(name, self.trial(name).bundle, author, "promote")

    def abort(self, name: str, author: Author) -> "State":
        """The state in which there is no canary; raises ``NotDeployedError`` and ``NoTrialError``."""
        tried = self.trial(name).bundle
        deployed = self.get(name).model_copy(update={"canary": None})
        return self._changed(name, deployed, author, "abort", tried)

    def shadowed(self, name: str, bundle: Version, author: Author) -> "State":
        """The state in which ``bundle`` is asked what ``name`` is; raises as ``canary`` does."""
        deployed = self._untried(name, bundle).model_copy(update={"shadow": bundle})
        return self._changed(name, deployed, author, "shadow", bundle)

    def unshadowed(self, name: str, author: Author) -> "State":
        """The state in which there is no shadow; raises ``NotDeployedError`` and ``NoTrialError``."""
        found = self.get(name)
        if found.shadow is None:
            raise NoTrialError(name, "shadow")
        return self._changed(name, found.model_copy(update={"shadow": None}), author, "unshadow", found.shadow)

    def trial(self, name: str) -> Trial:
        """The canary of ``name``; raises ``NotDeployedError`` and ``NoTrialError``."""
        found = self.get(name).canary
        if found is None:
            raise NoTrialError(name, "canary")
        return found

    def _untried(self, name: str, bundle: Version) -> Deployed:
        found = self.get(name)
        if found.bundle.digest == bundle.digest:
            raise SameBundleError(name)
        return found

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
        versions = [one for found in self.deployed.values() for one in found.versions()]
        gone = {change.name for change in self.history} - set(self.deployed)
        versions += [last for name in gone if (last := self.last(name)) is not None]
        return frozenset(version.digest for version in versions)

    def _changed(
        self, name: str, deployed: Deployed | None, author: Author, action: Action, tried: Version | None = None
    ) -> "State":
        before = self.deployed.get(name)
        change = Change(
            number=self.history[-1].number + 1 if self.history else 1,
            time=author.time,
            who=author.who,
            action=action,
            name=name,
            before=None if before is None else before.bundle,
            after=None if deployed is None else deployed.bundle,
            tried=tried,
            allow_older=author.allow_older,
            why=author.why,
        )
        others: Mapping[str, Deployed] = {key: value for key, value in self.deployed.items() if key != name}
        now = others if deployed is None else {**others, name: deployed}
        return State(deployed=dict(sorted(now.items())), history=(*self.history, change)[-MOST_CHANGES:])
