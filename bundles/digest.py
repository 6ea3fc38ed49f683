"""The digest: ``sha256:`` and 64 hex digits, the name that bytes give themselves."""

import hashlib


def digest_of(data: bytes) -> str:
    """The digest of ``data``.

    >>> digest_of(b"")
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    """
    return digest_text(hashlib.sha256(data).hexdigest())


def digest_text(hexadecimal: str) -> str:
    """The digest whose SHA-256 is already known, as 64 lower-case hex digits."""
    return f"sha256:{hexadecimal}"
