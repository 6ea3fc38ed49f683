"""Failures: what a replica leaves for its server."""

import os
from pathlib import Path

from lading.core.errors import IntegrityError
from lading.runtime.serving.errors import ReplicaError, ReplicaIntegrityError, replica_error
from lading.runtime.serving.failures import take_failures, write_failure


def test_failures_are_taken_once_with_the_exit_code_of_their_kind(base: Path) -> None:
    assert take_failures(base) == []
    write_failure(base, IntegrityError("row 3 differs"))
    write_failure(base, ZeroDivisionError())
    for age, path in enumerate(sorted((base / "failures").iterdir())):
        os.utime(path, (0, 9 - age))  # as a clock would have it that is coarse, or was set back
    first, second = take_failures(base)
    assert (first.message, first.exit_code) == ("row 3 differs", 4)
    assert (second.message, second.exit_code) == ("ZeroDivisionError", 1)
    assert isinstance(replica_error(first), ReplicaIntegrityError)
    assert isinstance(replica_error(second), ReplicaError)
    assert take_failures(base) == []
