"""The slots: the sockets that replicas may listen on, as many as the edge knows of."""

import fcntl
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lading.core.errors import LadingError

SPARE = 2
"""Slots beyond those of a full replacement: for replicas that are dead but not yet cleared away."""


class NoFreeSlotError(LadingError):
    """Every slot is held by a living replica."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count

    def __str__(self) -> str:
        return f"all {self.count} slots are held by replicas that still run; it is tried again"


@dataclass(frozen=True)
class Slot:
    """A slot that this process holds; the kernel frees it when the process ends, however it ends."""

    path: Path
    lock: int

    def listen(self) -> socket.socket:
        """A socket that listens at the slot's path; what a dead replica left there gives way."""
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.path))
        listener.listen(2048)
        listener.setblocking(False)
        return listener

    def release(self) -> None:
        """Give the slot back."""
        self.path.unlink(missing_ok=True)
        os.close(self.lock)


def slot_count(replicas: int) -> int:
    """Slots for ``replicas``: all of them, all that replace them, and a few to spare."""
    return 2 * replicas + SPARE


def slot_paths(folder: Path, count: int) -> Sequence[Path]:
    """The paths of the slots' sockets in ``folder``."""
    return [folder / f"slot{index}.sock" for index in range(count)]


def grpc_path(path: Path) -> Path:
    """The path of the socket for gRPC, beside that of the slot's at ``path``."""
    return path.with_suffix(".grpc")


def claim_slot(folder: Path, count: int) -> Slot:
    """Claim the first free slot of ``folder``; raises ``NoFreeSlotError``."""
    for path in slot_paths(folder, count):
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return Slot(path, lock)
    raise NoFreeSlotError(count)
