"""Deadlines: how long requests may take, for each deployment."""

from pydantic import Field as Setting

from lading.bundles.records import FrozenMap, Record
from lading.core.errors import UsageError
from lading.core.settings import Settings


class UnknownDeadlineError(UsageError):
    """A deadline is set for a name that nothing is deployed under."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        names = ", ".join(self.known)
        return (
            f"a deadline is set for {self.name!r}, which is not deployed; deployed are {names}: set it for one of them"
        )


class Deadlines(Record):
    """How long a request may take, in seconds."""

    seconds: float = 30.0
    """Where nothing else is said."""
    queue_seconds: float = 3.0
    """How long one may wait for its turn."""
    by_name: FrozenMap[float] = Setting(default_factory=dict)
    """By the name of the deployment."""

    @classmethod
    def read(cls, settings: Settings) -> "Deadlines":
        """Those that the settings ask for."""
        return cls(seconds=settings.request_seconds, queue_seconds=settings.queue_seconds, by_name=settings.deadlines)

    def of(self, name: str) -> float:
        """How long a request for the deployment ``name`` may take."""
        return self.by_name.get(name, self.seconds)

    @property
    def longest(self) -> float:
        """The longest of them."""
        return max(self.seconds, *self.by_name.values()) if self.by_name else self.seconds

    def check(self, names: tuple[str, ...]) -> None:
        """Raise ``UnknownDeadlineError`` for a deadline of none of ``names``."""
        for name in self.by_name:
            if name not in names:
                raise UnknownDeadlineError(name, names)
