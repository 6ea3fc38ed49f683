"""The last call: listeners take no new connection, and whoever they took is let in before they close.

A listener that closes resets every connection that the kernel has made for it and that nobody has accepted yet. Its
client was connected and may have sent a request: it cannot know that nobody read it, as it would of a connection that
was refused.
"""

import asyncio
import ctypes
import os
import socket
import struct
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress

MOST_SECONDS = 1.0
"""How long is waited for somebody to accept what waits: an edge that has no place left takes longer, or never does."""
LOOK_SECONDS = 0.002

SO_ATTACH_FILTER = 26
DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)
"""A program of one instruction for the kernel's packet filter: return, and keep no byte (socket(7), bpf(4))."""
UNACCEPTED = struct.Struct("24xI")
"""Where ``tcp_info`` of a listener has how many connections wait to be accepted (``tcpi_unacked``, linux/tcp.h)."""


async def last_call(listeners: Iterable[int]) -> None:
    """Have the kernel take nobody at these descriptors, and wait until who it took was accepted, for ``MOST_SECONDS``.

    Who comes meanwhile hears nothing, asks again after a second (RFC 6298), and is refused then. Linux alone can do
    this; elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return
    with ExitStack() as opened:
        copies = [opened.enter_context(socket.socket(fileno=os.dup(one))) for one in listeners]
        with suppress(OSError):  # a system that has no such filter, or forbids it
            for one in copies:
                _take_nobody(one)
            await _let_in(copies)


def _take_nobody(listener: socket.socket) -> None:
    program = ctypes.create_string_buffer(DROP_ALL)
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program)))


async def _let_in(listeners: Sequence[socket.socket]) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + MOST_SECONDS
    while any(map(_waiting, listeners)) and loop.time() < end:
        await asyncio.sleep(LOOK_SECONDS)


def _waiting(listener: socket.socket) -> int:
    """How many connections wait to be accepted."""
    told = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, UNACCEPTED.size)
    return int(UNACCEPTED.unpack(told)[0])
