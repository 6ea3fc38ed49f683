"""The voice: what the server and its replicas say on standard error, as text for people or as lines of JSON."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from textwrap import indent

from lading.core.console import one_line, printable
from lading.core.log_line import log_line

SERVER, EDGE = "server", "edge"


@dataclass(frozen=True)
class Line:
    """Something that is said."""

    message: str
    level: str = "info"
    source: str = SERVER
    """Who says it: the server, or a slot's replica."""
    seconds: float = field(default_factory=time.time)
    """When, in Unix time."""
    context: Mapping[str, str] = field(default_factory=dict)
    """What it is about, as far as that is known: the ``request``, the ``model``, the ``traceback``."""

    @property
    def text(self) -> str:
        """As people read it: one line, of a replica with its level; a traceback stands below, set in."""
        message = one_line(self.message)
        said = message if self.source == SERVER else f"{self.level.upper()} {message}"
        return said + indent("\n" + self.context.get("traceback", ""), "  ").rstrip()

    @property
    def json(self) -> str:
        """As programs read it."""
        return log_line(self.message, self.level, self.source, self.seconds, **self.context)


def as_json(line: bytes) -> bytes:
    """A line of the edge's, which has some that are no JSON among those that are: when it stops, say."""
    if line.startswith(b"{"):
        return line
    text = line.decode(errors="replace").rstrip()
    return Line(text, source=EDGE).json.encode() + b"\n" if text else b""


class Voice:
    """Has ``put`` write what is said, as JSON where it is to be ``structured``; ``put`` never waits."""

    def __init__(self, put: Callable[[str], None], structured: bool = False) -> None:
        self._put, self._structured = put, structured
        self.lost = 0
        """Lines of replicas that never came here."""

    def __call__(self, text: str) -> None:
        """Say how things go."""
        self.say(Line(text))

    def warn(self, text: str) -> None:
        """Say what somebody should look at."""
        self.say(Line(text, "warning"))

    def say(self, line: Line, lost: int = 0) -> None:
        """Say a line, before which ``lost`` others were lost."""
        self.lost += lost
        self._put(line.json if self._structured else printable(line.text))
