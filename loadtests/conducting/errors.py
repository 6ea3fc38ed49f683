"""What keeps a load test from beginning, or from ending."""

from lading.core.errors import ConflictError, LadingError, UsageError


class NotReachableError(UsageError):
    """Nobody answers at the address."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url, self.reason = url, reason

    def __str__(self) -> str:
        return f"no server answers at {self.url}: {self.reason}; start it, or give the address that it listens at"


class NotReadyError(LadingError):
    """The server answers, but the model does not yet."""

    def __init__(self, url: str, deployment: str, found: str) -> None:
        super().__init__(url, deployment, found)
        self.url, self.deployment, self.found = url, deployment, found

    def __str__(self) -> str:
        return (
            f"{self.url} is not ready to answer for {self.deployment!r}: {self.found}; wait until "
            f"{self.url}/v2/models/{self.deployment}/ready answers 200, or name the deployment with --name"
        )


class LockedError(UsageError):
    """The server asks for an API key."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url

    def __str__(self) -> str:
        return f"{self.url} answers none but those with an API key; name the file that holds one with --api-key"


class OtherBundleError(ConflictError):
    """The server serves another bundle than the one that is to be tested."""

    def __init__(self, url: str, deployment: str, found: str, expected: str) -> None:
        super().__init__(url, deployment, found, expected)
        self.url, self.deployment, self.found, self.expected = url, deployment, found, expected

    def __str__(self) -> str:
        return (
            f"{self.url} serves {self.found} as {self.deployment!r}, and not {self.expected}, which was named; "
            "name the bundle that it serves with --bundle, or deploy the other"
        )


class NoBundleError(UsageError):
    """An address alone does not say what to ask there."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url

    def __str__(self) -> str:
        return f"what {self.url} serves was not named: its rows and answers come from its bundle; add --bundle FILE"


class ServerStartError(LadingError):
    """The server that a load test needs did not become ready."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(what, reason)
        self.what, self.reason = what, reason

    def __str__(self) -> str:
        return f"{self.what} did not become ready: {self.reason}"
