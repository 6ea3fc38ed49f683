"""The endpoint: where the model that is tested answers, and what a client needs to be let in."""

import ssl
from pathlib import Path

from lading.bundles.records import Record
from lading.core.errors import UsageError


class UnreadableFileError(UsageError):
    """The file of a key or of authorities cannot be read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path} cannot be read: {self.reason}"


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class Endpoint(Record):
    """One deployment of one server."""

    url: str
    """The server's address, ``http://127.0.0.1:8080``, without a path."""
    deployment: str
    """The name that the model answers to."""
    key_file: Path | None = None
    """The file that holds the API key, where the server asks for one."""
    authorities: Path | None = None
    """Certificates in PEM of those who vouch for the server; the system's own when None."""

    def key(self) -> str | None:
        """The API key, None where there is none; raises ``UnreadableFileError``."""
        if self.key_file is None:
            return None
        try:
            return self.key_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableFileError(str(self.key_file), _reason(error)) from error

    def check_authorities(self) -> None:
        """See that they can be read and vouch for somebody; raises ``UnreadableFileError``."""
        if self.authorities is None:
            return
        try:
            ssl.create_default_context(cafile=str(self.authorities))
        except OSError as error:  # of the file, or of what it holds
            raise UnreadableFileError(str(self.authorities), _reason(error)) from error
