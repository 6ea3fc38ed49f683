"""Keys: pairs of Ed25519 or ECDSA P-256 in PEM, and the ids that people and envelopes call them by."""

import hashlib
import os
from pathlib import Path
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, SSlibKey

from lading.bundles.signing.passphrase import AskPassphrase
from lading.core.errors import UsageError

Algorithm = Literal["ed25519", "ecdsa-p256"]
PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

LARGEST = 64 << 10
"""Bytes of a key's file."""


class KeyFormatError(UsageError):
    """What should be a key is none, or is one of another kind."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(where, problem)
        self.where, self.problem = where, problem

    def __str__(self) -> str:
        return (
            f"{self.where} {self.problem}; give a key of Ed25519 or ECDSA P-256 in PEM, as `lading keygen` makes them"
        )


class ReadableKeyError(UsageError):
    """A private key lies where others can read it."""

    def __init__(self, path: str, mode: str) -> None:
        super().__init__(path, mode)
        self.path, self.mode = path, mode

    def __str__(self) -> str:
        return (
            f"others can read the private key {self.path} (mode {self.mode}), so it is not used; whoever could read it "
            f"may have it: make another one, or close this one with `chmod 600 {self.path}`"
        )


def new_key(algorithm: Algorithm) -> PrivateKey:
    """A fresh private key."""
    return Ed25519PrivateKey.generate() if algorithm == "ed25519" else generate_private_key(SECP256R1())


def private_pem(key: PrivateKey, passphrase: bytes | None) -> bytes:
    """A private key as PKCS #8 in PEM, encrypted where there is a ``passphrase``."""
    encryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def public_pem(key: PublicKey) -> bytes:
    """A public key as SubjectPublicKeyInfo in PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def key_id(key: PublicKey) -> str:
    """The SHA-256 of the key's SubjectPublicKeyInfo in DER, as 64 hex digits: OpenSSL can tell it, too."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def verifier(key: PublicKey) -> SSlibKey:
    """What verifies signatures by ``key``; the algorithm is the key's, whatever an envelope says."""
    return SSlibKey.from_crypto(key, key_id(key))


def signer_of(pem: bytes, where: str, ask: AskPassphrase) -> CryptoSigner:
    """What signs with the private key in ``pem``; ``ask`` is called for its passphrase, if it has one.

    Raises ``KeyFormatError``, which calls it ``where``, and what ``ask`` does.
    """
    try:
        try:
            key = load_pem_private_key(pem, None)
        except TypeError:  # it is encrypted
            key = load_pem_private_key(pem, ask(where))
    except (ValueError, UnsupportedAlgorithm) as error:
        encrypted = b"ENCRYPTED" in pem
        problem = "cannot be opened with that passphrase" if encrypted else "is not a private key in PEM"
        raise KeyFormatError(where, problem) from error
    if not isinstance(key, PrivateKey) or not _is_known(key.public_key()):
        raise KeyFormatError(where, "is a private key of another kind")
    return CryptoSigner(key, verifier(key.public_key()))


def read_public(pem: bytes, where: str) -> PublicKey:
    """The public key in ``pem``; raises ``KeyFormatError``, which calls it ``where``."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFormatError(where, "is not a public key in PEM") from error
    if not isinstance(key, PublicKey) or not _is_known(key):
        raise KeyFormatError(where, "is a public key of another kind")
    return key


def key_bytes(path: Path, *, private: bool) -> bytes:
    """What a key's file holds. Raises ``KeyFormatError``, and ``ReadableKeyError`` for a ``private`` one open to others."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if private and mode & 0o077:
                raise ReadableKeyError(str(path), f"{mode & 0o777:04o}")
            return file.read(LARGEST)
    except OSError as error:
        raise KeyFormatError(str(path), f"cannot be read: {error.strerror or error}") from error


def _is_known(key: object) -> bool:
    return not isinstance(key, EllipticCurvePublicKey) or isinstance(key.curve, SECP256R1)
