"""The edge's TLS: what HAProxy is told of certificates, and by which ciphers it speaks."""

from lading.runtime.serving.edge_access import EdgeAccess
from lading.runtime.serving.edge_limits import EdgeLimits, milliseconds

CIPHERS = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
"""Those of TLS 1.2 with forward secrecy and authenticated encryption; every one of TLS 1.3 has both."""


def tls_globals(access: EdgeAccess) -> list[str]:
    """Lines for the section ``global``.

    A client that shows a certificate shows it on each connection: a session that could be resumed would outlive the
    authority that vouched for it.
    """
    if access.certificate is None:
        return []
    resumed = [] if access.authorities is None else ["tune.ssl.cachesize 0"]
    return [
        "ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
        f"ssl-default-bind-ciphers {CIPHERS}",
        *resumed,
    ]


def tls_lines(access: EdgeAccess, limits: EdgeLimits) -> list[str]:
    """Lines for a frontend: HAProxy 2.8 has one time for a handshake that stalls and for a reader that does."""
    if access.certificate is None:
        return []
    return [f"timeout client {milliseconds(min(limits.header_seconds, limits.stall_seconds))}"]


def tls_words(access: EdgeAccess, protocol: str) -> str:
    """What a ``bind`` line ends with; ``protocol`` is the one that clients may speak, as ALPN names it."""
    if access.certificate is None:
        return ""
    clients = "" if access.authorities is None else f" ca-file {access.authorities} verify required"
    return f" ssl crt {access.certificate} alpn {protocol}{clients}"
