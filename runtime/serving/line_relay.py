"""The line relay: lines on their way to standard error, which nobody who writes them ever waits for."""

import fcntl
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

PIPE_BYTES = 1 << 20
"""How much may wait to be read; what does not fit is dropped by who writes it, and counted."""
WHOLE_BYTES = 4096
"""What goes into a pipe in one piece or not at all, on Linux; lines of two writers do not mix below it."""
PATIENCE_SECONDS = 1.0


class LineRelay:
    """A pipe whose lines a thread writes to ``target``, as ``rewrite`` has each, however slowly that is read.

    Another process that inherits ``descriptor`` may write lines there too; it must not wait either.
    """

    def __init__(self, target: int, rewrite: Callable[[bytes], bytes] | None = None) -> None:
        self.dropped = 0
        """Lines that did not fit, of those that this process wrote."""
        self._target, self._rewrite = target, rewrite
        self._read, self.descriptor = os.pipe()
        os.set_blocking(self.descriptor, False)
        if sys.platform == "linux":
            with suppress(OSError):  # a system that allows less leaves the pipe as it is
                fcntl.fcntl(self.descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._thread = threading.Thread(target=self._relay, daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Send a line, or several."""
        data = text.encode(errors="replace") + b"\n"
        try:
            for start in range(0, len(data), WHOLE_BYTES):
                os.write(self.descriptor, data[start : start + WHOLE_BYTES])
        except BlockingIOError:
            self.dropped += 1

    def close(self) -> None:
        """Write what is there, unless nobody reads it; whoever inherited the descriptor must have ended."""
        os.close(self.descriptor)
        self._thread.join(PATIENCE_SECONDS)

    def _relay(self) -> None:
        with os.fdopen(self._read, "rb", buffering=0) as pipe:
            kept = b""
            while piece := pipe.read(PIPE_BYTES):
                kept += piece
                start = 0
                while end := kept.rfind(b"\n", start, start + WHOLE_BYTES) + 1 or kept.find(b"\n", start) + 1:
                    self._put(kept[start:end])
                    start = end
                kept = kept[start:]
            self._put(kept)

    def _put(self, lines: bytes) -> None:
        if self._rewrite is not None:
            lines = b"".join(map(self._rewrite, lines.splitlines(keepends=True)))
        with suppress(OSError):  # nobody will ever read it again
            while lines:
                lines = lines[os.write(self._target, lines) :]
