"""Watching: what the server and this machine use while load is driven, about once a second, beside it."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import psutil

from lading.loadtests.conducting.server import Server, Usage
from lading.loadtests.measuring.step import MachineSample

EVERY_SECONDS = 1.0
MEMORY_EVERY = 5
"""Samples: the memory of many processes takes a while to sum up."""


class Watch:
    """Takes samples as long as its block runs."""

    def __init__(self, server: Server, generators: Sequence[int]) -> None:
        self.samples: list[MachineSample] = []
        self._server, self._generators = server, generators
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _take(self) -> None:
        begun = time.monotonic()
        before, taken = self._now(memory=False), begun
        number = 0
        while not self._over.wait(EVERY_SECONDS):
            now, at = self._now(memory=number % MEMORY_EVERY == 0), time.monotonic()
            self.samples.append(_sample(at - begun, at - taken, before, now))
            before, taken, number = now, at, number + 1

    def _now(self, memory: bool) -> tuple[Usage | None, float, float]:
        return self._server.usage(memory), _used(self._generators), _busy()


def _sample(
    at: float, seconds: float, before: tuple[Usage | None, float, float], now: tuple[Usage | None, float, float]
) -> MachineSample:
    server = None
    if before[0] is not None and now[0] is not None:
        server = max(0.0, now[0].cpu_seconds - before[0].cpu_seconds) / seconds
    return MachineSample(
        at=at,
        server_cpu=server,
        server_bytes=None if now[0] is None else now[0].bytes,
        generator_cpu=max(0.0, now[1] - before[1]) / seconds,
        machine_cpu=max(0.0, now[2] - before[2]) / seconds,
    )


def _used(pids: Sequence[int]) -> float:
    """The processor seconds of some processes."""
    total = 0.0
    for pid in pids:
        with suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            total += times.user + times.system
    return total


def _busy() -> float:
    """The processor seconds that anything on this machine has used."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))
