"""A server of a load test's of which nothing is known but where it answers."""

from lading.loadtests.conducting.server import Usage
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.result import Subject
from tests.loadtests.serving import RightServer


class Answering:
    """It runs until a test says that it ended."""

    metrics = None

    def __init__(self, behind: RightServer, subject: Subject) -> None:
        self.behind, self.subject = behind, subject
        self.endpoint = Endpoint(url=behind.url, deployment=subject.name)
        self.why: str | None = None

    def usage(self, memory: bool) -> Usage | None:
        """Nobody can tell."""

    def ended(self) -> str | None:
        """What the test says."""
        return self.why
