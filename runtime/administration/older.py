"""Older versions: a bundle that is older than what it is to take the place of, by mistake or because it was kept back."""

from lading.bundles.versions import is_older
from lading.core.errors import PolicyError
from lading.runtime.administration.state import State, Version


class OlderVersionError(PolicyError):
    """A bundle is older than what answers to the name, or answered last."""

    def __init__(self, name: str, version: str, deployed: str, known: bool) -> None:
        super().__init__(name, version, deployed, known)
        self.name, self.version, self.deployed, self.known = name, version, deployed, known

    def __str__(self) -> str:
        found = "is older than" if self.known else "cannot be told to be newer than"
        return (
            f"version {self.version} {found} {self.deployed}, which answers to {self.name!r} or did so last; deploy a newer "
            "one, go back with `lading rollback`, or say --allow-older"
        )


def check_age(state: State, name: str, bundle: Version) -> None:
    """Raise ``OlderVersionError`` where ``bundle`` is older than what answers to ``name`` in ``state``, or answered last."""
    last = state.last(name)
    if last is None:
        return
    older = is_older(bundle.version, last.version)
    if older is not False:
        raise OlderVersionError(name, bundle.version, last.version, known=older is True)
