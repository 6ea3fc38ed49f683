"""The watch: a thread that stops inferences whose time is up, and notices those that cannot be stopped."""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lading.bundles.session import give_back, run_options
from lading.runtime.errors import DeadlineError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

LOOK_SECONDS = 0.05
GRACE_SECONDS = 2.0
"""How long a run may go on, after its deadline and after it was told to stop, before it counts as one that cannot be."""


class Run:
    """One inference, which any thread can stop.

    ``seconds`` is what the client is told when it is too long; ``deadline`` is on the clock of ``time.monotonic``.
    """

    __slots__ = ("_options", "_watch", "began", "deadline", "ended", "limit", "seconds", "stopped", "told")

    def __init__(self, watch: "Watch", seconds: float) -> None:
        self._watch, self.stopped, self.told = watch, False, math.inf
        self._options = run_options()
        self._start(time.monotonic(), seconds)

    def renew(self, seconds: float) -> bool:
        """Have it be a fresh one, which costs less than another; False once it was stopped, or might still be.

        Whoever stops it for being late has seen a time beyond its deadline: as long as that has not come, nobody has.
        """
        now = time.monotonic()
        if self.stopped or now > self.deadline:
            return False
        self._start(now, seconds)
        return True

    def _start(self, now: float, seconds: float) -> None:
        self.seconds = seconds
        self.deadline = self.limit = now + seconds
        self.began = self.ended = 0
        """When ONNX Runtime was called and when it returned, by ``time.perf_counter_ns``; 0 before."""

    def lower(self, seconds: float | None) -> None:
        """Have it end in ``seconds`` from now, where that is earlier."""
        if seconds is not None and (deadline := time.monotonic() + seconds) < self.deadline:
            self.seconds, self.deadline = seconds, deadline

    def remaining(self) -> float:
        """Seconds until the deadline, at least 0."""
        return max(0.0, self.deadline - time.monotonic())

    def give_back(self) -> None:
        """Have ONNX Runtime keep nothing of the memory that it takes for this inference, which is a large one."""
        give_back(self._options)

    def stop(self) -> None:
        """Have ONNX Runtime return from it as soon as it can, and never begin it if it has not begun."""
        self.stopped, self.told = True, time.monotonic()
        self._options.terminate = True

    def over(self, session: "InferenceSession", names: Sequence[str], feeds: Mapping[str, Any]) -> Sequence[Any]:
        """The outputs ``names`` of ``session`` for ``feeds``; raises ``DeadlineError`` when it is stopped before."""
        if self.stopped or time.monotonic() > self.deadline:
            raise DeadlineError(self.seconds)
        self._watch.running.add(self)
        self.began = time.perf_counter_ns()
        try:
            found: Sequence[Any] = session.run(names, feeds, self._options)
        except Exception:
            if self.stopped:
                raise DeadlineError(self.seconds) from None
            raise
        finally:
            self.ended = time.perf_counter_ns()
            self._watch.running.discard(self)
        return found


class Watch:
    """Looks after the runs of a process.

    ``hung`` is called, in the watch's own thread, for a run that was told to stop and did not end ``GRACE_SECONDS`` after
    that, nor after its limit. A process that stood still when the deadline came has not been told before it goes on.
    """

    def __init__(self, hung: Callable[[Run], None] | None = None) -> None:
        self.running: set[Run] = set()
        self._hung = hung
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def begin(self, seconds: float = math.inf) -> Run:
        """A run that has ``seconds`` from now on, waiting included."""
        if self._thread is None:
            self._start()
        return Run(self, seconds)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_on, name="lading-watch", daemon=True)
                self._thread.start()

    def _look_on(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Stop the runs whose time is up, and say which of those that were told to stop go on."""
        now = time.monotonic()
        for run in tuple(self.running):  # made in one step, while other threads add and discard
            if now > run.deadline and not run.stopped:
                run.stop()
            patience = max(run.limit, run.told) + GRACE_SECONDS
            if now > patience and run in self.running and self._hung is not None:
                self._hung(run)
