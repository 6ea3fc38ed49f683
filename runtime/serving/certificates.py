"""Certificates: what a server shows its clients, and whose clients it lets in, read from PEM files and checked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from lading.core.errors import UsageError

PRIVATE = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)
MOST_BYTES = 1 << 20
MOST_PEM_BYTES = 48 * 1024
"""A certificate, its chain and its key must fit in one command to the edge."""


class CertificateFileError(UsageError):
    """A file does not hold the certificates, or the private key, that it should."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class ForeignKeyError(UsageError):
    """The private key is not that of the certificate."""

    def __init__(self, certificate: str, key: str, belongs: bool) -> None:
        super().__init__(certificate, key, belongs)
        self.certificate, self.key, self.belongs = certificate, key, belongs

    def __str__(self) -> str:
        if self.belongs:
            return (
                f"the first certificate in {self.certificate} is not that of the key in {self.key}, a later one is; "
                "put the server's own first, then those that vouch for it"
            )
        return f"the key in {self.key} is not that of the certificate in {self.certificate}; give the two of one pair"


class CertificateTimeError(UsageError):
    """A certificate is not valid at this time."""

    def __init__(self, path: str, subject: str, begins: str, ends: str) -> None:
        super().__init__(path, subject, begins, ends)
        self.path, self.subject, self.begins, self.ends = path, subject, begins, ends

    def __str__(self) -> str:
        return (
            f"the certificate of {self.subject!r} in {self.path} is valid from {self.begins} to {self.ends}, which is "
            "not now; renew it, or set the clock of this machine right"
        )


@dataclass(frozen=True)
class Certificate:
    """A certificate with those that vouch for it and its private key, as one text in PEM without an empty line."""

    pem: str
    ends: datetime
    """When it, or one that vouches for it, is no longer valid."""


def read_certificate(certificate: Path, key: Path | None) -> Certificate:
    """The certificate in one file with the private key in another, or in the same where ``key`` is none.

    Raises ``CertificateFileError``, ``ForeignKeyError``, ``CertificateTimeError``.
    """
    chain = _certificates(certificate)
    place = certificate if key is None else key
    private = _private_key(place)
    ours = _spelled(private.public_key())
    if (owners := [_spelled(found.public_key()) for found in chain])[0] != ours:
        raise ForeignKeyError(str(certificate), str(place), ours in owners)
    for found in chain:
        _refuse_untimely(found, certificate)
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    pem = _joined(chain) + secret
    if len(pem) > MOST_PEM_BYTES:
        raise CertificateFileError(str(certificate), f"with its key it is larger than {MOST_PEM_BYTES} bytes")
    return Certificate(pem, min(found.not_valid_after_utc for found in chain))


def read_authorities(path: Path) -> str:
    """The certificates in ``path`` of those who may vouch for clients, in PEM without an empty line.

    Raises ``CertificateFileError``, and ``CertificateTimeError`` when none of them is valid now.
    """
    found = _certificates(path)
    if not any(_timely(one) for one in found):
        _refuse_untimely(found[0], path)
    return _joined(list(dict.fromkeys(found)))


def certificate_ends(path: Path) -> float:
    """When the first of the certificates in ``path`` ends, in Unix time; raises ``CertificateFileError``."""
    return min(found.not_valid_after_utc for found in _certificates(path)).timestamp()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CertificateFileError(str(path), error.strerror or str(error)) from error
    if len(data) > MOST_BYTES:
        raise CertificateFileError(str(path), f"it is larger than {MOST_BYTES} bytes, which no such file is")
    return data


def _certificates(path: Path) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path))
    except ValueError as error:
        problem = "it holds no certificate in PEM, or a broken one; expected text with -----BEGIN CERTIFICATE-----"
        raise CertificateFileError(str(path), problem) from error


def _private_key(path: Path) -> PrivateKeyTypes:
    found = PRIVATE.search(_read(path))
    if found is None:
        problem = "it holds no private key in PEM; expected text with -----BEGIN PRIVATE KEY-----"
        raise CertificateFileError(str(path), problem)
    try:
        return load_pem_private_key(found[0], None)
    except TypeError as error:
        problem = "its private key is encrypted; `openssl pkey -in FILE -out NEW` writes it without a passphrase"
        raise CertificateFileError(str(path), problem) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateFileError(str(path), "its private key is broken, or of an unknown kind") from error


def _spelled(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _joined(certificates: Sequence[x509.Certificate]) -> str:
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in certificates)


def _timely(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc


def _refuse_untimely(certificate: x509.Certificate, path: Path) -> None:
    if not _timely(certificate):
        begins, ends = certificate.not_valid_before_utc.isoformat(), certificate.not_valid_after_utc.isoformat()
        raise CertificateTimeError(str(path), certificate.subject.rfc4514_string(), begins, ends)
