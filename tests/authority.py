"""Authorities: who vouches for the certificates that tests of TLS need."""

import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """One who vouches for certificates, and what it vouched for, as files in ``folder``."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = folder / f"{name}.crt"
        self._write(self.certificate, self._sign(self._key, self._name, (-1, 30), ca=True))

    def vouch(self, name: str, days: tuple[float, float] = (-1, 30)) -> tuple[Path, Path]:
        """A certificate for ``name``, valid from and to these days from now, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        stem = f"{name.split()[0]}-{secrets.token_hex(4)}"
        certificate, private = self._folder / f"{stem}.crt", self._folder / f"{stem}.key"
        self._write(certificate, self._sign(key, subject, days, ca=False))
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, private

    def _write(self, path: Path, certificate: x509.Certificate) -> None:
        path.write_bytes(certificate.public_bytes(Encoding.PEM))

    def _sign(
        self, key: ec.EllipticCurvePrivateKey, subject: x509.Name, days: tuple[float, float], *, ca: bool
    ) -> x509.Certificate:
        begins, ends = (datetime.now(UTC) + timedelta(days=day) for day in days)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())
