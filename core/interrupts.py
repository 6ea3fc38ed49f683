"""Interrupts: Ctrl-C that is heeded, wherever in a command it falls."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def heeding() -> Iterator[Callable[[], None]]:
    """What it yields raises ``KeyboardInterrupt`` when there was one that got lost.

    As in a callback of the import system or of native code, where Python can but print what is raised. Who ignores
    interrupts, or hears them by a handler of its own, goes on doing so.
    """
    said = threading.Event()

    def hear(number: int, frame: FrameType | None) -> None:
        said.set()
        raise KeyboardInterrupt

    def heed() -> None:
        if said.is_set():
            raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield heed
        return
    signal.signal(signal.SIGINT, hear)
    try:
        yield heed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
