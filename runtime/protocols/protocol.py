"""The protocol interface: a way in which clients speak to the deployed models."""

import typing
from collections.abc import Mapping, Sequence

from pydantic import JsonValue
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from lading.core.errors import UsageError
from lading.core.plugins import load_all
from lading.core.settings import Settings
from lading.runtime.deployments import Deployments

GROUP = "lading.protocols"

PARTS = ("name", "hot", "routes", "paths")
"""What a protocol has."""


class Protocol(typing.Protocol):
    """A protocol on the prediction port; offered in the group ``lading.protocols``, made of the settings."""

    name: str

    def hot(self, deployments: Deployments) -> Mapping[str, ASGIApp]:
        """Raw ASGI endpoints by their exact path: one look-up per request, and any method arrives there.

        The ``scope["app"]`` is the ``Application``.
        """
        ...

    def routes(self, deployments: Deployments) -> Sequence[BaseRoute]:
        """Routes for all else. What they raise is answered as JSON: ``RequestError`` with its own status."""
        ...

    def paths(self, deployments: Deployments) -> Mapping[str, JsonValue]:
        """The OpenAPI 3.1 path items. A schema with a ``title`` becomes a component of that name."""
        ...


class NotAProtocolError(UsageError):
    """What a plugin offers as a protocol is not one."""

    def __init__(self, name: str, found: str) -> None:
        super().__init__(name, found)
        self.name, self.found = name, found

    def __str__(self) -> str:
        return f"plugin {self.name!r} of {GROUP} is {self.found}, which lacks one of {', '.join(PARTS)}; uninstall it"


def load_protocols(settings: Settings) -> tuple[Protocol, ...]:
    """Every installed protocol, in the order of names; raises ``NotAProtocolError``, or what loading raises."""
    found = []
    for name, kind in load_all(GROUP).items():
        protocol = typing.cast("typing.Callable[[Settings], object]", kind)(settings)
        # isinstance would not do: typing takes a class of this name for its own and looks at nothing.
        if not all(hasattr(protocol, part) for part in PARTS):
            raise NotAProtocolError(name, type(protocol).__name__)
        found.append(typing.cast("Protocol", protocol))
    return tuple(found)
