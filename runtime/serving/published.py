"""The published sockets: the addresses at which a server can be reached."""

import errno
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from lading.core.errors import ConflictError, UsageError
from lading.core.settings import Settings

LOOPBACK = "127.0.0.1"


class PortInUseError(ConflictError):
    """Another process listens at the address."""

    def __init__(self, host: str, port: int, option: str = "--port") -> None:
        super().__init__(host, port, option)
        self.host, self.port, self.option = host, port, option

    def __str__(self) -> str:
        return (
            f"port {self.port} of {self.host} is in use by another process; stop that one, "
            f"or choose another port with {self.option}"
        )


class AddressError(UsageError):
    """The address cannot be listened at."""

    def __init__(self, host: str, port: int, reason: str, options: tuple[str, str] = ("--host", "--port")) -> None:
        super().__init__(host, port, reason, options)
        self.host, self.port, self.reason, self.options = host, port, reason, options

    def __str__(self) -> str:
        return (
            f"cannot listen at port {self.port} of {self.host}: {self.reason}; {self.options[0]} takes an address of "
            f"this machine (127.0.0.1 for this machine alone, 0.0.0.0 for all), {self.options[1]} a free port"
        )


@dataclass(frozen=True)
class Listeners:
    """The sockets that a server listens on; they stay open while an edge that answers on them is started again."""

    published: socket.socket
    metrics: socket.socket | None = None
    grpc: socket.socket | None = None
    admin: socket.socket | None = None
    """Where the administration is called, on this machine alone; the edge does not answer there."""

    @property
    def ports(self) -> frozenset[int]:
        """The ports that may be reached from other machines, where the settings say so."""
        return frozenset(listener.getsockname()[1] for listener in self._open())

    @property
    def descriptors(self) -> list[int]:
        """What the edge inherits."""
        return [listener.fileno() for listener in self._open()]

    def close(self) -> None:
        """Listen no more."""
        for listener in self._open():
            listener.close()
        if self.admin is not None:
            self.admin.close()

    def _open(self) -> list[socket.socket]:
        return [listener for listener in (self.published, self.metrics, self.grpc) if listener is not None]


@contextmanager
def open_listeners(settings: Settings) -> Iterator[Listeners]:
    """Listen wherever the settings say; raises ``PortInUseError`` and ``AddressError``."""
    with ExitStack() as opened:
        published = opened.enter_context(listen(settings.host, settings.port))
        metrics = None
        if settings.metrics_port is not None:
            options = ("LADING_METRICS_HOST", "LADING_METRICS_PORT")
            metrics = opened.enter_context(listen(settings.metrics_host, settings.metrics_port, options))
        grpc = None
        if settings.grpc_port is not None:
            grpc = opened.enter_context(listen(settings.host, settings.grpc_port, ("--host", "--grpc-port")))
        admin = None
        if settings.admin_port is not None and settings.state_folder is not None:
            admin = opened.enter_context(listen(LOOPBACK, settings.admin_port, ("--host", "LADING_ADMIN_PORT")))
        yield Listeners(published, metrics, grpc, admin)


def listen(host: str, port: int, options: tuple[str, str] = ("--host", "--port")) -> socket.socket:
    """A socket that listens at ``host`` and ``port``; raises ``PortInUseError`` and ``AddressError``.

    ``options`` are what these two are set with.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise AddressError(host, port, error.strerror or str(error), options) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port, options[1]) from error
        raise AddressError(host, port, error.strerror or str(error), options) from error
    return listener


def reachable_by_others(host: str) -> bool:
    """Whether other machines may reach what listens at ``host``; not where nothing can listen."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][4][0]
    except OSError:
        return False
    return not ipaddress.ip_address(str(found)).is_loopback


def url(host: str, port: int, *, secure: bool = False) -> str:
    """The URL at which a client on this machine reaches the server."""
    return f"http{'s' if secure else ''}://{target(host, port)}"


def target(host: str, port: int) -> str:
    """The address and the port by which a client on this machine reaches the server."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - read, not bound
    bracketed = f"[{reachable}]" if ":" in reachable and not reachable.startswith("[") else reachable
    return f"{bracketed}:{port}"
