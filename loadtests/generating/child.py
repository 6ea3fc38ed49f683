"""The child: one process of a crew as its parent has it."""

import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO, cast

from lading.loadtests.generating.messages import REPORT, Begin, Done, Failed, Part, Ready, Seconds, Stop, line

PATIENCE = 5.0
"""Seconds that a process has to leave by itself before it is killed."""
READ_BYTES = 1 << 20
TOLD_BYTES = 2000
"""Of what a process wrote to its standard error before it died."""

UNPATCHED = {"LOCUST_SKIP_MONKEY_PATCH": "1"}
"""Nothing in the process waits but by gevent's own means, so that Python's need not be replaced."""

Report = Ready | Seconds | Done | Failed


class Child:
    """A process that generates load. It has its own session, so that a Ctrl-C in the terminal does not reach it."""

    def __init__(self, part: Part) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed in end
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-m", "lading.loadtests.generating.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
            env={**os.environ, **UNPATCHED},
            bufsize=0,
        )
        self._orders = cast(IO[bytes], self._process.stdin)
        self._answers = cast(IO[bytes], self._process.stdout)
        self._rest = b""
        self._tell(line(part))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def tell(self, order: Begin | Stop) -> None:
        """Tell it what to do; one that has gone says so when its reports are read."""
        self._tell(line(order))

    def reports(self) -> list[Report]:
        """What it has said since; a failure where it has gone without a word."""
        data = os.read(self.fileno(), READ_BYTES)
        if not data:
            return [Failed(problem=self._last_words())]
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [REPORT.validate_json(one) for one in lines]

    def fileno(self) -> int:
        """Where its reports come from."""
        return self._answers.fileno()

    def leave(self) -> None:
        """Say that there is nothing more to do."""
        with suppress(OSError):
            self._orders.close()

    def end(self) -> None:
        """Wait until it has gone, and kill it where it does not go."""
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._process.kill()
            self._process.wait()
            self._answers.close()
            self._errors.close()

    def _tell(self, message: bytes) -> None:
        with suppress(OSError):
            self._orders.write(message)

    def _last_words(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        words = self._errors.read()[-TOLD_BYTES:].decode(errors="replace").strip()
        return f"a process of it ended with exit code {code}" + (f": {words}" if words else "")


def children_reports(children: Sequence[Child]) -> Iterator[tuple[Child, Report]]:
    """What the children say, as they say it, without an end."""
    with selectors.DefaultSelector() as selector:
        for child in children:
            selector.register(child, selectors.EVENT_READ, child)
        while True:
            for key, _ in selector.select():
                for report in key.data.reports():
                    yield key.data, report
