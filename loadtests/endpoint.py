"""The endpoint: where the model that is tested answers, and what a client needs to be let in."""

from pathlib import Path

from lading.bundles.records import Record


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
