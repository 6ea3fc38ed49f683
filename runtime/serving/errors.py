"""Errors that keep a server from starting."""

from lading.core.errors import IntegrityError, LadingError, PolicyError
from lading.runtime.serving.failures import Failure


class ReplicaError(LadingError):
    """No replica gets ready."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class ReplicaIntegrityError(IntegrityError):
    """A bundle does not answer, on this machine, as its record says."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class ReplicaPolicyError(PolicyError):
    """A bundle does not bring what the policy asks for."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class StartTimeoutError(LadingError):
    """The server did not become ready in time."""

    def __init__(self, seconds: float, found: int, wanted: int) -> None:
        super().__init__(seconds, found, wanted)
        self.seconds, self.found, self.wanted = seconds, found, wanted

    def __str__(self) -> str:
        return (
            f"after {self.seconds:g} s {self.found} of {self.wanted} replicas answer; LADING_START_SECONDS gives more "
            "time, --replicas asks for fewer"
        )


def replica_error(failure: Failure) -> LadingError:
    """The error with the exit code that the replica's own would have had."""
    if failure.exit_code == IntegrityError.exit_code:
        return ReplicaIntegrityError(failure.message)
    if failure.exit_code == PolicyError.exit_code:
        return ReplicaPolicyError(failure.message)
    return ReplicaError(failure.message)
