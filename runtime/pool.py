"""The pool: the threads in which one model's longer work is done, and how long one would wait for them."""

import asyncio
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from lading.runtime.errors import OverloadedError

THREADS = 2
NICENESS = 4
"""By how much they give way to the event loop; Ray has its workers at 15 of 19 already."""
WEIGHT = 0.2
"""How much the latest piece of work counts in the pace."""

Result = TypeVar("Result")


class Pool:
    """Threads, and a line before them that is as long as ``queue_seconds`` allows. Used by one event loop."""

    def __init__(self, name: str, queue_seconds: float = math.inf) -> None:
        self.pace = 0.0
        """Seconds between two pieces of work that end, while there is work: a running mean."""
        self._pending = 0
        self._since = 0.0
        """Since when the piece of work that ends next has been in work, or the one before it ended."""
        self._queue_seconds = queue_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"lading-{name}", initializer=give_way)

    def submit(self, work: Callable[[], Result]) -> "asyncio.Future[Result]":
        """The result of ``work``, while the event loop goes on.

        Raises ``OverloadedError`` when at the present pace its turn would come too late.
        """
        wait = self._pending * self.pace
        if self._pending >= THREADS and wait > self._queue_seconds:
            raise OverloadedError(wait, self._queue_seconds)
        if self._pending == 0:
            self._since = time.monotonic()
        self._pending += 1
        job = asyncio.get_running_loop().run_in_executor(self._threads, work)
        job.add_done_callback(self._ended)
        return job

    def _ended(self, job: "asyncio.Future[Any]") -> None:
        self._pending -= 1
        if not job.cancelled():  # what was given up says nothing about the pace
            now = time.monotonic()
            self.pace += WEIGHT * (now - self._since - self.pace)
            self._since = now


def give_way() -> None:
    """Have the event loop, which never has more than a moment's work, run before the calling thread."""
    if sys.platform == "linux":  # elsewhere it is all threads of a process that are nice
        own = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, own, os.getpriority(os.PRIO_PROCESS, own) + NICENESS)
