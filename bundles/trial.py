"""The trial: a bundle loaded, and asked its golden rows, in a process of its own that may do nothing else.

What reads a graph and computes with it is native code, and a graph that somebody made for that may break it. Here that
ends a process that has a bound on its memory and its time, no network, no rights and no file to write to.
"""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from lading.bundles.records import Digest, Record
from lading.core.errors import IntegrityError
from lading.core.offspring import mortal
from lading.core.settings import LIMITS, Limits

LONGEST_REPORT = 1 << 16
START_SECONDS = 30.0
"""How long the process may take to start, besides what loading may take."""
KEPT_VARIABLES = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
"""What it is told of the environment, which may hold secrets."""

Bound = Literal["network", "user", "memory"]


class Order(Record):
    """What is to be tried."""

    path: str
    digest: Digest
    limits: Limits


class Report(Record):
    """What came of it."""

    problem: str | None = None
    """Why the bundle may not be served, where it may not."""
    missing: tuple[Bound, ...] = ()
    """What this system did not let the process be kept from."""


class TrialError(IntegrityError):
    """A bundle did not load, or did not answer as its golden rows say, in a process of its own."""

    def __init__(self, bundle: str, problem: str) -> None:
        super().__init__(bundle, problem)
        self.bundle, self.problem = bundle, problem

    def __str__(self) -> str:
        return f"{self.bundle} was tried in a process of its own and is not served: {self.problem}"


def try_bundle(path: Path, digest: str, limits: Limits = LIMITS) -> Report:
    """Try the bundle at ``path``, which must have that ``digest``; whatever becomes of the process, this one goes on.

    Raises ``TrialError``.
    """
    order = Order(path=str(path.absolute()), digest=digest, limits=Limits(**limits.model_dump(include=_LIMITS)))
    report = _run(order)
    if report.problem is not None:
        raise TrialError(str(path), report.problem)
    return report


_LIMITS = set(Limits.model_fields)


def _run(order: Order) -> Report:
    command = [sys.executable, "-P", "-m", "lading.bundles.trial_process", order.model_dump_json()]
    child = subprocess.Popen(  # noqa: S603 - our own module
        mortal(command, signal.SIGKILL),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
        start_new_session=True,
    )
    with child:
        try:
            said = _heard(child, time.monotonic() + START_SECONDS + order.limits.load_seconds)
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)  # before it is reaped, after which its number may be another's
    if said is None:
        return Report(problem=_late(order.limits))
    try:
        return Report.model_validate_json(said)
    except ValidationError:
        return Report(problem=_ended(child.returncode, order.limits))


def _heard(child: "subprocess.Popen[bytes]", deadline: float) -> bytes | None:
    """All that the process said until it ended, as far as a report goes; None where it did not end in time."""
    assert child.stdout is not None  # noqa: S101 - it is a pipe
    said = b""
    while len(said) <= LONGEST_REPORT:
        ready, _, _ = select.select([child.stdout], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        piece = os.read(child.stdout.fileno(), LONGEST_REPORT)
        if not piece:  # it ends, if it has not ended: what it ends by is decided before its files are closed
            break
        said += piece
    return said


def _late(limits: Limits) -> str:
    within = f"LADING_HANG_SECONDS ({limits.hang_seconds:g}) and LADING_LOAD_SECONDS ({limits.load_seconds:g})"
    return f"it did not load and answer in time; {within} give more"


def _ended(code: int | None, limits: Limits) -> str:
    """Why there is no report from a process that ended with ``code``."""
    if code in (-signal.SIGPROF, -signal.SIGXCPU):
        return _late(limits)
    if code is not None and code < 0:
        return f"it ended its process by {signal.Signals(-code).name}"
    return "its process ended without a report, as where there is too little memory; LADING_LOAD_BYTES gives more"
