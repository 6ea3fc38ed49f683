"""The gRPC service interface: methods that clients call on the gRPC port."""

import typing
from collections.abc import Awaitable, Callable, Mapping

from lading.core.errors import UsageError
from lading.core.plugins import load_all
from lading.runtime.app import Application
from lading.runtime.protocols.head import TOLD, Head

GROUP = "lading.grpc_services"

PARTS = ("name", "methods")
"""What a service has."""

Metadata = tuple[tuple[str, str | bytes], ...]


class Call:
    """One call of a method, besides its message."""

    def __init__(self, sent: Metadata = (), seconds: float | None = None) -> None:
        self.sent = sent
        """The metadata of the request."""
        self.seconds = seconds
        """How much longer the client waits, where it says so."""
        self.model: str | None = None
        """The name of the model that is asked, once the method knows it."""
        self.metadata: Metadata = ()
        """The metadata of the answer, and also of a refusal; they come after it. The method sets them."""

    @property
    def head(self) -> Head:
        """What of the metadata is of a request's head."""
        pairs = ((name.encode(), value) for name, value in self.sent)
        return {name: value.encode() if isinstance(value, str) else value for name, value in pairs if name in TOLD}


Method = Callable[[bytes, Call], Awaitable[bytes]]
"""From one message to one message, both as they are on the wire.

What it raises becomes the call's status: ``RequestError`` by the table of errors, ``FieldError`` as a 400. It is
cancelled when the client goes away or its deadline passes.
"""


class GrpcService(typing.Protocol):
    """A service on the gRPC port; offered in the group ``lading.grpc_services``, constructed with no arguments."""

    name: str
    """As it is on the wire, with its package."""

    def methods(self, application: Application) -> Mapping[str, Method]:
        """The methods by name; asked for anew whenever the application's deployments change."""
        ...


class NotAServiceError(UsageError):
    """What a plugin offers as a gRPC service is not one."""

    def __init__(self, name: str, found: str) -> None:
        super().__init__(name, found)
        self.name, self.found = name, found

    def __str__(self) -> str:
        return f"plugin {self.name!r} of {GROUP} is {self.found}, which lacks one of {', '.join(PARTS)}; uninstall it"


def load_services() -> tuple[GrpcService, ...]:
    """Every installed service, in the order of the plugins' names; raises ``NotAServiceError``, or what loading does."""
    found = []
    for name, kind in load_all(GROUP).items():
        service = typing.cast("typing.Callable[[], object]", kind)()
        if not all(hasattr(service, part) for part in PARTS):
            raise NotAServiceError(name, type(service).__name__)
        found.append(typing.cast("GrpcService", service))
    return tuple(found)
