"""The edge's access: which of the files that say who may ask, and over what, HAProxy has; as plain data."""

from dataclasses import dataclass
from pathlib import Path

from lading.core.settings import Settings


@dataclass(frozen=True)
class EdgeAccess:
    """Files of the run folder that HAProxy reads when it starts; none where the settings do not ask for it."""

    keys: Path | None = None
    """A map from the hash of each API key to its name and rate."""
    certificate: Path | None = None
    """The server's certificate, those that vouch for it, and its private key."""
    authorities: Path | None = None
    """The certificates of those who may vouch for a client."""
    counted: bool = False
    """Whether requests are counted: for the rates of keys, or for metrics."""


OPEN = EdgeAccess()
"""Whoever reaches the edge may ask, and read along."""


def edge_access(settings: Settings, folder: Path) -> EdgeAccess:
    """The files that the settings ask for, in the run folder ``folder``; they are yet to be written."""
    return EdgeAccess(
        keys=None if settings.keys_file is None else folder / "keys.map",
        certificate=None if settings.tls_certificate is None else folder / "certificate.pem",
        authorities=None if settings.tls_client_ca is None else folder / "authorities.pem",
        counted=any(found is not None for found in (settings.keys_file, settings.metrics_port, settings.state_folder)),
    )
