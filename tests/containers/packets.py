"""Packets: what a container sends, as the machine that it runs on hears it."""

import socket
import struct
import threading
from ipaddress import IPv4Address
from typing import NamedTuple

EVERYTHING = 0x0003
LONGEST, RECEIVE_BYTES = 1 << 16, 16 << 20
IPV4 = 0x0800
TCP, UDP = 6, 17
SYN, RESET, ACK = 0x02, 0x04, 0x10


class Packet(NamedTuple):
    """An IPv4 packet that a container sent: of which protocol, from which port of its own to which, and TCP's flags."""

    source: str
    target: str
    protocol: int
    ports: tuple[int, int]
    flags: int

    @property
    def opens(self) -> bool:
        """Whether it asks for a connection."""
        return self.protocol == TCP and self.flags & (SYN | ACK) == SYN


class Listening:
    """Hears everything on all of the machine's interfaces while the block lasts.

    What goes from a container to another passes two of them, and is heard twice.
    """

    def __init__(self) -> None:
        self.packets = list[Packet]()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        self._socket.settimeout(0.2)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._hear)

    def sent_by(self, address: str) -> list[Packet]:
        """What came from ``address``."""
        return [packet for packet in self.packets if packet.source == address]

    def _hear(self) -> None:
        while not self._over.is_set():
            try:
                frame = self._socket.recv(LONGEST)
            except TimeoutError:
                continue
            if struct.unpack("!H", frame[12:14])[0] == IPV4:
                self.packets.append(_packet(frame[14:]))

    def __enter__(self) -> "Listening":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()


def _packet(data: bytes) -> Packet:
    rest = data[(data[0] & 0x0F) * 4 :]
    source, target = (str(IPv4Address(data[at : at + 4])) for at in (12, 16))
    ports = struct.unpack("!HH", rest[:4]) if data[9] in (TCP, UDP) else (0, 0)
    return Packet(source, target, data[9], (ports[0], ports[1]), rest[13] if data[9] == TCP else 0)
