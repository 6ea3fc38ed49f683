"""The server that is tested: what a load test asks of it, wherever it runs."""

from typing import Protocol

from lading.bundles.bundle import Bundle
from lading.bundles.records import Record
from lading.loadtests.endpoint import Endpoint
from lading.loadtests.result import Subject


class Usage(Record):
    """What a server has used until now."""

    cpu_seconds: float
    """Of all its processes together."""
    bytes: int | None = None
    """What they hold (proportional set size); None where that was not asked."""


def subject_of(bundle: Bundle, target: str, lading: str | None, replicas: int | None = None) -> Subject:
    """A bundle that is tested, where it answers, by which version of Lading and in how many replicas, if that is known."""
    manifest = bundle.manifest
    return Subject(
        name=manifest.name,
        version=manifest.version,
        digest=bundle.digest,
        target=target,
        lading=lading,
        replicas=replicas,
        waiver=manifest.parity.waiver,
    )


class Server(Protocol):
    """A server that answers for one bundle."""

    @property
    def endpoint(self) -> Endpoint:
        """Where it answers."""

    @property
    def subject(self) -> Subject:
        """What it answers for."""

    @property
    def metrics(self) -> str | None:
        """The address of its metrics; None where it offers none."""

    def usage(self, memory: bool) -> Usage | None:
        """The processor seconds that it has used, and with ``memory`` the bytes that it holds; None where nobody can tell."""

    def ended(self) -> str | None:
        """Why it runs no more; None while it does, as far as can be told."""
