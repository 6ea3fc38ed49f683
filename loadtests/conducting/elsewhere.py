"""A server that runs already, wherever that is: it is asked, and left as it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from lading.bundles.bundle import Bundle
from lading.loadtests.conducting.asking import answers, check_serves, lading_of
from lading.loadtests.conducting.server import Usage, subject_of
from lading.loadtests.endpoint import Endpoint, UnreadableFileError
from lading.loadtests.result import Subject

SECONDS = 5.0
"""Within which a server that lives says so."""
UNANSWERED = 3
"""Questions after each other, about a second apart, of which none is answered by a server that has ended."""


class ServerElsewhere:
    """A server of which only the address is known."""

    def __init__(self, endpoint: Endpoint, subject: Subject, metrics: str | None) -> None:
        self.endpoint, self.subject, self.metrics = endpoint, subject, metrics
        self._unanswered = 0

    def usage(self, memory: bool) -> Usage | None:
        """Nobody can tell from here."""
        return None

    def ended(self) -> str | None:
        """Whether it answers nobody any more: one question without an answer may be a hiccup of the network."""
        try:
            answered = answers(self.endpoint, SECONDS)
        except UnreadableFileError:  # the key was taken away; those who make the load have read it
            return None
        self._unanswered = 0 if answered else self._unanswered + 1
        return None if self._unanswered < UNANSWERED else f"nobody answers at {self.endpoint.url} any more"


@contextmanager
def server_elsewhere(bundle: Bundle, endpoint: Endpoint, metrics: str | None) -> Iterator[ServerElsewhere]:
    """The server at ``endpoint``, which must serve ``bundle``; raises what ``check_serves`` does."""
    check_serves(endpoint, bundle)
    yield ServerElsewhere(endpoint, subject_of(bundle, endpoint.url, lading_of(endpoint)), metrics)
