"""The published socket: the one address at which a server can be reached."""

import errno
import ipaddress
import socket

from lading.core.errors import ConflictError, UsageError


class PortInUseError(ConflictError):
    """Another process listens at the address."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.host, self.port = host, port

    def __str__(self) -> str:
        return (
            f"port {self.port} of {self.host} is in use by another process; stop that one, "
            "or choose another port with --port"
        )


class AddressError(UsageError):
    """The address cannot be listened at."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(host, port, reason)
        self.host, self.port, self.reason = host, port, reason

    def __str__(self) -> str:
        return (
            f"cannot listen at port {self.port} of {self.host}: {self.reason}; --host takes an address of this "
            "machine (127.0.0.1 for this machine alone, 0.0.0.0 for all), --port a free port"
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at ``host`` and ``port``; raises ``PortInUseError`` and ``AddressError``."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise AddressError(host, port, error.strerror or str(error)) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from error
        raise AddressError(host, port, error.strerror or str(error)) from error
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
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - read, not bound
    bracketed = f"[{reachable}]" if ":" in reachable and not reachable.startswith("[") else reachable
    return f"http{'s' if secure else ''}://{bracketed}:{port}"
