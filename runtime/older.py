"""Older versions: a bundle that is older than what it is to take the place of, by mistake or because it was kept back."""

from collections.abc import Callable

from lading.bundles.versions import is_older
from lading.core.errors import PolicyError
from lading.core.settings import PolicyMode


class OlderVersionError(PolicyError):
    """A bundle is older than what answers to the name, or answered last."""

    def __init__(self, name: str, version: str, deployed: str, known: bool) -> None:
        super().__init__(name, version, deployed, known)
        self.name, self.version, self.deployed, self.known = name, version, deployed, known

    def __str__(self) -> str:
        found = "is older than" if self.known else "cannot be told to be newer than"
        return (
            f"version {self.version} {found} {self.deployed}, which answers to {self.name!r} or did so last; bring a newer "
            "one, go back with `lading rollback`, or say --allow-older"
        )


def check_age(name: str, version: str, last: str, mode: PolicyMode, tell: Callable[[str], None]) -> None:
    """Whether ``version`` may take the place of ``last``, which answers to ``name`` or did so last.

    Raises ``OlderVersionError`` where it is older and the policy's ``mode`` is to enforce; where that is to warn,
    ``tell`` hears of it.
    """
    older = False if mode == "off" else is_older(version, last)
    if older is False:
        return
    error = OlderVersionError(name, version, last, known=older is True)
    if mode == "enforce":
        raise error
    tell(f"the policy warns: {error}")
