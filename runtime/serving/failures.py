"""Failures: why a replica could not get ready, written where the server that waits for it looks."""

import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path

from lading.bundles.records import Record
from lading.core.errors import LadingError
from lading.runtime.serving.whole_file import put_whole

FOLDER = "failures"
_COUNT = itertools.count()


class Failure(Record):
    """Why a replica could not get ready, and the exit code that this kind of error ends a command with."""

    message: str
    kind: str
    exit_code: int


def write_failure(folder: Path, error: Exception) -> None:
    """Leave ``error`` in the run folder ``folder`` for the server; the file appears whole or not at all."""
    failure = failure_of(error)
    place = folder / FOLDER
    place.mkdir(mode=0o700, exist_ok=True)
    name = f"{time.time_ns():020}-{os.getpid()}-{next(_COUNT):06}.json"
    put_whole(place / name, failure.model_dump_json().encode())


def failure_of(error: Exception) -> Failure:
    """What ``error`` says, as the server hears it."""
    exit_code = error.exit_code if isinstance(error, LadingError) else 1
    kind = type(error).__name__
    return Failure(message=str(error) or kind, kind=kind, exit_code=exit_code)


def take_failures(folder: Path) -> Sequence[Failure]:
    """The failures that were left in the run folder ``folder`` since the last call, the oldest first."""
    found = []
    for path in sorted((folder / FOLDER).glob("*.json")):  # their names begin with when they were written
        found.append(Failure.model_validate_json(path.read_text()))
        path.unlink()
    return found
