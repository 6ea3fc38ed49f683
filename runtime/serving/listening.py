"""Listening sockets: which TCP ports a set of processes has open, and who can reach them. Linux only."""

import ipaddress
import os
import socket
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from lading.core.errors import PolicyError

PROC = Path("/proc")
LISTEN = "0A"


class Listening(NamedTuple):
    """A TCP socket that listens."""

    pid: int
    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        mapped = getattr(self.address, "ipv4_mapped", None)
        return (self.address if mapped is None else mapped).is_loopback


class OpenPortError(PolicyError):
    """A process of the server listens where others could reach it, besides the published port."""

    def __init__(self, name: str, address: str, port: int) -> None:
        super().__init__(name, address, port)
        self.name, self.address, self.port = name, address, port

    def __str__(self) -> str:
        return (
            f"{self.name} listens on {self.address} port {self.port}, which other machines could reach; only the "
            "published ports may be: check that the installed ray is the version that lading[serve] asks for"
        )


def listening(pids: Iterable[int]) -> list[Listening]:
    """The TCP sockets on which ``pids`` listen; a socket that several hold is named once for each."""
    sockets = {inode: place for table in ("tcp", "tcp6") for inode, place in _table(PROC / "net" / table)}
    return [Listening(pid, *sockets[inode]) for pid in pids for inode in _inodes(pid) if inode in sockets]


def refuse_open_ports(pids: Iterable[int], published: Collection[int]) -> None:
    """Raise ``OpenPortError`` when ``pids`` listen anywhere but on loopback and on the ports ``published``."""
    for found in listening(pids):
        if not found.local and found.port not in published:
            name = (PROC / str(found.pid) / "comm").read_text().strip()
            raise OpenPortError(name, str(found.address), found.port)


def _table(path: Path) -> Iterator[tuple[str, tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]]]:
    """The listening sockets of one of the kernel's tables, by inode."""
    try:
        lines = path.read_text().splitlines()[1:]
    except FileNotFoundError:  # a kernel without IPv6
        return
    for line in lines:
        fields = line.split()
        if fields[3] == LISTEN:
            host, port = fields[1].split(":")
            yield fields[9], (_address(host), int(port, 16))


def _address(hexadecimal: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The kernel prints an address as words of 32 bits in the machine's byte order."""
    words = [int(hexadecimal[at : at + 8], 16) for at in range(0, len(hexadecimal), 8)]
    packed = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return ipaddress.ip_address(socket.inet_ntop(family, packed))


def _inodes(pid: int) -> set[str]:
    found = set()
    try:
        for descriptor in os.listdir(PROC / str(pid) / "fd"):
            target = os.readlink(PROC / str(pid) / "fd" / descriptor)
            if target.startswith("socket:["):
                found.add(target[8:-1])
    except OSError:  # the process ended, or closed it
        return found
    return found
